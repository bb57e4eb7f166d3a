/** What a file of the person's is, found out from its content. */
import { type FileUse, fileUse, fileKind, SNIFF_SIZE, TAIL_SIZE } from './file-kind.ts';

const GZIP = [0x1f, 0x8b];

async function bytesOf(part: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await part.arrayBuffer());
}

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

/** Finds out what a file is good for, or why for nothing. @throws DOMException the file cannot be read: it is a folder, or gone */
export async function sniff(file: File): Promise<FileUse> {
  const header = await bytesOf(file.slice(0, SNIFF_SIZE));
  if (file.size === 0) return { foreign: 'empty' };
  if (!GZIP.every((byte, at) => header[at] === byte))
    return fileUse(file.name, file.size, header, await bytesOf(file.slice(-TAIL_SIZE)));
  const inside = await unpackedHead(file);
  const name = file.name.replace(/\.gz$/i, '');
  const use = fileUse(name, 0, inside);
  if ('foreign' in use) return { foreign: `a compressed file; what it holds is ${use.foreign}` };
  if ('unknown' in use) return fileKind(name) === 'initrd' ? { kind: 'initrd' } : use;
  const { kind } = use;
  return kind === 'kernel' || kind === 'initrd' || kind === 'bios'
    ? use
    : { foreign: 'a compressed image: unpack it first, as with gunzip' };
}
