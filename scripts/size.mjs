// Measures build/site against the page's budgets, gzipped: what one machine's first boot can load at most (all JavaScript, and the
// larger of the two cores, since a machine takes one) without xterm.js and what is loaded only later, and all of the site with it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { main, SetupError, say } from './lib/console.mjs';
import { buildDir, listFiles, shown } from './lib/project.mjs';

/** Bytes that one boot can load, without xterm.js. */
const BOOT_BUDGET = 400_000;
/** Bytes of everything. */
const SITE_BUDGET = 700_000;

/**
 * Pages and parts, by their sources, that no first boot on the page loads: the command line's own page, what a click opens, what images of foreign
 * formats ask for, and those to be repaired.
 */
const LATER = [
  'runner.html',
  'src/app/runner-screen.ts',
  'src/app/options/form.ts',
  'src/app/disks/new-machine.ts',
  'src/app/drives-panel.ts',
  'src/app/ended-line.ts',
  'src/app/monitor-panel.ts',
  'src/app/statistics-panel.ts',
  'src/monitor/monitor.ts',
  'src/block/format/read-only-formats.ts',
  'src/block/format/qcow2/check.ts',
];

const counts = (path) => /\.(js|mjs|wasm)$/.test(path);
const isXterm = (path) => /\/xterm-[^/]*$/.test(path);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

await main(() => {
  const folder = join(buildDir, 'site');
  if (!existsSync(folder)) throw new SetupError('build/site is not there: run "npm run build"');
  const files = listFiles([shown(folder)], counts, []).map((path) => {
    const bytes = readFileSync(path);
    return { path: shown(path), size: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
  });
  const cores = files.filter(({ path }) => path.endsWith('.wasm'));
  if (cores.length === 0)
    throw new SetupError('build/site has no .wasm file, so the measure would mean nothing');
  const largest = cores.reduce((a, b) => (b.gzipped > a.gzipped ? b : a));
  const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'));
  for (const source of LATER) {
    if (!manifest[source])
      throw new SetupError(`build/site has no part ${source}: correct the list in scripts/size.mjs`);
  }
  // What only those parts ask for is loaded with them.
  const wanted = new Set();
  const want = (key) => {
    if (wanted.has(key) || LATER.includes(key)) return;
    wanted.add(key);
    const { imports = [], dynamicImports = [] } = manifest[key];
    for (const other of [...imports, ...dynamicImports]) want(other);
  };
  for (const [key, { isEntry }] of Object.entries(manifest)) if (isEntry) want(key);
  const later = Object.keys(manifest)
    .filter((key) => !wanted.has(key) && manifest[key].file.endsWith('.js'))
    .map((key) => shown(join(folder, manifest[key].file)));
  const boots = (file) =>
    !isXterm(file.path) && !later.includes(file.path) && (!cores.includes(file) || file === largest);
  for (const file of files) {
    say(
      `${kilobytes(file.gzipped).padStart(10)} gzipped ${kilobytes(file.size).padStart(10)}  ${file.path}${boots(file) ? '' : ' (no part of the boot)'}`,
    );
  }
  const sum = (some) => some.reduce((total, { gzipped }) => total + gzipped, 0);
  const boot = sum(files.filter(boots));
  const site = sum(files);
  say(`${kilobytes(boot).padStart(10)} of ${kilobytes(BOOT_BUDGET)} for a boot`);
  say(`${kilobytes(site).padStart(10)} of ${kilobytes(SITE_BUDGET)} for all of it`);
  return boot <= BOOT_BUDGET && site <= SITE_BUDGET ? 0 : 1;
});
