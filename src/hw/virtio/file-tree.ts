/** A tree of files in memory, which a guest shares by 9P. What the guest writes stays in it; the host can look at it at any time. */

import { decodeName, encodeName } from '../../core/byte-names.ts';
import { addRange, type ByteRanges } from './byte-ranges.ts';

/** Bits of a mode that say what a file is (stat(2)). */
export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;

/** Errors, by Linux's numbers. */
export const ENOENT = 2;
export const EACCES = 13;
export const EEXIST = 17;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EROFS = 30;
export const ENOTEMPTY = 39;
const ENAMETOOLONG = 36;

const NAME_MAX = 255;
/** Bytes of a path, as Linux's PATH_MAX with its NUL: the host has to be able to name everything. */
const PATH_MAX = 4096;
/** Nodes of a tree, and bytes of all its files together. */
const NODES_MAX = 200_000;
export const TREE_BYTES_MAX = 1 << 29;
/** Ranges of a file that are told apart as written. */
const WRITTEN_MAX = 32;

export interface TreeNode {
  /** Never used again for another one. */
  readonly id: number;
  /** Type and permissions. */
  mode: number;
  uid: number;
  gid: number;
  /** Nanoseconds since 1970. */
  atime: bigint;
  mtime: bigint;
  ctime: bigint;
  /** Bytes of a file, `size` of them, or the target of a symbolic link; room to grow behind them. */
  bytes: Uint8Array;
  size: number;
  /** Of a directory: in the order in which they came. */
  readonly children: Map<string, TreeNode> | null;
  /** Of a directory: how many of its children are directories. */
  folders: number;
  /** Null: the root, or it was removed. */
  parent: TreeNode | null;
  /** Of bytes: core/byte-names.ts. */
  name: string;
  nameBytes: number;
  /** How many have it open: what was removed lasts as long as they do. */
  holders: number;
  /** Counts changes of its bytes. */
  version: number;
  /** Bytes that were written, or added by a larger size, since somebody emptied this; some may be beyond the end. */
  readonly written: ByteRanges;
  /** Grows along a directory's children, so that a listing can go on behind one that has been removed. */
  place: number;
}

/** A result, or a number of an error. */
export type Outcome<T> = T | number;

export class FileTree {
  readonly root: TreeNode;
  readonly readOnly: boolean;
  private readonly now: () => bigint;
  private nextId = 1;
  private nextPlace = 1;
  private nodes = 0;
  private stored = 0;
  /** Counts changes of anything but times, owners and permissions. */
  changes = 0;

  /** @param options.now nanoseconds since 1970 */
  constructor({ now, readOnly = false }: { now(): bigint; readOnly?: boolean }) {
    this.now = now;
    this.readOnly = readOnly;
    this.root = this.node(S_IFDIR | 0o755, '', null);
  }

  /** Paths of all files, in no order that means anything. */
  files(): string[] {
    const paths: string[] = [];
    // A guest nests folders as deep as it likes: no recursion, which the host's stack would end.
    const folders: [TreeNode, string][] = [[this.root, '']];
    for (let next = folders.pop(); next; next = folders.pop()) {
      const [folder, path] = next;
      for (const child of folder.children!.values()) {
        const at = `${path}/${child.name}`;
        if (child.children) folders.push([child, at]);
        else if ((child.mode & S_IFMT) === S_IFREG) paths.push(at);
      }
    }
    return paths;
  }

  /** Bytes of all files, those that were removed while they are open included. */
  get used(): number {
    return this.stored;
  }

  private node(mode: number, name: string, parent: TreeNode | null): TreeNode {
    const time = this.now();
    this.nodes++;
    return {
      id: this.nextId++,
      mode,
      uid: 0,
      gid: 0,
      atime: time,
      mtime: time,
      ctime: time,
      bytes: new Uint8Array(0),
      size: 0,
      children: (mode & S_IFMT) === S_IFDIR ? new Map() : null,
      folders: 0,
      parent,
      name,
      nameBytes: byteLength(name),
      holders: 0,
      version: 0,
      written: [],
      place: this.nextPlace++,
    };
  }

  private isRemoved(node: TreeNode): boolean {
    return node.parent === null && node !== this.root;
  }

  /** Somebody opens a node. */
  hold(node: TreeNode): void {
    node.holders++;
  }

  /** Somebody who opened a node is done with it. */
  letGo(node: TreeNode): void {
    if (--node.holders === 0 && this.isRemoved(node)) this.stored -= node.size;
  }

  /** Puts a file at a path of the host's, with the folders on its way; a file that is there gets these bytes. @returns an error, for a path that cannot be */
  put(path: string, bytes: Uint8Array): Outcome<TreeNode> {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) return EINVAL;
    const folder = this.makeFolders(names);
    if (typeof folder === 'number') return folder;
    // A link is replaced, not followed: it leads where the guest likes.
    const there = folder.children?.get(name);
    if (there?.children) return EISDIR;
    const isFile = there && (there.mode & S_IFMT) === S_IFREG;
    if (there && !isFile) this.remove(there);
    // Programs are to be run: what the host knows of permissions does not come along.
    const file = there && isFile ? there : this.add(folder, name, S_IFREG | 0o755);
    if (typeof file === 'number') return file;
    const error = this.write(file, 0, bytes) || this.resize(file, bytes.length);
    if (error && !isFile) this.remove(file);
    return error || file;
  }

  /** The folder at a path of names, made as far as it is not there. */
  makeFolders(names: readonly string[]): Outcome<TreeNode> {
    let folder = this.root;
    for (const part of names) {
      const next = folder.children?.get(part) ?? this.add(folder, part, S_IFDIR | 0o755);
      if (typeof next === 'number') return next;
      folder = next;
    }
    return folder.children ? folder : ENOTDIR;
  }

  /** The node at a path; null: there is none. */
  find(path: string): TreeNode | null {
    let node: TreeNode | undefined = this.root;
    for (const part of namesOf(path)) node = node?.children?.get(part);
    return node ?? null;
  }

  /** The path of a node from the root; null: it was removed. */
  pathOf(node: TreeNode): string | null {
    const names: string[] = [];
    let at: TreeNode = node;
    for (; at.parent; at = at.parent) names.unshift(at.name);
    return at === this.root ? `/${names.join('/')}` : null;
  }

  /** Adds a node to a directory. */
  add(folder: TreeNode, name: string, mode: number): Outcome<TreeNode> {
    const wrong = wrongName(folder, name);
    if (wrong) return wrong;
    if (this.isRemoved(folder)) return ENOENT;
    if (folder.children!.has(name)) return EEXIST;
    if (pathBytes(folder) + 1 + byteLength(name) >= PATH_MAX) return ENAMETOOLONG;
    if (this.nodes >= NODES_MAX) return ENOSPC;
    const node = this.node(mode, name, folder);
    folder.children!.set(name, node);
    if (node.children) folder.folders++;
    this.touch(folder);
    return node;
  }

  /** Takes a node out of its directory. Who has it open keeps it. */
  remove(node: TreeNode): number {
    if (!node.parent) return EINVAL;
    if (node.children && node.children.size > 0) return ENOTEMPTY;
    node.parent.children!.delete(node.name);
    if (node.children) node.parent.folders--;
    this.touch(node.parent);
    node.parent = null;
    this.nodes--;
    if (node.holders === 0) this.stored -= node.size;
    return 0;
  }

  /** Gives a node another name or place; a file that has it is replaced. */
  move(node: TreeNode, folder: TreeNode, name: string): number {
    const wrong = wrongName(folder, name);
    if (wrong) return wrong;
    if (this.isRemoved(folder)) return ENOENT;
    if (!node.parent) return EINVAL;
    for (let at: TreeNode | null = folder; at; at = at.parent) if (at === node) return EINVAL;
    const there = folder.children!.get(name);
    if (there === node) return 0;
    const nameBytes = byteLength(name);
    const longer = pathBytes(folder) + 1 + nameBytes - pathBytes(node);
    if (longer > 0 && longestPath(node) + longer >= PATH_MAX) return ENAMETOOLONG;
    if (there) {
      if (there.children && !node.children) return EISDIR;
      if (!there.children && node.children) return ENOTDIR;
      const error = this.remove(there);
      if (error) return error;
    }
    node.parent.children!.delete(node.name);
    this.touch(node.parent);
    folder.children!.set(name, node);
    if (node.children) {
      node.parent.folders--;
      folder.folders++;
    }
    Object.assign(node, { parent: folder, name, nameBytes, place: this.nextPlace++, ctime: this.now() });
    this.touch(folder);
    return 0;
  }

  /** Bytes of a file from an offset on; fewer at its end. */
  read(node: TreeNode, offset: number, count: number): Uint8Array {
    node.atime = this.now();
    return node.bytes.subarray(Math.min(offset, node.size), Math.min(offset + count, node.size));
  }

  /** Writes; what lies between the end and the offset is zeros. */
  write(node: TreeNode, offset: number, bytes: Uint8Array): number {
    const end = offset + bytes.length;
    const error = this.makeRoom(node, end);
    if (error) return error;
    node.bytes.set(bytes, offset);
    addRange(node.written, Math.min(offset, node.size), end, WRITTEN_MAX);
    this.setSize(node, Math.max(node.size, end));
    this.touch(node);
    return 0;
  }

  resize(node: TreeNode, size: number): number {
    const error = this.makeRoom(node, size);
    if (error) return error;
    if (size < node.size) node.bytes.fill(0, size, node.size);
    addRange(node.written, node.size, size, WRITTEN_MAX);
    this.setSize(node, size);
    // Half of the room at least is always used.
    const less = 2 * size < node.bytes.length ? allocate(size) : null;
    if (less) {
      less.set(node.bytes.subarray(0, size));
      node.bytes = less;
    }
    this.touch(node);
    return 0;
  }

  private setSize(node: TreeNode, size: number): void {
    this.stored += size - node.size;
    node.size = size;
  }

  private makeRoom(node: TreeNode, size: number): number {
    if (size > node.size && this.stored + size - node.size > TREE_BYTES_MAX) return ENOSPC;
    if (size <= node.bytes.length) return 0;
    // A share of what is there, so that a file that grows is copied a few times in all; no more than fits where memory is short.
    const bytes = allocate(Math.max(size, Math.ceil(1.5 * node.bytes.length))) ?? allocate(size);
    if (!bytes) return ENOSPC;
    bytes.set(node.bytes.subarray(0, node.size));
    node.bytes = bytes;
    return 0;
  }

  private touch(node: TreeNode): void {
    this.changes++;
    node.version++;
    node.mtime = this.now();
    node.ctime = node.mtime;
  }
}

function allocate(size: number): Uint8Array | null {
  try {
    return new Uint8Array(size);
  } catch {
    return null;
  }
}

const byteLength = (name: string): number => encodeName(name).length;

/** Names of a path, as a guest's are spelled: what a page gives may be no name of bytes. */
export function namesOf(path: string): string[] {
  return decodeName(encodeName(path)).split('/').filter(Boolean);
}

/** Bytes of a node's path, without a NUL. */
function pathBytes(node: TreeNode): number {
  let bytes = 0;
  for (let at = node; at.parent; at = at.parent) bytes += 1 + at.nameBytes;
  return bytes;
}

/** Bytes of the longest path that goes through a node. */
function longestPath(node: TreeNode): number {
  let longest = 0;
  const stack: [TreeNode, number][] = [[node, pathBytes(node)]];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [at, bytes] = next;
    longest = Math.max(longest, bytes);
    for (const child of at.children?.values() ?? []) stack.push([child, bytes + 1 + child.nameBytes]);
  }
  return longest;
}

function wrongName(folder: TreeNode, name: string): number {
  if (!folder.children) return ENOTDIR;
  if (byteLength(name) > NAME_MAX) return ENAMETOOLONG;
  return name === '' || name === '.' || name === '..' || /[/\0]/.test(name) ? EINVAL : 0;
}
