import { rmSync } from 'node:fs';
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
import { backingPath, hostFile, reason } from '../host-image.ts';
import { COMPRESSOR, formatNamed, keepApart, must, openImage } from '../images.ts';
import { print } from '../output.ts';

export const CREATE_OPTIONS = ['-f:', '-b:', '-F:', '-u', '-o:'];

const NAMES = new Set([
  'size',
  'compat',
  'backing_file',
  'backing_fmt',
  'cluster_size',
  'refcount_bits',
  'lazy_refcounts',
  'extended_l2',
  'compression_type',
  'preallocation',
]);

/** What `-o` says, as options of a new image. @throws CommandError for what is unknown or contradictory */
export function qcow2Options(options: ReadonlyMap<string, string>, size: number): CreateOptions {
  for (const name of options.keys())
    if (!NAMES.has(name)) throw new CommandError(`Invalid parameter '${name}'`);
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
    preallocation: choose('preallocation', ['off', 'metadata', 'falloc', 'full']),
    backingFile: options.get('backing_file') || null,
    backingFormat: options.get('backing_fmt') || null,
  };
  const problem = createProblem(found);
  if (problem) throw new CommandError(problem);
  return found;
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
  if (path === undefined || rest.length > 0) throw usage('Expecting image file name');
  const format = last(args, '-f') ?? 'raw';
  const options = parseOptions(args.values.get('-o') ?? []);
  const backing = last(args, '-b') ?? options.get('backing_file');
  const backingFormat = last(args, '-F') ?? options.get('backing_fmt');
  let size = sizeText === undefined ? parseSize(options.get('size') ?? '') : sizeArgument(sizeText);
  if (format !== 'raw' && format !== 'qcow2') {
    formatNamed(format);
    throw new CommandError(`${path}: Format driver '${format}' does not support image creation`);
  }
  if (backing !== undefined && format === 'raw')
    throw new CommandError(`${path}: Backing file not supported for file format 'raw'`);
  if (backing !== undefined && !has(args, '-u')) {
    const below = backingPath(path, backing);
    if (backingFormat === undefined) {
      const detected = await must(hostFile(below, { readOnly: true }), path);
      await detected.node.close();
      throw new CommandError(`${path}: Backing file specified without backing format: give it with -F`);
    }
    const opened = await openImage(below, { format: backingFormat, readOnly: true }).catch((error) => {
      throw new CommandError(`${path}: ${error.message}\nCould not open backing image.`);
    });
    keepApart(path, below, opened);
    size ??= opened.node.size;
    await opened.node.close();
  }
  if (size === null) throw new CommandError(`${path}: Image creation needs a size parameter`);
  if (format === 'raw') {
    for (const name of options.keys())
      if (name !== 'size' && name !== 'preallocation')
        throw new CommandError(`${path}: Invalid parameter '${name}'`);
    size = Math.ceil(size / 512) * 512;
    if (!has(args, '-q')) print(`Formatting '${path}', fmt=raw size=${size}`);
    const file = createFile(path);
    await must(file.resize(size), path);
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
