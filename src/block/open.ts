/** Opens images: finds out their format, and builds the nodes of a chain of backing files, the base first. */
import { type BlockNode, type BlockResult, failure, success } from './block-node.ts';
import type { Compressor } from './format/codecs.ts';
import { type FormatName, FORMATS, foreignFormat, formatOf, PROBE_BYTES } from './format/probe.ts';
import { Qcow2Node, readHeader } from './format/qcow2/qcow2-node.ts';
import { RawNode } from './format/raw-node.ts';
import { request } from './request.ts';

/** A file with an image, and how to find others from it. */
export interface ImageFile {
  node: BlockNode;
  /** Tells whether two are the same file. */
  id: string;
  /** For messages. */
  name: string;
  /** Opens the backing file that the image names, only to be read. Absent: there are none to be had. */
  backing?(name: string): Promise<BlockResult<ImageFile>>;
}

export interface OpenOptions {
  /** Absent: what its bytes say. */
  format?: FormatName;
  readOnly?: boolean;
  /** Without its backing file: what the image does not have itself reads as zeros. */
  noBacking?: boolean;
  discard?: 'unmap' | 'ignore';
  compressor?: Compressor;
  /** Opens a qcow2 image as it is, though it is marked as dirty or corrupt. */
  asIs?: boolean;
}

export interface OpenedImage {
  node: BlockNode;
  format: FormatName;
  /** The format was found out, not given. */
  probed: boolean;
  /** The chain below, the nearest first. */
  chain: { name: string; format: FormatName }[];
}

/** Longer chains are a mistake, or meant to be. */
const MAX_CHAIN = 64;

export const isFormat = (name: string): name is FormatName => (FORMATS as readonly string[]).includes(name);

/**
 * Finds out the format of an image. Fails for formats that are known but cannot be opened.
 * @param name of the file: a fixed VHD is one only if it is called so
 */
export async function probe(file: BlockNode, name = ''): Promise<BlockResult<FormatName>> {
  const head = await file.read(0, Math.min(file.size, PROBE_BYTES));
  if (!head.ok) return head;
  const format = formatOf(head.value);
  if (format) return success(format);
  const foreign = foreignFormat(head.value);
  if (foreign) return failure('unsupported', `it is a ${foreign} file: unpack or convert it to a raw image`);
  // A fixed VHD is a raw image with a footer, which a guest can write too: somebody has to say that it is one.
  if (/\.vhd$/i.test(name) && file.size > PROBE_BYTES && file.size % 512 === 0) {
    const foot = await file.read(file.size - 512, 8);
    if (foot.ok && String.fromCharCode(...foot.value) === 'conectix') return success('vpc');
  }
  return success('raw');
}

/** Opens an image and what backs it. The file is closed again if that fails. */
export async function openImageFile(
  file: ImageFile,
  options: OpenOptions = {},
): Promise<BlockResult<OpenedImage>> {
  const result = await open(file, options, [file.id]);
  if (!result.ok) await file.node.close();
  return result;
}

async function open(
  file: ImageFile,
  options: OpenOptions,
  seen: string[],
): Promise<BlockResult<OpenedImage>> {
  let { format } = options;
  const probed = format === undefined;
  if (format === undefined) {
    const found = await probe(file.node, file.name);
    if (!found.ok) return found;
    format = found.value;
  }
  switch (format) {
    case 'raw':
      return success({ node: new RawNode(file.node, { probed }), format, probed, chain: [] });
    case 'qcow2':
      return openQcow2(file, options, seen, probed);
    default: {
      if (options.readOnly === false)
        return failure('read-only', `${format} images can only be read: convert it to qcow2 to write to it`);
      // Few images are any of these: a boot of others does without their part of the page.
      const others = await import('./format/read-only-formats.ts').catch(() => null);
      if (!others) return failure('io', `the part that reads ${format} images could not be loaded`);
      const node = await others.READ_ONLY_FORMATS[format](file.node);
      return node.ok ? success({ node: node.value, format, probed, chain: [] }) : node;
    }
  }
}

async function openQcow2(
  file: ImageFile,
  options: OpenOptions,
  seen: string[],
  probed: boolean,
): Promise<BlockResult<OpenedImage>> {
  const header = await request(readHeader(file.node));
  if (!header.ok) return header;
  const { backingFile, backingFormat } = header.value;
  const chain: OpenedImage['chain'] = [];
  let backing: BlockNode | null = null;
  if (backingFile !== null && !options.noBacking) {
    const below = await openBacking(file, backingFile, backingFormat, seen);
    if (!below.ok) return below;
    backing = below.value.node;
    chain.push(...below.value.chain);
  }
  const { readOnly = false, discard, compressor, asIs } = options;
  const node = await Qcow2Node.open(file.node, {
    readOnly,
    backing,
    ...(discard && { discard }),
    ...(compressor && { compressor }),
    ...(asIs && { asIs }),
  });
  if (!node.ok) {
    await backing?.close();
    return node;
  }
  return success({ node: node.value, format: 'qcow2', probed, chain });
}

async function openBacking(
  file: ImageFile,
  name: string,
  formatName: string | null,
  seen: string[],
): Promise<BlockResult<OpenedImage>> {
  const wrong = (message: string) => failure('io', `the backing file ${name} of ${file.name}: ${message}`);
  if (!file.backing) return wrong('there is no way to open it here');
  const format = formatName?.toLowerCase();
  if (format && !isFormat(format)) return wrong(`its format ${formatName} is not known`);
  if (seen.length >= MAX_CHAIN) return wrong(`the chain is longer than ${MAX_CHAIN} images`);
  const next = await file.backing(name);
  if (!next.ok) return wrong(next.error.message);
  const { id, node } = next.value;
  if (seen.includes(id)) {
    await node.close();
    return wrong('the chain leads back to an image above');
  }
  const opened = await open(next.value, { readOnly: true, ...(format && isFormat(format) && { format }) }, [
    ...seen,
    id,
  ]);
  if (!opened.ok) {
    await node.close();
    return wrong(opened.error.message);
  }
  const { chain } = opened.value;
  return success({
    ...opened.value,
    chain: [{ name: next.value.name, format: opened.value.format }, ...chain],
  });
}
