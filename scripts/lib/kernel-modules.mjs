// Modules out of a kernel's package, in an order in which insmod can load them.
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { SetupError } from './console.mjs';
import { directory } from './initrd.mjs';

/** Bytes of the largest module that is unpacked. */
const MODULE_MAX = 64 << 20;

/** Names as modules call each other: with underscores. */
const moduleName = (path) =>
  basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_');

/** Kernels since trixie have their modules in /usr/lib. */
const FOLDER = /^(usr\/)?lib\/modules\//;

/** Folders may be called as a module is: net/9p. */
const isModule = ({ path, type }) => type === 'file' && FOLDER.test(path) && /\.ko(\.xz)?$/.test(path);

/** A module as insmod loads it. Kernels since trixie have theirs compressed. */
function plainModule({ path, content }) {
  if (!path.endsWith('.xz')) return content;
  return execFileSync('xz', ['--decompress', '--stdout'], { input: content, maxBuffer: MODULE_MAX });
}

/**
 * Modules among the entries of a kernel's package and those that they depend on, each after what it depends on: {name, entry, content}. What
 * they depend on stands in their section .modinfo as "depends=a,b".
 */
function modulesOf(entries, names) {
  const found = new Map(entries.filter(isModule).map((entry) => [moduleName(entry.path), entry]));
  const order = [];
  const visit = (name) => {
    if (order.some((module) => module.name === name)) return;
    const entry = found.get(name);
    if (!entry) throw new SetupError(`The kernel's package has no module ${name}.`);
    const content = plainModule(entry);
    const depends = /\0depends=([\w,-]*)\0/.exec(content.toString('latin1'))?.[1] ?? '';
    for (const other of depends.split(',').filter(Boolean)) visit(other.replaceAll('-', '_'));
    order.push({ name, entry, content });
  };
  for (const name of names) visit(name);
  return order;
}

/** Modules for an initrd as cpio entries lib/modules/00-libata.ko …, in their order, out of a kernel package's entries. */
export function moduleEntries(entries, names = []) {
  if (names.length === 0) return [];
  return [
    directory('lib'),
    directory('lib/modules'),
    ...modulesOf(entries, names).map(({ name, content }, i) => ({
      path: `lib/modules/${String(i).padStart(2, '0')}-${name}.ko`,
      type: 'file',
      mode: 0o644,
      content,
    })),
  ];
}

/** Modules for a disk's /usr/lib/modules, as they are in the package, and what depmod reads beside them. */
export function moduleTree(entries, names) {
  const lists = entries.filter(({ path }) => /\/modules\.(builtin|builtin\.modinfo|order)$/.test(path));
  const modules = modulesOf(entries, names).map(({ entry }) => entry);
  return [...lists, ...modules].map((entry) => ({
    ...entry,
    path: entry.path.replace(FOLDER, 'usr/lib/modules/'),
  }));
}
