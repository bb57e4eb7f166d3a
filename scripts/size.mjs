// Measures build/site against the page's budget: JavaScript and Wasm without xterm.js, gzipped.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { main, SetupError, say } from './lib/console.mjs';
import { buildDir, listFiles, shown } from './lib/project.mjs';

/** Bytes, over all files of the site that the budget counts. */
const BUDGET = 400_000;

const counts = (path) => /\.(js|mjs|wasm)$/.test(path);
const isXterm = (path) => /\/xterm-[^/]*$/.test(path);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

await main(() => {
  const site = join(buildDir, 'site');
  if (!existsSync(site)) throw new SetupError('build/site is not there: run "npm run build"');
  const files = listFiles([shown(site)], counts, []).map((path) => {
    const bytes = readFileSync(path);
    return { path: shown(path), size: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
  });
  const core = files.some(({ path }) => path.endsWith('.wasm'));
  if (!core) throw new SetupError('build/site has no .wasm file, so the measure would mean nothing');
  const budgeted = files.filter(({ path }) => !isXterm(path));
  for (const { path, size, gzipped } of files) {
    say(
      `${kilobytes(gzipped).padStart(10)} gzipped ${kilobytes(size).padStart(10)}  ${path}${isXterm(path) ? ' (not counted)' : ''}`,
    );
  }
  const total = budgeted.reduce((sum, { gzipped }) => sum + gzipped, 0);
  say(`${kilobytes(total).padStart(10)} of ${kilobytes(BUDGET)}`);
  return total <= BUDGET ? 0 : 1;
});
