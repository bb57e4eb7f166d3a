// What is in a Debian package, by dpkg-deb, in memory.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SetupError } from './console.mjs';
import { tarEntries } from './tar.mjs';

const exec = promisify(execFile);

/** Bytes of the largest package, unpacked. */
const PART_MAX = 1 << 30;

/** A package's files as tar.mjs describes them, or with `--ctrl-tarfile` its control files. */
export async function packageEntries({ name, path }, part = '--fsys-tarfile') {
  try {
    const { stdout } = await exec('dpkg-deb', [part, path], { encoding: 'buffer', maxBuffer: PART_MAX });
    return [...tarEntries(stdout)].filter((entry) => entry.path !== '');
  } catch (error) {
    throw new SetupError(`The package ${name} cannot be unpacked: ${error.message}`);
  }
}

/** The paths that a pattern means, in which a `*` stands for anything. */
export const pathExpression = (pattern) =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);

/** The one file among a package's entries that `pattern` names; a `*` may stand in the last part of the path. */
export function onlyFile(entries, pattern) {
  const [before, after = ''] = pattern.split('*');
  const star = pattern.includes('*');
  const found = entries.filter(
    ({ path, type }) =>
      type === 'file' && (star ? path.startsWith(before) && path.endsWith(after) : path === before),
  );
  if (found.length !== 1) throw new SetupError(`${found.length} files of the package match ${pattern}.`);
  return found[0].content;
}
