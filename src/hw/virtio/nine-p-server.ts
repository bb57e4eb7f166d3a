/**
 * A server of 9P2000.L over a file tree. Specification: diod's protocol.md, which describes what Linux's v9fs speaks, and Linux's include/net/9p/9p.h.
 *
 * Not there: extended attributes (EOPNOTSUPP), device nodes and hard links (EPERM). Locks are always granted: there is one client. Permissions are the
 * guest's to check.
 */
import { decodeName, encodeName } from '../../core/byte-names.ts';
import * as F from './file-tree.ts';
import { Reader, Writer } from './nine-p-wire.ts';

const HEADER = 7;
const VERSION = '9P2000.L';
/** Bytes of the largest message; small enough to be handled in one go. */
const MESSAGE_MAX = 512 * 1024;
const MESSAGE_MIN = 4096;
const FIDS_MAX = 65536;
const WALK_MAX = 16;

const EPERM = 1;
const EBADF = 9;
const EMFILE = 24;
const EOPNOTSUPP = 95;
const EPROTO = 71;

const RLERROR = 7;
const T = {
  STATFS: 8,
  LOPEN: 12,
  LCREATE: 14,
  SYMLINK: 16,
  MKNOD: 18,
  RENAME: 20,
  READLINK: 22,
  GETATTR: 24,
  SETATTR: 26,
  XATTRWALK: 30,
  XATTRCREATE: 32,
  READDIR: 40,
  FSYNC: 50,
  LOCK: 52,
  GETLOCK: 54,
  LINK: 70,
  MKDIR: 72,
  RENAMEAT: 74,
  UNLINKAT: 76,
  VERSION: 100,
  ATTACH: 104,
  FLUSH: 108,
  WALK: 110,
  READ: 116,
  WRITE: 118,
  CLUNK: 120,
  REMOVE: 122,
} as const;

const QID_DIRECTORY = 0x80;
const QID_SYMLINK = 0x02;
const DT_DIRECTORY = 4;
const DT_FILE = 8;
const DT_LINK = 10;

const O_TRUNC = 0o1000;
const UNLOCKED = 2;
const AT_REMOVEDIR = 0x200;
/** Of getattr's mask: what there is (mode … blocks). */
const GETATTR_BASIC = 0x7ff;
/** Of setattr's mask. */
const SET_MODE = 1;
const SET_UID = 2;
const SET_GID = 4;
const SET_SIZE = 8;
const SET_ATIME = 0x10;
const SET_MTIME = 0x20;
const SET_ATIME_TO = 0x80;
const SET_MTIME_TO = 0x100;

const V9FS_MAGIC = 0x01021997;
const BLOCK = 4096;
const NS = 1_000_000_000n;

type Answer = Writer | number;

export class NinePServer {
  private readonly tree: F.FileTree;
  private readonly now: () => bigint;
  private readonly fids = new Map<number, F.TreeNode>();
  private messageMax = MESSAGE_MAX;

  constructor({ tree, now }: { tree: F.FileTree; now(): bigint }) {
    this.tree = tree;
    this.now = now;
  }

  /** Largest message that it takes. */
  get limit(): number {
    return MESSAGE_MAX;
  }

  /** Answers a message. @param room bytes that the answer may have */
  handle(message: Uint8Array<ArrayBuffer>, room: number): Uint8Array {
    const reader = new Reader(message);
    reader.u32();
    const type = reader.u8();
    const tag = reader.u16();
    const answer = this.dispatch(type, reader, Math.min(room, this.messageMax) - HEADER);
    const failed = typeof answer === 'number';
    const body = failed ? new Writer().u32(answer).finish() : answer.finish();
    const kind = failed ? RLERROR : type + 1;
    return new Writer()
      .u32(HEADER + body.length)
      .u8(kind)
      .u16(tag)
      .data(body)
      .finish();
  }

  private dispatch(type: number, r: Reader, room: number): Answer {
    switch (type) {
      case T.VERSION:
        return this.version(r);
      case T.ATTACH:
        return this.attach(r);
      case T.FLUSH:
        return new Writer();
      case T.XATTRWALK:
      case T.XATTRCREATE:
        return EOPNOTSUPP;
      case T.LINK:
      case T.MKNOD:
        return EPERM;
      case T.RENAMEAT:
        return this.renameAt(r);
    }
    const fid = r.u32();
    const node = this.fids.get(fid);
    if (!node) return r.broken ? EPROTO : EBADF;
    return this.onFid(type, r, room, fid, node);
  }

  private onFid(type: number, r: Reader, room: number, fid: number, node: F.TreeNode): Answer {
    switch (type) {
      case T.WALK:
        return this.walk(r, node);
      case T.STATFS:
        return this.statfs();
      case T.GETATTR:
        return attributes(node);
      case T.SETATTR:
        return this.setAttributes(r, node);
      case T.READLINK:
        return (node.mode & F.S_IFMT) === F.S_IFLNK
          ? new Writer().string(decodeName(node.bytes.subarray(0, node.size)))
          : F.EINVAL;
      case T.LOPEN:
        return this.open(r, node);
      case T.LCREATE:
        return this.create(r, fid, node);
      case T.READDIR:
        return this.readDirectory(r, room, node);
      case T.READ:
        return this.read(r, room, node);
      case T.WRITE:
        return this.write(r, node);
      case T.FSYNC:
        return new Writer();
      case T.LOCK:
        return new Writer().u8(0);
      case T.GETLOCK:
        return this.getLock(r);
      case T.MKDIR:
        return this.make(r, node, F.S_IFDIR);
      case T.SYMLINK:
        return this.symlink(r, node);
      case T.UNLINKAT:
        return this.unlink(r, node);
      case T.RENAME:
        return this.rename(r, node);
      case T.CLUNK:
        this.drop(fid);
        return new Writer();
      case T.REMOVE:
        this.drop(fid);
        return this.change(() => this.tree.remove(node));
      default:
        return EOPNOTSUPP;
    }
  }

  private version(r: Reader): Answer {
    const size = r.u32();
    const version = r.string();
    if (r.broken || size < MESSAGE_MIN) return EPROTO;
    this.dropAll();
    this.messageMax = Math.min(size, MESSAGE_MAX);
    return new Writer().u32(this.messageMax).string(version === VERSION ? VERSION : 'unknown');
  }

  private attach(r: Reader): Answer {
    const fid = r.u32();
    return this.bind(fid, this.tree.root) ?? putQid(new Writer(), this.tree.root);
  }

  /** Gives a node a number. @returns an error, or null */
  private bind(fid: number, node: F.TreeNode): number | null {
    if (!this.fids.has(fid) && this.fids.size >= FIDS_MAX) return EMFILE;
    this.put(fid, node);
    return null;
  }

  private put(fid: number, node: F.TreeNode): void {
    this.tree.hold(node);
    this.drop(fid);
    this.fids.set(fid, node);
  }

  private drop(fid: number): void {
    const node = this.fids.get(fid);
    this.fids.delete(fid);
    if (node) this.tree.letGo(node);
  }

  private dropAll(): void {
    for (const fid of [...this.fids.keys()]) this.drop(fid);
  }

  private walk(r: Reader, from: F.TreeNode): Answer {
    const fid = r.u32();
    const count = r.u16();
    if (count > WALK_MAX) return F.EINVAL;
    const names = Array.from({ length: count }, () => r.string());
    if (r.broken) return EPROTO;
    const found: F.TreeNode[] = [];
    let node = from;
    for (const name of names) {
      const next = name === '..' ? (node.parent ?? this.tree.root) : node.children?.get(name);
      if (!next) break;
      node = next;
      found.push(node);
    }
    if (found.length < count && found.length === 0) return from.children ? F.ENOENT : F.ENOTDIR;
    if (found.length === count) {
      const error = this.bind(fid, node);
      if (error !== null) return error;
    }
    const writer = new Writer().u16(found.length);
    for (const one of found) putQid(writer, one);
    return writer;
  }

  private statfs(): Writer {
    const blocks = F.TREE_BYTES_MAX / BLOCK;
    const free = Math.max(0, blocks - Math.ceil(this.tree.used / BLOCK));
    const writer = new Writer().u32(V9FS_MAGIC).u32(BLOCK);
    for (const value of [blocks, free, free, 0, 0, 0]) writer.u64(value);
    return writer.u32(255);
  }

  private setAttributes(r: Reader, node: F.TreeNode): Answer {
    const valid = r.u32();
    const [mode, uid, gid] = [r.u32(), r.u32(), r.u32()];
    const size = r.size();
    const atime = r.u64() * NS + r.u64();
    const mtime = r.u64() * NS + r.u64();
    if (r.broken) return EPROTO;
    return this.change(() => {
      if (valid & SET_SIZE) {
        if ((node.mode & F.S_IFMT) !== F.S_IFREG) return F.EISDIR;
        const error = this.tree.resize(node, size);
        if (error) return error;
      }
      if (valid & SET_MODE) node.mode = (node.mode & F.S_IFMT) | (mode & 0o7777);
      if (valid & SET_UID) node.uid = uid;
      if (valid & SET_GID) node.gid = gid;
      const now = this.now();
      if (valid & SET_ATIME) node.atime = valid & SET_ATIME_TO ? atime : now;
      if (valid & SET_MTIME) node.mtime = valid & SET_MTIME_TO ? mtime : now;
      node.ctime = now;
      return 0;
    });
  }

  /** Runs a change, unless nothing may be changed. */
  private change(act: () => number): Answer {
    const error = this.tree.readOnly ? F.EROFS : act();
    return error === 0 ? new Writer() : error;
  }

  private open(r: Reader, node: F.TreeNode): Answer {
    const flags = r.u32();
    const writes = (flags & 3) !== 0;
    if (writes && node.children) return F.EISDIR;
    if ((writes || flags & O_TRUNC) && this.tree.readOnly) return F.EROFS;
    if (flags & O_TRUNC && writes) this.tree.resize(node, 0);
    return putQid(new Writer(), node).u32(0);
  }

  private create(r: Reader, fid: number, folder: F.TreeNode): Answer {
    const name = r.string();
    r.u32();
    const mode = r.u32();
    const gid = r.u32();
    const made = this.added(r, folder, name, F.S_IFREG | (mode & 0o7777), gid);
    if (typeof made === 'number') return made;
    // The number means the file from now on.
    this.put(fid, made);
    return putQid(new Writer(), made).u32(0);
  }

  private added(
    r: Reader,
    folder: F.TreeNode,
    name: string,
    mode: number,
    gid: number,
  ): F.Outcome<F.TreeNode> {
    if (r.broken) return EPROTO;
    if (this.tree.readOnly) return F.EROFS;
    const node = this.tree.add(folder, name, mode);
    if (typeof node !== 'number') node.gid = gid;
    return node;
  }

  private make(r: Reader, folder: F.TreeNode, kind: number): Answer {
    const name = r.string();
    const mode = r.u32();
    const made = this.added(r, folder, name, kind | (mode & 0o7777), r.u32());
    return typeof made === 'number' ? made : putQid(new Writer(), made);
  }

  private symlink(r: Reader, folder: F.TreeNode): Answer {
    const name = r.string();
    const target = r.string();
    const made = this.added(r, folder, name, F.S_IFLNK | 0o777, r.u32());
    if (typeof made === 'number') return made;
    const error = this.tree.write(made, 0, encodeName(target));
    if (error) {
      this.tree.remove(made);
      return error;
    }
    return putQid(new Writer(), made);
  }

  /** Entries from a position on, with . and .. before them, as many as there is room for. */
  private readDirectory(r: Reader, room: number, node: F.TreeNode): Answer {
    const offset = r.size();
    const count = Math.min(r.u32(), room - 4);
    if (!node.children) return F.ENOTDIR;
    const list = new Writer();
    const put = (name: string, child: F.TreeNode, next: number): boolean => {
      const entry = putQid(new Writer(), child)
        .u64(next)
        .u8(child.children ? DT_DIRECTORY : (child.mode & F.S_IFMT) === F.S_IFLNK ? DT_LINK : DT_FILE)
        .string(name)
        .finish();
      if (list.length + entry.length > count) return false;
      for (const byte of entry) list.u8(byte);
      return true;
    };
    let fits = offset > 0 || put('.', node, 1);
    fits &&= offset > 1 || put('..', node.parent ?? node, 2);
    for (const [name, child] of node.children) {
      if (!fits) break;
      if (child.place + 2 > offset) fits = put(name, child, child.place + 2);
    }
    const bytes = list.finish();
    return new Writer().u32(bytes.length).data(bytes);
  }

  private read(r: Reader, room: number, node: F.TreeNode): Answer {
    const offset = r.size();
    const count = Math.min(r.u32(), room - 4);
    if (node.children) return F.EISDIR;
    if (r.broken || count < 0) return EPROTO;
    const bytes = this.tree.read(node, offset, count);
    return new Writer().u32(bytes.length).data(bytes);
  }

  private write(r: Reader, node: F.TreeNode): Answer {
    const offset = r.size();
    const bytes = r.bytes(r.u32());
    if (r.broken) return EPROTO;
    if (node.children) return F.EISDIR;
    if ((node.mode & F.S_IFMT) !== F.S_IFREG) return F.EINVAL;
    if (this.tree.readOnly) return F.EROFS;
    const error = this.tree.write(node, offset, bytes);
    return error === 0 ? new Writer().u32(bytes.length) : error;
  }

  private getLock(r: Reader): Answer {
    r.u8();
    const [start, length] = [r.u64(), r.u64()];
    const process = r.u32();
    const client = r.string();
    return new Writer().u8(UNLOCKED).u64(start).u64(length).u32(process).string(client);
  }

  private unlink(r: Reader, folder: F.TreeNode): Answer {
    const name = r.string();
    const flags = r.u32();
    const node = folder.children?.get(name);
    if (!node) return r.broken ? EPROTO : F.ENOENT;
    if (node.children && (flags & AT_REMOVEDIR) === 0) return F.EISDIR;
    if (!node.children && flags & AT_REMOVEDIR) return F.ENOTDIR;
    return this.change(() => this.tree.remove(node));
  }

  private rename(r: Reader, node: F.TreeNode): Answer {
    const folder = this.fids.get(r.u32());
    const name = r.string();
    if (r.broken || !folder) return folder ? EPROTO : EBADF;
    return this.change(() => this.tree.move(node, folder, name));
  }

  private renameAt(r: Reader): Answer {
    const from = this.fids.get(r.u32());
    const name = r.string();
    const to = this.fids.get(r.u32());
    const newName = r.string();
    if (r.broken) return EPROTO;
    if (!from || !to) return EBADF;
    const node = from.children?.get(name);
    return node ? this.change(() => this.tree.move(node, to, newName)) : F.ENOENT;
  }

  reset(): void {
    this.dropAll();
    this.messageMax = MESSAGE_MAX;
  }

  /** Numbers with the paths of what they mean; what was removed meanwhile is forgotten. */
  save(): { messageMax: number; fids: [number, string][] } {
    const fids = [...this.fids].flatMap(([fid, node]): [number, string][] => {
      const path = this.tree.pathOf(node);
      return path === null ? [] : [[fid, path]];
    });
    return { messageMax: this.messageMax, fids };
  }

  restore({ messageMax, fids }: ReturnType<NinePServer['save']>): void {
    this.reset();
    this.messageMax = Math.min(messageMax, MESSAGE_MAX);
    for (const [fid, path] of fids) {
      const node = this.tree.find(path);
      if (node) this.put(fid, node);
    }
  }
}

function putQid(writer: Writer, node: F.TreeNode): Writer {
  const type = node.children ? QID_DIRECTORY : (node.mode & F.S_IFMT) === F.S_IFLNK ? QID_SYMLINK : 0;
  // The version changes with the content: Linux's caches look at it.
  return writer
    .u8(type)
    .u32(Number((node.mtime / 1000n) & 0xffff_ffffn))
    .u64(node.id);
}

function attributes(node: F.TreeNode): Writer {
  const writer = new Writer().u64(GETATTR_BASIC);
  putQid(writer, node).u32(node.mode).u32(node.uid).u32(node.gid);
  for (const value of [node.children ? 2 + node.folders : 1, 0, node.size, BLOCK, Math.ceil(node.size / 512)])
    writer.u64(value);
  for (const time of [node.atime, node.mtime, node.ctime, 0n]) writer.u64(time / NS).u64(time % NS);
  return writer.u64(0).u64(0);
}
