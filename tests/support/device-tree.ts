/** A device tree as plain data: node path → property → value as hexadecimal bytes. */
export type TreeData = Record<string, Record<string, string>>;

const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_NOP = 4;
const FDT_END = 9;

/** Reads a blob (DTB); throws if its header or structure is not what the specification says. */
export function readBlob(blob: Uint8Array): TreeData {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const [magic, size, structure, strings, reservations, version, compatible] = [0, 1, 2, 3, 4, 5, 6].map(
    (i) => view.getUint32(i * 4),
  );
  if (magic !== 0xd00dfeed || size !== blob.length || version !== 17 || compatible > 17)
    throw new Error('bad header');
  if (reservations % 8 !== 0 || structure % 4 !== 0) throw new Error('misaligned block');
  const text = (at: number): string => {
    const end = blob.indexOf(0, at);
    return new TextDecoder().decode(blob.subarray(at, end));
  };
  const tree: TreeData = {};
  const path: string[] = [];
  let at = structure;
  for (;;) {
    const token = view.getUint32(at);
    at += 4;
    if (token === FDT_BEGIN_NODE) {
      const name = text(at);
      path.push(name);
      at += align4(name.length + 1);
      tree[pathOf(path)] = {};
    } else if (token === FDT_PROP) {
      const length = view.getUint32(at);
      const name = text(strings + view.getUint32(at + 4));
      tree[pathOf(path)][name] = hex(blob.subarray(at + 8, at + 8 + length));
      at += 8 + align4(length);
    } else if (token === FDT_END_NODE) {
      path.pop();
    } else if (token === FDT_END) {
      if (path.length > 0) throw new Error('unbalanced nodes');
      return tree;
    } else if (token !== FDT_NOP) {
      throw new Error(`bad token ${token}`);
    }
  }
}

/** Reads the source format as `dtc -O dts` prints it: a property a line. */
export function readSource(source: string): TreeData {
  const tree: TreeData = {};
  const path: string[] = [];
  for (const raw of source.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('//') || line === '/dts-v1/;') continue;
    const open = /^(\S+) \{$/.exec(line);
    if (open) {
      path.push(open[1] === '/' ? '' : open[1]);
      tree[pathOf(path)] = {};
    } else if (line === '};') {
      path.pop();
    } else {
      const property = /^(\S+?)(?: = (.*))?;$/.exec(line);
      if (!property) throw new Error(`unreadable line: ${line}`);
      tree[pathOf(path)][property[1]] = valueOf(property[2] ?? '');
    }
  }
  return tree;
}

function valueOf(value: string): string {
  let bytes = '';
  for (const [, cells, string] of value.matchAll(/<([^>]*)>|"((?:[^"\\]|\\.)*)"/g)) {
    if (cells !== undefined) {
      for (const cell of cells.split(' ')) bytes += Number(cell).toString(16).padStart(8, '0');
    } else {
      const text = string.replace(/\\([0-7]{1,3})/g, (_, octal) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      bytes += hex(new TextEncoder().encode(`${text}\0`));
    }
  }
  return bytes;
}

function pathOf(path: readonly string[]): string {
  return path.length === 1 ? '/' : path.join('/');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function align4(value: number): number {
  return Math.ceil(value / 4) * 4;
}
