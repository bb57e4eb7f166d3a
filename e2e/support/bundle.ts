/** Modules of the project in a page without the rest of it: for what only a browser has, such as IndexedDB. */
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { build } from 'vite';
import { repository } from './images.ts';
import { serveIsolated } from './isolated-page.ts';

const bundles = new Map<string, Promise<string>>();

/** The text of one JavaScript module with all that `entry` (a path in the repository) imports, now or later. */
export function bundle(entry: string): Promise<string> {
  let text = bundles.get(entry);
  if (!text) {
    text = build({
      configFile: false,
      logLevel: 'warn',
      root: repository,
      // Libraries for bundlers ask for it.
      define: { 'process.env.NODE_ENV': '"production"' },
      build: {
        write: false,
        minify: false,
        target: 'es2024',
        lib: { entry: join(repository, entry), formats: ['es'] },
        rolldownOptions: { output: { codeSplitting: false } },
      },
    }).then((result) => {
      const [output] = Array.isArray(result) ? result : [result];
      if (!('output' in output)) throw new Error('Vite made no bundle');
      return output.output[0].code;
    });
    bundles.set(entry, text);
  }
  return text;
}

/**
 * Opens an empty page of the site at `url`, isolated as the site is, that has `entry` as `window[name]`.
 * @param url ends in a slash
 */
export async function openModulePage(page: Page, url: string, entry: string, name: string): Promise<void> {
  const body = await bundle(entry);
  await page.route(`${url}module.js`, (route) => route.fulfill({ contentType: 'text/javascript', body }));
  await serveIsolated(page, `${url}module.html`, '<title>Module</title>');
  await page.goto(`${url}module.html`);
  await page.addScriptTag({ type: 'module', content: `window.${name} = await import('./module.js')` });
  await page.waitForFunction((property) => property in window, name);
}
