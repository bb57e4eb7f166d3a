/** What a file of the person's is, found out from its content. */
import { type FileKind, fileKind, foreignKind, imageKind, isText, SNIFF_SIZE } from './file-kind.ts';

export type Sniffed = { kind: FileKind } | { problem: string };

const GZIP = [0x1f, 0x8b];

/** The first bytes of what a gzip file holds, fewer if it is damaged. */
async function unpackedHead(file: Blob): Promise<Uint8Array> {
  const head = new Uint8Array(SNIFF_SIZE);
  let length = 0;
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    while (length < SNIFF_SIZE) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, SNIFF_SIZE - length);
      head.set(part, length);
      length += part.length;
    }
  } catch {
    // What came before the damage says enough.
  }
  void reader.cancel().catch(() => {});
  return head.subarray(0, length);
}

/** Finds out what a file is good for, or why for nothing. */
export async function sniff(file: File): Promise<Sniffed> {
  let header: Uint8Array<ArrayBuffer>;
  try {
    header = new Uint8Array(await file.slice(0, SNIFF_SIZE).arrayBuffer());
  } catch {
    // A folder that is dropped is a file that cannot be read.
    return {
      problem: `“${file.name}” cannot be read. If it is a folder: a machine mounts one that is chosen in its options, under “Screen, sound and devices”. If not, it was moved or changed.`,
    };
  }
  if (file.size === 0) return { problem: `“${file.name}” is empty.` };
  const foreign = foreignKind(header);
  if (foreign) return { problem: `“${file.name}” is ${foreign}.` };
  if (!GZIP.every((byte, at) => header[at] === byte)) {
    const kind = imageKind(file.name, file.size, header);
    const disk = kind === 'hda' || kind === 'cdrom' || kind === 'fda';
    if (!disk && isText(header)) return { problem: `“${file.name}” is a text: no machine starts from one.` };
    return { kind };
  }
  const inside = await unpackedHead(file);
  const name = file.name.replace(/\.gz$/i, '');
  const kind = imageKind(name, 0, inside);
  if (kind === 'cdrom' || kind === 'hda' || kind === 'fda')
    return { problem: `“${file.name}” is a compressed image: unpack it first, as with gunzip.` };
  return { kind: kind === 'kernel' ? fileKind(file.name) : kind };
}
