// Debian packages of any architecture, fetched by apt without root and without touching the system's own lists: apt checks the
// archive's signature on the index and the index's hash on every package.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { megabytes, SetupError } from './console.mjs';
import { cacheDir } from './project.mjs';
import { findProgram, run, works } from './run.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** What keeps this system from fetching Debian packages, in words, or undefined when nothing does. */
export function aptObstacle() {
  const missing = ['apt-get', 'apt-cache', 'dpkg-deb'].filter((name) => !findProgram(name));
  if (missing.length > 0) {
    return `Linux comes from Debian's packages, and this system has no ${missing.join(', ')}. Run this on Debian 12 or newer (a container will do).`;
  }
  if (!works('dpkg-deb', '--version')) return 'dpkg-deb does not run on this system.';
  if (!existsSync(KEYRING)) {
    return `Debian's archive key is missing (${KEYRING}): install the package debian-archive-keyring.`;
  }
  return undefined;
}

const networkHint = 'If the network was away, run the command again: what was fetched is kept.';

/** apt's own words for a failure: its errors, without warnings and progress. */
function aptErrors({ stdout, stderr }) {
  const lines = stderr.split('\n').filter((line) => line.startsWith('E:'));
  return [...new Set(lines)].slice(0, 6).join('\n') || stderr.trim() || stdout.trim();
}

/** URIs of Debian's main archive in apt's configuration, read from the lists in `listsDir` (the system's if undefined). */
async function archiveUris(listsDir) {
  const options = listsDir ? [`-oDir::State::Lists=${listsDir}`] : [];
  const format = '$(REPO_URI)\t$(ORIGIN)\t$(LABEL)';
  const { stdout } = await run('apt-get', [
    ...options,
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]);
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  return [
    ...new Set(
      rows.filter(([, origin, label]) => origin === 'Debian' && label === 'Debian').map(([uri]) => uri),
    ),
  ];
}

/** The mirror this system itself uses. A system that never ran `apt-get update` gets private lists first. */
async function findMirror() {
  if (process.env.SNOWGLOBE_DEBIAN_MIRROR) return process.env.SNOWGLOBE_DEBIAN_MIRROR;
  let [uri] = await archiveUris();
  if (uri) return uri;
  const lists = join(cacheDir, 'apt', 'system', 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const update = await run('apt-get', [
    ...[`-oDir::State::Lists=${lists}`, `-oDir::Cache=${join(cacheDir, 'apt', 'system', 'cache')}`],
    ...[...(process.getuid?.() === 0 ? ['-oAPT::Sandbox::User=root'] : []), 'update'],
  ]);
  [uri] = await archiveUris(lists);
  if (uri) return uri;
  throw new SetupError(
    "apt's sources name no archive of Debian itself, which the guest's Linux comes from.\n" +
      'Set SNOWGLOBE_DEBIAN_MIRROR to the address of a Debian mirror and run the command again.\n' +
      aptErrors(update),
  );
}

/** A package cannot be chosen or fetched; an index of yesterday may be why. */
export class AptError extends SetupError {}

/** Apt with lists, cache and sources of its own for one architecture of one suite. */
export class AptArchive {
  #arch;
  #suite;
  #dir;
  #options;
  /** Whether the index was fetched by this run, so that it cannot be out of date. */
  isFetchedNow = false;

  constructor(arch, suite, dir = join(cacheDir, 'apt')) {
    this.#arch = arch;
    this.#suite = suite;
    this.#dir = join(dir, `${suite}-${arch}`);
    this.#options = [
      ...[`-oAPT::Architecture=${arch}`, `-oAPT::Architectures=${arch}`, '-oAcquire::Languages=none'],
      ...[`-oDir::State::Lists=${join(this.#dir, 'lists')}`, '-oDir::State::status=/dev/null'],
      ...[
        `-oDir::Cache=${join(this.#dir, 'cache')}`,
        `-oDir::Etc::SourceList=${join(this.#dir, 'debian.sources')}`,
      ],
      ...['-oDir::Etc::SourceParts=/dev/null', '-oAcquire::Retries=2'],
      // apt's unprivileged user may not write into a root user's working tree.
      ...(process.getuid?.() === 0 ? ['-oAPT::Sandbox::User=root'] : []),
    ];
  }

  /** Fetches the package index, unless this run or another of the last day has; `force` fetches it at any age. */
  async update(force = false) {
    if (this.isFetchedNow || (!force && this.#isRecent())) return;
    const obstacle = aptObstacle();
    if (obstacle) throw new SetupError(obstacle);
    for (const name of ['lists/partial', 'cache/archives/partial', 'debs/partial', 'empty']) {
      mkdirSync(join(this.#dir, name), { recursive: true });
    }
    const source = [
      ...['Types: deb', `URIs: ${await findMirror()}`, `Suites: ${this.#suite}`, 'Components: main'],
      `Signed-By: ${KEYRING}`,
    ];
    writeFileSync(join(this.#dir, 'debian.sources'), `${source.join('\n')}\n`);
    // Without --error-on=any apt keeps an old or no index and still ends with status 0.
    const result = await run('apt-get', [...this.#options, '--error-on=any', 'update']);
    if (result.status !== 0) {
      throw new SetupError(
        `The package index of Debian ${this.#suite} (${this.#arch}) could not be fetched.\n${aptErrors(result)}\n${networkHint}`,
      );
    }
    this.isFetchedNow = true;
    writeFileSync(join(this.#dir, 'updated'), '');
  }

  #isRecent() {
    const path = join(this.#dir, 'updated');
    return existsSync(path) && Date.now() - statSync(path).mtimeMs < 24 * 3600 * 1000;
  }

  /**
   * The package that `name` stands for: a meta-package such as linux-image-riscv64 depends on today's real one, whose name
   * starts like its own up to the architecture. Any other name is returned as it is.
   */
  async resolve(name) {
    await this.update();
    const { stdout } = await run('apt-cache', [...this.#options, 'depends', '--important', name]);
    const prefix = name.slice(0, name.lastIndexOf('-') + 1);
    const match = stdout.match(new RegExp(`Depends: (${prefix}\\d\\S*)`));
    return match ? match[1] : name;
  }

  /** The names of packages and of all that they depend on, with `essential` also those that every Debian system has; recommendations are left out. */
  async closure(names, { essential = false } = {}) {
    await this.update();
    const wanted = [...(essential ? ['?essential'] : []), ...names];
    const install = ['--yes', '--no-install-recommends', '--print-uris', 'install', ...wanted];
    const list = await run('apt-get', [...this.#options, ...install], { cwd: join(this.#dir, 'empty') });
    if (list.status !== 0) {
      throw new AptError(`Debian ${this.#suite} (${this.#arch}): ${aptErrors(list)}`);
    }
    return [...list.stdout.matchAll(/^'[^']+' (\S+?)_\S+ \d+ /gm)].map(([, name]) => name);
  }

  /** Fetches packages and returns, in their order, {name, version, path}. What is here already with the right hash is kept. */
  async download(names, onProgress = () => {}) {
    await this.update();
    const debs = join(this.#dir, 'debs');
    // In an empty folder: apt names no address for a package that already lies in the current one.
    const cwd = join(this.#dir, 'empty');
    const list = await run('apt-get', [...this.#options, '--print-uris', 'download', ...names], { cwd });
    if (list.status !== 0) {
      throw new AptError(`Debian ${this.#suite} (${this.#arch}): ${aptErrors(list)}`);
    }
    const found = [...list.stdout.matchAll(/^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})/gm)].map(
      ([, file, size, sha256]) => ({ file, size: Number(size), sha256, path: join(debs, file) }),
    );
    const result = names.map((name) => {
      const deb = found.find(({ file }) => file.startsWith(`${name}_`));
      if (!deb)
        throw new AptError(`Debian ${this.#suite} (${this.#arch}) has no package ${name} with a SHA-256.`);
      return { ...deb, name, version: decodeURIComponent(deb.file.split('_')[1]) };
    });
    const missing = result.filter(({ path, sha256 }) => !existsSync(path) || sha256Of(path) !== sha256);
    if (missing.length > 0) await this.#fetch(missing, onProgress);
    return result.map(({ name, version, path }) => ({ name, version, path }));
  }

  async #fetch(debs, onProgress) {
    const partial = join(this.#dir, 'debs', 'partial');
    const total = megabytes(debs.reduce((sum, { size }) => sum + size, 0));
    const what = debs.length === 1 ? debs[0].name : `${debs.length} packages`;
    onProgress(`fetching ${what}, ${total}`);
    const onLine = (line) => {
      const count = /^Get:(\d+) /.exec(line)?.[1];
      if (count && debs.length > 1) onProgress(`fetching ${what}, ${total}: ${count}`);
    };
    const result = await run('apt-get', [...this.#options, 'download', ...debs.map(({ name }) => name)], {
      cwd: partial,
      onLine,
    });
    for (const { name, file, sha256, path } of debs) {
      const fetched = join(partial, file);
      if (result.status !== 0 || !existsSync(fetched)) {
        throw new AptError(`The package ${name} could not be fetched.\n${aptErrors(result)}\n${networkHint}`);
      }
      if (sha256Of(fetched) !== sha256) {
        rmSync(fetched);
        throw new AptError(`The package ${name} arrived with a wrong SHA-256. Run the command again.`);
      }
      renameSync(fetched, path);
    }
  }
}

export const sha256Of = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
