// Programs of Debian packages for an initrd: the files that a recipe names, their packages' licences, and the shared libraries that they need.
import { posix } from 'node:path';
import { SetupError } from './console.mjs';
import { neededLibraries } from './elf-needed.mjs';
import { packageEntries, pathExpression } from './unpack.mjs';

/** An initrd has one folder of libraries; /usr/lib is a link to it. */
const place = (path) => path.replace(/^usr\/lib\//, 'lib/');

const isContent = ({ type }) => type === 'file' || type === 'symlink';

/** A package's entry as cpio.mjs takes it. Owners are root's there, so that a set-group-id bit would mean nothing. */
const asCpio = ({ path, type, mode, content, target }) => ({
  path: place(path),
  type,
  mode: mode & 0o777,
  content: type === 'symlink' ? target : content,
});

/** What entries of one or more packages become the initrd's, by path; links bring what they lead to. */
class Chosen {
  #all;
  #entries = new Map();
  #used = new Set();

  /** `packages`: [{name, entries}]. */
  constructor(packages) {
    this.#all = new Map();
    for (const { name, entries } of packages) {
      for (const entry of entries.filter(isContent)) {
        if (!this.#all.has(entry.path)) this.#all.set(entry.path, { ...entry, package: name });
      }
    }
  }

  add(path, why) {
    if (this.#entries.has(path)) return;
    const entry = this.#all.get(path);
    if (!entry) throw new SetupError(`${path}, ${why}, is in none of the packages.`);
    this.#entries.set(path, entry);
    this.#used.add(entry.package);
    if (entry.type === 'symlink') {
      const target = posix.join('/', posix.dirname(path), entry.target);
      const led = entry.target.startsWith('/') ? entry.target : target;
      this.add(led.slice(1), `to which ${path} is a link`);
      return;
    }
    for (const library of neededLibraries(entry.content)) this.#addLibrary(library, path);
  }

  #addLibrary(library, program) {
    const paths = [...this.#all.keys()].filter(
      (path) => posix.basename(path) === library && /^(usr\/)?lib(64)?\//.test(path),
    );
    if (paths.length === 0) {
      throw new SetupError(
        `The library ${library}, which ${program} needs, is in none of the packages: name the one that has it.`,
      );
    }
    for (const path of paths) this.add(path, `which ${program} needs`);
  }

  /** The licences of all packages that something was taken of. */
  addLicences() {
    for (const name of [...this.#used]) {
      const path = `usr/share/doc/${name}/copyright`;
      if (this.#all.get(path)?.type === 'file') this.#entries.set(path, this.#all.get(path));
    }
  }

  get packages() {
    return this.#used;
  }

  /** The initrd's entries, in a fixed order. */
  entries() {
    const link = { path: 'usr/lib', type: 'symlink', mode: 0o777, content: '../lib' };
    const order = [...this.#entries.keys()].sort();
    return [link, ...order.map((path) => asCpio(this.#entries.get(path)))];
  }
}

/**
 * The entries for an initrd that a recipe's `wanted` (package → patterns of its files) gives, out of unpacked packages [{name, entries}]: those of
 * `wanted` and any others that may hold libraries. Returns the entries and the names of the packages that something was taken of.
 */
export function chooseFiles(wanted, packages) {
  const chosen = new Chosen(packages);
  for (const [name, patterns] of Object.entries(wanted)) {
    const { entries } = packages.find((one) => one.name === name);
    for (const pattern of patterns) {
      const expression = pathExpression(pattern);
      const found = entries.filter((entry) => isContent(entry) && expression.test(entry.path));
      if (found.length === 0) throw new SetupError(`No file of the package ${name} matches ${pattern}.`);
      for (const { path } of found) chosen.add(path, `which ${pattern} matches`);
    }
  }
  chosen.addLicences();
  return { entries: chosen.entries(), names: chosen.packages };
}

/** Fetches what a recipe's `packages` name, and what of their dependencies may hold libraries. Returns {entries, debs}: those that something was taken of. */
export async function programEntries(archive, wanted, progress) {
  const names = Object.keys(wanted);
  progress('choosing packages');
  const libraries = (await archive.closure(names)).filter(
    (name) => /^lib/.test(name) && !names.includes(name),
  );
  const debs = await archive.download([...names, ...libraries], progress);
  const packages = [];
  for (const deb of debs) {
    progress(`unpacking ${deb.name} ${deb.version}`);
    packages.push({ name: deb.name, entries: await packageEntries(deb) });
  }
  const { entries, names: used } = chooseFiles(wanted, packages);
  return { entries, debs: debs.filter(({ name }) => used.has(name)) };
}
