import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeName, encodeName, hasByteEscapes } from '../core/byte-names.ts';
import { HostError } from './chromium.ts';
import { packageRoot } from './guest-files.ts';
import { hostPath } from './host-path.ts';
import { type StaticRoot, startServer } from './static-server.ts';

/** The built site on a local port, and files of this host under addresses that only this process knows. */
export interface SiteServer {
  /** Without a trailing slash. */
  readonly url: string;
  /** Makes a file fetchable by the site's pages; returns its URL. A file that was changed meanwhile gets another one. */
  serveFile(path: string): string;
  /** As `serveFile`, and the pages may write to it too. */
  serveWritableFile(path: string): string;
  close(): Promise<void>;
}

/** The folder of the built site. @throws HostError if it is not built */
export function siteFolder(): string {
  const site = join(packageRoot, 'build/site');
  if (existsSync(join(site, 'runner.html'))) return site;
  throw new HostError('the page is not built yet; build it with: npm run build');
}

/** @throws HostError if the site is not built */
export async function startSiteServer(): Promise<SiteServer> {
  const site = siteFolder();
  const roots: StaticRoot[] = [{ prefix: '/', dir: site }];
  const served = new Map<string, string>();
  const server = await startServer({ roots });
  const origin = server.url.replace(/\/$/, '');
  const serve = (path: string, writable: boolean): string => {
    // The server follows no link out of a root, so the root is where the file really is.
    const file = decodeName(realpathSync.native(hostPath(path), { encoding: 'buffer' }));
    const { mtimeMs, size } = statSync(hostPath(file));
    const key = writable ? file : `${mtimeMs}:${size}:${file}`;
    let url = served.get(key);
    if (url === undefined) {
      // Other users of this computer reach the port too, but cannot guess 128 bits.
      const prefix = `/${randomBytes(16).toString('hex')}/`;
      // An address has no room for bytes that are no UTF-8.
      const name = basename(file).toWellFormed();
      const only = hasByteEscapes(file) && { name, file: Buffer.from(encodeName(file)) };
      roots.push({ prefix, dir: dirname(file), ...(writable && { writable: name }), ...(only && { only }) });
      url = `${origin}${prefix}${encodeURIComponent(name)}`;
      served.set(key, url);
    }
    return url;
  };
  return {
    url: origin,
    serveFile: (path) => serve(path, false),
    serveWritableFile: (path) => serve(path, true),
    close: () => server.close(),
  };
}
