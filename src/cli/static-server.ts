/**
 * A small HTTP server for built files: the site and the guest images, with the headers that make a page
 * cross-origin isolated (WHATWG HTML, "Cross-origin opener policies" and "embedder policies"), without which a browser
 * gives it no SharedArrayBuffer. Byte ranges follow RFC 9110, section 14; a request for several ranges gets the whole file.
 */
import { createReadStream, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';

/** Files below `dir` are served below the URL path `prefix`, which starts and ends with a slash. */
export interface StaticRoot {
  prefix: string;
  dir: string;
  /** The one file of it whose bytes a PUT with Content-Range may change, and its length. */
  writable?: string;
  /** The one file that is served, by this name instead of its own, which is no text. */
  only?: { name: string; file: Buffer };
}

export interface StaticServerOptions {
  /** The longest prefix that fits a request wins. Roots that are added later are served too. */
  roots: StaticRoot[];
  /** 0 or nothing: any free port. An array: the first that is free. */
  port?: number | number[];
  /** Default 127.0.0.1. Browsers isolate plain-HTTP pages only on the local host. */
  host?: string;
}

export interface StaticServer {
  /** With a trailing slash, for example http://127.0.0.1:8080/. */
  url: string;
  port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

export const ISOLATION_HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Vite names files in assets/ after their content, so that they never change. */
const IMMUTABLE = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;

/** An inclusive range of bytes. */
interface ByteRange {
  first: number;
  last: number;
}

/** Reads a Range header: the range, `undefined` to send the whole file, or 'unsatisfiable' (status 416). */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = header?.match(/^bytes=(\d*)-(\d*)$/);
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, from, to] = match;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length > 0 ? { first: size - length, last: size - 1 } : 'unsatisfiable';
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first < size ? { first, last } : 'unsatisfiable';
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
  response.end(`${text}\n`);
}

/** The file that a URL path names, or undefined if there is none below the roots. A folder means its index.html. */
async function findFile(
  roots: StaticRoot[],
  path: string,
): Promise<{ file: string | Buffer; stats: Stats; writable: boolean } | undefined> {
  for (const { prefix, dir, writable, only } of roots) {
    if (!path.startsWith(prefix)) continue;
    try {
      if (only) {
        if (path !== prefix + only.name) continue;
        return { file: only.file, stats: await stat(only.file), writable: path === prefix + writable };
      }
      let file = join(dir, path.slice(prefix.length));
      let stats = await stat(file);
      if (stats.isDirectory()) {
        if (!path.endsWith('/')) continue;
        file = join(file, 'index.html');
        stats = await stat(file);
      }
      // Links are followed only inside the root.
      const inside = (await realpath(file)).startsWith((await realpath(dir)) + sep);
      if (inside && stats.isFile()) return { file, stats, writable: path === prefix + writable };
    } catch {
      // Not in this root.
    }
  }
  return undefined;
}

/** A request handler for the roots, also usable as a middleware: what is not found is left to `next` if there is one. */
export function createHandler(
  roots: StaticRoot[],
): (request: IncomingMessage, response: ServerResponse, next?: () => void) => Promise<void> {
  return async (request, response, next) => {
    for (const [name, value] of Object.entries(ISOLATION_HEADERS)) response.setHeader(name, value);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    let path: string;
    try {
      path = decodeURIComponent((request.url ?? '/').replace(/[?#].*$/s, ''));
    } catch {
      return send(response, 400, 'The address is not valid.');
    }
    if (path.includes('\0') || path.split(/[/\\]/).includes('..')) {
      return send(response, 400, 'The address is not valid.');
    }
    const sorted = [...roots].sort((a, b) => b.prefix.length - a.prefix.length);
    const found = await findFile(sorted, path);
    if (!found) return next ? next() : send(response, 404, `There is nothing at ${path}`);
    if (request.method === 'PUT' && found.writable)
      return writeRange(request, response, found.file, found.stats);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, 405, 'Only GET and HEAD.', { Allow: 'GET, HEAD' });
    }
    sendFile(request, response, path, found.file, found.stats);
  };
}

/**
 * Puts the body of a PUT into a file, where its Content-Range says (RFC 9110, section 14.5). A range that is an asterisk gives the
 * file the length that follows it, and is answered when the disk has all that was written before.
 */
async function writeRange(
  request: IncomingMessage,
  response: ServerResponse,
  file: string | Buffer,
  stats: Stats,
): Promise<void> {
  const range = request.headers['content-range'];
  const length = range?.match(/^bytes \*\/(\d+)$/)?.[1];
  if (length !== undefined) {
    request.resume();
    return change(response, file, async (handle) => {
      if (Number(length) !== stats.size) await handle.truncate(Number(length));
      await handle.datasync();
    });
  }
  const match = range?.match(/^bytes (\d+)-(\d+)\/(\d+)$/);
  const [first, last, size] = (match?.slice(1) ?? []).map(Number);
  if (!match || size !== stats.size || first > last || last >= size) {
    request.resume();
    return send(response, 416, 'The range does not lie in the file.', {
      'Content-Range': `bytes */${stats.size}`,
    });
  }
  const body = await buffer(request);
  if (body.length !== last - first + 1) return send(response, 400, 'The body does not fill its range.');
  return change(response, file, (handle) => writeAll(handle, body, first));
}

/** Writes all of `bytes`: one write may take only some of them, on a disk that is nearly full for example. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}

const NO_ROOM: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

async function change(
  response: ServerResponse,
  file: string | Buffer,
  how: (handle: FileHandle) => Promise<unknown>,
): Promise<void> {
  try {
    const handle = await open(file, 'r+');
    try {
      await how(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const full = NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '');
    return send(response, full ? 507 : 500, 'The file was not written.');
  }
  response.writeHead(204).end();
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  file: string | Buffer,
  stats: Stats,
): void {
  const etag = `"${stats.size.toString(16)}-${Math.trunc(stats.mtimeMs).toString(16)}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  const name = typeof file === 'string' ? file : path;
  response.setHeader('Content-Type', MIME_TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream');
  response.setHeader(
    'Cache-Control',
    IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
  );
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const wanted = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
  const range = parseRange(wanted, stats.size);
  if (range === 'unsatisfiable') {
    send(response, 416, 'The range lies outside the file.', { 'Content-Range': `bytes */${stats.size}` });
    return;
  }
  const { first, last } = range ?? { first: 0, last: stats.size - 1 };
  response.setHeader('Content-Length', last - first + 1);
  if (range) response.setHeader('Content-Range', `bytes ${first}-${last}/${stats.size}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD' || last < first) {
    response.end();
    return;
  }
  const stream = createReadStream(file, { start: first, end: last });
  // A file that shrinks or vanishes meanwhile: the connection is cut, so that the client sees a short body.
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Starts a server. Rejects with the error of the last port tried, for example code EADDRINUSE. */
export async function startServer(options: StaticServerOptions): Promise<StaticServer> {
  const { roots, port = 0, host = '127.0.0.1' } = options;
  const handle = createHandler(roots);
  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else send(response, 500, 'The server failed on this request.');
    });
  });
  const ports = Array.isArray(port) ? port : [port];
  for (const [index, candidate] of ports.entries()) {
    try {
      await listen(server, candidate, host);
      break;
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || index === ports.length - 1) throw error;
    }
  }
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/`,
    port: address.port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
