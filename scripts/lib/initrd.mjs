// The kernel's initial RAM disk: busybox, a recipe's own files and modules, as cpio entries.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCpio } from './cpio.mjs';

/** The files of a recipe's rootfs/ folder as cpio entries; git keeps the executable bit. */
export function overlayEntries(dir, prefix = '') {
  const entries = [];
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    const status = lstatSync(path);
    if (status.isDirectory()) {
      entries.push({ path: prefix + name, type: 'directory', mode: 0o755 });
      entries.push(...overlayEntries(path, `${prefix}${name}/`));
    } else if (status.isSymbolicLink()) {
      entries.push({ path: prefix + name, type: 'symlink', mode: 0o777, content: readlinkSync(path) });
    } else {
      const mode = status.mode & 0o100 ? 0o755 : 0o644;
      entries.push({ path: prefix + name, type: 'file', mode, content: readFileSync(path) });
    }
  }
  return entries;
}

/** Entries of several lists as one: a later one of the same path takes the place of an earlier, and missing folders are added. */
export function mergeEntries(...lists) {
  const merged = new Map();
  for (const entry of lists.flat()) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      if (!merged.has(folder)) merged.set(folder, directory(folder));
    }
    merged.set(entry.path, entry);
  }
  return [...merged.values()];
}

export const directory = (path, mode = 0o755) => ({ path, type: 'directory', mode });

/** An initramfs: busybox, the folders that /init mounts on, the console that the kernel opens for it, and the recipe's own files. */
export function busyboxInitrd(busybox, overlay) {
  const base = [
    ...['bin', 'dev', 'etc', 'proc', 'sys', 'mnt', 'var'].map((path) => directory(path)),
    ...[directory('root', 0o700), directory('tmp', 0o1777)],
    { path: 'sbin', type: 'symlink', mode: 0o777, content: 'bin' },
    { path: 'bin/busybox', type: 'file', mode: 0o755, content: busybox },
    { path: 'dev/console', type: 'character', mode: 0o600, device: [5, 1] },
    { path: 'dev/null', type: 'character', mode: 0o666, device: [1, 3] },
  ];
  return encodeCpio(mergeEntries(base, overlay));
}
