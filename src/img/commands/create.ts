import { rmSync } from 'node:fs';
import { type BlockNode, type BlockResult, writeZerosAsBytes } from '../../block/block-node.ts';
import { type CreateOptions, createProblem, createQcow2 } from '../../block/format/qcow2/create.ts';
import type { Qcow2Node } from '../../block/format/qcow2/qcow2-node.ts';
import {
  type Arguments,
  CommandError,
  has,
  last,
  parseOptions,
  parseSize,
  sizeArgument,
  usage,
} from '../arguments.ts';
import { FileNode } from '../file-node.ts';
import { backingPath, reason } from '../host-image.ts';
import { COMPRESSOR, formatNamed, keepApart, must, openImage } from '../images.ts';
import { print } from '../output.ts';

export const CREATE_OPTIONS = ['-f:', '-b:', '-F:', '-u', '-o:'];

const SIZE_HELP = { size: '<size>            - Virtual disk size' };
/** By name: the value, and what it is, as qemu-img has them. */
const QCOW2_HELP: Readonly<Record<string, string>> = {
  backing_file: '<str>     - File name of a base image',
  backing_fmt: '<str>      - Image format of the base image',
  cluster_size: '<size>    - qcow2 cluster size',
  compat: '<str>           - Compatibility level (v2 [0.10] or v3 [1.1])',
  compression_type: '<str> - Compression method used for image cluster compression',
  extended_l2: '<bool (on/off)> - Extended L2 tables',
  lazy_refcounts: '<bool (on/off)> - Postpone refcount updates',
  preallocation: '<str>    - Preallocation mode (allowed values: off, metadata, falloc, full)',
  refcount_bits: '<num>    - Width of a reference count entry in bits',
  ...SIZE_HELP,
};
const RAW_HELP: Readonly<Record<string, string>> = {
  preallocation: '<str>   - Preallocation mode (allowed values: off, falloc, full)',
  ...SIZE_HELP,
};

export const asksForHelp = (options: ReadonlyMap<string, string>): boolean =>
  options.has('help') || options.has('?');

/** Lists what `-o` takes. @returns the status */
export function optionHelp(format: string): number {
  const help = { raw: RAW_HELP, qcow2: QCOW2_HELP }[formatNamed(format) as string];
  if (!help) throw new CommandError(`Format driver '${format}' does not support image creation`);
  print(
    [`Supported ${format} options:`, ...Object.entries(help).map(([name, text]) => `  ${name}=${text}`)].join(
      '\n',
    ),
  );
  return 0;
}

/** What `-o` says, as options of a new image. @throws CommandError for what is unknown or contradictory */
export function qcow2Options(options: ReadonlyMap<string, string>, size: number): CreateOptions {
  for (const name of options.keys())
    if (!Object.hasOwn(QCOW2_HELP, name)) throw new CommandError(`Invalid parameter '${name}'`);
  const flag = (name: string): boolean => {
    const value = options.get(name) ?? 'off';
    if (['on', 'yes', 'true'].includes(value)) return true;
    if (['off', 'no', 'false'].includes(value)) return false;
    throw new CommandError(`Parameter '${name}' expects 'on' or 'off'`);
  };
  const choose = <const T extends string>(name: string, choices: readonly T[]): T => {
    const value = options.get(name) ?? choices[0];
    if ((choices as readonly string[]).includes(value)) return value as T;
    throw new CommandError(`Parameter '${name}' does not accept value '${value}'`);
  };
  const compat = choose('compat', ['1.1', 'v3', '0.10', 'v2']);
  const clusterSize = parseSize(options.get('cluster_size') ?? '64k');
  if (clusterSize === null) throw new CommandError("Parameter 'cluster_size' expects a size");
  const found: CreateOptions = {
    size,
    version: compat === '1.1' || compat === 'v3' ? 3 : 2,
    clusterSize,
    refcountBits: Number(options.get('refcount_bits') ?? 16),
    lazyRefcounts: flag('lazy_refcounts'),
    extendedL2: flag('extended_l2'),
    compressionType: choose('compression_type', ['zlib', 'zstd']),
    preallocation: choose('preallocation', PREALLOCATIONS),
    backingFile: options.get('backing_file') || null,
    backingFormat: options.get('backing_fmt') || null,
  };
  const problem = createProblem(found);
  if (problem) throw new CommandError(problem);
  return found;
}

export const PREALLOCATIONS = ['off', 'metadata', 'falloc', 'full'] as const;
export type Preallocation = (typeof PREALLOCATIONS)[number];

/** How room for a raw image is made. @throws CommandError */
export function rawPreallocation(value = 'off'): Preallocation {
  if (value === 'off' || value === 'falloc' || value === 'full') return value;
  throw new CommandError(
    value === 'metadata' ? 'Unsupported preallocation mode: metadata' : `invalid parameter value: ${value}`,
  );
}

/** What `-o` says of a new raw image. @throws CommandError */
export function rawOptions(options: ReadonlyMap<string, string>): Preallocation {
  for (const name of options.keys())
    if (name !== 'size' && name !== 'preallocation') throw new CommandError(`Invalid parameter '${name}'`);
  return rawPreallocation(options.get('preallocation'));
}

/** Makes a raw image longer. Node cannot ask for room: it is made by zeros that are written, for `falloc` too. */
export async function growRaw(
  node: BlockNode,
  size: number,
  preallocation: Preallocation,
): Promise<BlockResult> {
  const before = node.size;
  const grown = await node.resize(size);
  return grown.ok && preallocation !== 'off' ? writeZerosAsBytes(node, before, size - before) : grown;
}

/** Makes a raw image of zeros in a file, which is overwritten; there is none if that fails. */
export async function makeRaw(path: string, size: number, preallocation: Preallocation): Promise<FileNode> {
  const file = createFile(path);
  const made = await growRaw(file, size, preallocation);
  if (!made.ok) {
    file.close();
    rmSync(path);
  }
  await must(made, path);
  return file;
}

/** Makes a qcow2 image in a file, which is overwritten; there is none if that fails. */
export async function makeQcow2(path: string, options: CreateOptions): Promise<Qcow2Node> {
  const file = createFile(path);
  const made = await createQcow2(file, { ...options, compressor: COMPRESSOR });
  if (!made.ok) {
    file.close();
    rmSync(path);
  }
  return must(made, path);
}

/** An empty file. @throws CommandError */
export function createFile(path: string): FileNode {
  try {
    return new FileNode(path, { create: true });
  } catch (error) {
    throw new CommandError(`${path}: Could not create '${path}': ${reason(error)}`);
  }
}

export async function create(args: Arguments): Promise<number> {
  const [path, sizeText, ...rest] = args.names;
  const format = last(args, '-f') ?? 'raw';
  const options = parseOptions(args.values.get('-o') ?? []);
  if (asksForHelp(options)) return optionHelp(format);
  if (path === undefined || rest.length > 0) throw usage('Expecting image file name');
  const backing = last(args, '-b') ?? options.get('backing_file');
  const backingFormat = last(args, '-F') ?? options.get('backing_fmt');
  if (sizeText !== undefined && options.has('size'))
    throw new CommandError(`${path}: The image size must be specified only once`);
  let size = sizeText === undefined ? parseSize(options.get('size') ?? '') : sizeArgument(sizeText);
  if (format !== 'raw' && format !== 'qcow2') {
    formatNamed(format);
    throw new CommandError(`${path}: Format driver '${format}' does not support image creation`);
  }
  if (backing !== undefined && format === 'raw')
    throw new CommandError(`${path}: Backing file not supported for file format 'raw'`);
  if (backing && backingFormat === undefined)
    throw new CommandError(`${path}: Backing file specified without backing format: give it with -F`);
  if (backing && !has(args, '-u')) {
    const below = backingPath(path, backing);
    const opened = await openImage(below, { format: backingFormat, readOnly: true }).catch((error) => {
      throw new CommandError(`${path}: ${error.message}\nCould not open backing image.`);
    });
    keepApart(path, below, opened);
    size ??= opened.node.size;
    await opened.node.close();
  }
  if (size === null) throw new CommandError(`${path}: Image creation needs a size parameter`);
  if (format === 'raw') {
    const mode = rawOptions(options);
    const shown = options.has('preallocation') ? ` preallocation=${mode}` : '';
    if (!has(args, '-q')) print(`Formatting '${path}', fmt=raw size=${size}${shown}`);
    const file = await makeRaw(path, Math.ceil(size / 512) * 512, mode);
    await must(file.close(), path);
    return 0;
  }
  const made = qcow2Options(options, Math.ceil(size / 512) * 512);
  made.backingFile = backing || null;
  made.backingFormat = backing ? (backingFormat ?? null) : null;
  if (!has(args, '-q')) print(formatting(path, { ...made, size }));
  const node = await makeQcow2(path, made);
  await must(node.close(), path);
  return 0;
}

function formatting(path: string, options: CreateOptions): string {
  const flag = (value: boolean | undefined): string => (value ? 'on' : 'off');
  return [
    `Formatting '${path}', fmt=qcow2 cluster_size=${options.clusterSize}`,
    `extended_l2=${flag(options.extendedL2)}`,
    ...(options.preallocation === 'off' ? [] : [`preallocation=${options.preallocation}`]),
    `compression_type=${options.compressionType} size=${options.size}`,
    ...(options.version === 2 ? ['compat=0.10'] : []),
    ...(options.backingFile ? [`backing_file=${options.backingFile}`] : []),
    ...(options.backingFormat ? [`backing_fmt=${options.backingFormat}`] : []),
    `lazy_refcounts=${flag(options.lazyRefcounts)} refcount_bits=${options.refcountBits}`,
  ].join(' ');
}
