// Runs every generator, scripts/gen-*.mjs; with --check each compares instead of writing and the first stale file
// makes the status 1. Fixture generators (gen-*-fixtures.mjs) need QEMU and a cross compiler and are run by hand.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { main, say } from './lib/console.mjs';
import { root } from './lib/project.mjs';
import { run } from './lib/run.mjs';

export const generators = () =>
  readdirSync(join(root, 'scripts'))
    .filter((name) => /^gen-.+\.mjs$/.test(name) && !/-fixtures\.mjs$|\.test\.mjs$/.test(name))
    .sort();

await main(async () => {
  const check = process.argv.includes('--check');
  let stale = 0;
  for (const name of generators()) {
    const result = await run(process.execPath, [join(root, 'scripts', name), ...(check ? ['--check'] : [])]);
    const output = `${result.stdout}${result.stderr}`.trim();
    if (output) say(output);
    if (result.status === 0) continue;
    stale++;
    if (!check) say(`scripts/${name} failed (status ${result.status})`);
  }
  if (check && stale === 0) say(`${generators().length} generators: what they wrote is fresh`);
  return stale === 0 ? 0 : 1;
});
