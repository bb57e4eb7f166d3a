// Tar archives as dpkg-deb makes them (ustar and GNU's long names), read from memory and written header by header.

const BLOCK = 512;
const NAME_MAX = 100;

/** Kinds of entries by the header's type flag; ustar, POSIX.1-1988 section 10.1.1. */
const TYPES = { 0: 'file', 1: 'link', 2: 'symlink', 3: 'character', 4: 'block', 5: 'directory', 6: 'fifo' };
const FLAGS = Object.fromEntries(Object.entries(TYPES).map(([flag, type]) => [type, flag]));

const text = (header, at, length) => {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
};

const octal = (header, at, length) => {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new Error('tar: a number in a header is not octal');
  return Number.parseInt(digits || '0', 8);
};

const padded = (length) => Math.ceil(length / BLOCK) * BLOCK;

/**
 * The entries of an archive, in order: {path, type, mode, uid, gid, mtime, target, device, content}, `path` without leading "./" and trailing "/"
 * (the root itself is ""), `target` of links, `device` [major, minor]; `content` is a view of the archive's bytes.
 * Throws on an archive that is cut short or of a kind that dpkg-deb does not make.
 */
export function* tarEntries(archive) {
  let longName;
  let longTarget;
  for (let at = 0; ; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.length < BLOCK) throw new Error('tar: the archive is cut short');
    if (header[0] === 0) return;
    const size = octal(header, 124, 12);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) throw new Error('tar: the archive is cut short');
    at += BLOCK + padded(size);
    const flag = String.fromCharCode(header[156] || 0x30);
    if (flag === 'L') longName = text(content, 0, size);
    else if (flag === 'K') longTarget = text(content, 0, size);
    else {
      const type = TYPES[flag];
      if (!type) throw new Error(`tar: an entry has the unknown type "${flag}"`);
      const prefix = text(header, 345, 155);
      const name =
        longName ??
        (prefix && text(header, 257, 6) === 'ustar' ? `${prefix}/` : '') + text(header, 0, NAME_MAX);
      yield {
        path: name
          .replace(/^\.?\/+/, '')
          .replace(/\/+$/, '')
          .replace(/^\.$/, ''),
        type,
        mode: octal(header, 100, 8),
        uid: octal(header, 108, 8),
        gid: octal(header, 116, 8),
        mtime: octal(header, 136, 12),
        target: longTarget ?? text(header, 157, NAME_MAX),
        device: [octal(header, 329, 8), octal(header, 337, 8)],
        content,
      };
      longName = longTarget = undefined;
    }
  }
}

function header(name, flag, { mode = 0, uid = 0, gid = 0, mtime = 0, target = '', device = [0, 0] }, size) {
  const bytes = Buffer.alloc(BLOCK);
  const put = (value, at, length) => bytes.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  Buffer.from(name).copy(bytes, 0, 0, NAME_MAX);
  put(mode & 0o7777, 100, 8);
  put(uid, 108, 8);
  put(gid, 116, 8);
  put(size, 124, 12);
  put(mtime, 136, 12);
  bytes.fill(0x20, 148, 156);
  bytes.write(flag, 156);
  Buffer.from(target).copy(bytes, 157, 0, NAME_MAX);
  bytes.write('ustar  \0', 257);
  put(device[0], 329, 8);
  put(device[1], 337, 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

const withPadding = (bytes) => [bytes, Buffer.alloc(padded(bytes.length) - bytes.length)];

function longText(flag, value) {
  const bytes = Buffer.from(`${value}\0`);
  return [header('././@LongLink', flag, {}, bytes.length), ...withPadding(bytes)];
}

/** The bytes of one entry, as `tarEntries` describes it; `content` may be a text. */
export function encodeTarEntry(entry) {
  const { path, type, target = '' } = entry;
  if (!(type in FLAGS)) throw new Error(`tar: ${path} has the unknown type "${type}"`);
  const content = type === 'file' ? Buffer.from(entry.content ?? '') : Buffer.alloc(0);
  const name = type === 'directory' ? `./${path}/` : `./${path}`;
  return Buffer.concat([
    ...(Buffer.byteLength(target) > NAME_MAX ? longText('K', target) : []),
    ...(Buffer.byteLength(name) > NAME_MAX ? longText('L', name) : []),
    header(name, FLAGS[type], entry, content.length),
    ...withPadding(content),
  ]);
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);
