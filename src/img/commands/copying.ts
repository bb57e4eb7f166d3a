/** Commands that look at whole disks: compare, map, measure. */
import { bitmapRoom, readBitmaps } from '../../block/format/qcow2/bitmaps.ts';
import { Qcow2Node } from '../../block/format/qcow2/qcow2-node.ts';
import { request } from '../../block/request.ts';
import { compareDisks } from '../../block/tools/copy.ts';
import { layeredStatus } from '../../block/tools/layers.ts';
import { measureQcow2 } from '../../block/tools/qcow2-tools.ts';
import {
  type Arguments,
  checkHostOptions,
  CommandError,
  has,
  last,
  parseOptions,
  parseSize,
  sizeArgument,
  usage,
  wantsJson,
} from '../arguments.ts';
import { formatNamed, must, openImage } from '../images.ts';
import { print, printJson, progressTo } from '../output.ts';
import { openSource } from './convert.ts';
import { qcow2Options } from './create.ts';

export const COMPARE_OPTIONS = ['-f:', '-F:', '-T:', '-s'];

/** 1 means that they differ. */
function failed(error: unknown): never {
  throw error instanceof CommandError ? new CommandError(error.message, 2) : error;
}

export async function compare(args: Arguments): Promise<number> {
  if (args.names.length !== 2) throw usage('Expecting two image file names');
  try {
    checkHostOptions(args);
  } catch (error) {
    failed(error);
  }
  const say = (text: string): void => {
    if (!has(args, '-q')) print(text);
  };
  const [a, b] = await Promise.all(
    args.names.map((path, i) =>
      openImage(path, { format: last(args, i === 0 ? '-f' : '-F'), readOnly: true }).catch(failed),
    ),
  );
  const close = async (status: number): Promise<number> => {
    await Promise.all([a.node.close(), b.node.close()]);
    return status;
  };
  const differ = a.node.size !== b.node.size;
  if (differ && has(args, '-s')) {
    say('Strict mode: Image size mismatch!');
    return close(1);
  }
  const strict = has(args, '-s');
  const difference = await must(compareDisks(a.node, b.node, { strict, progress: progressTo(args) })).catch(
    failed,
  );
  if (difference?.kind === 'status') {
    say(`Strict mode: Offset ${difference.offset} block status mismatch!`);
    return close(1);
  }
  const place = difference?.offset ?? null;
  if (differ && (place === null || place >= Math.min(a.node.size, b.node.size)))
    say('Warning: Image size mismatch!');
  if (place !== null) {
    say(`Content mismatch at offset ${place}!`);
    return close(1);
  }
  say('Images are identical.');
  return close(0);
}

export const MAP_OPTIONS = ['-f:', '--output:', '--start-offset:', '-s:', '--max-length:', '-l:'];

interface MapEntry {
  start: number;
  length: number;
  depth: number;
  present: boolean;
  zero: boolean;
  data: boolean;
  offset?: number;
}

export async function map(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  const json = wantsJson(args);
  const opened = await openImage(path, { format: last(args, '-f'), readOnly: true });
  const files = [path, ...opened.chain.map(({ name }) => name)];
  const first = sizeArgument(last(args, '--start-offset') ?? last(args, '-s') ?? '0');
  const most = last(args, '--max-length') ?? last(args, '-l');
  const end = Math.min(
    opened.node.size,
    most === undefined ? Number.POSITIVE_INFINITY : first + sizeArgument(most),
  );
  const entries: MapEntry[] = [];
  if (first >= end)
    entries.push({ start: first, length: 0, depth: 0, present: false, zero: false, data: false });
  for (let at = first; at < end; ) {
    const status = await must(layeredStatus(opened.node, at, end - at));
    const { length, depth, allocated, zero, data, offset } = status;
    // Bytes that no layer has are shown as the lowest one's.
    const entry: MapEntry = {
      ...{ start: at, length, depth, present: allocated, zero, data },
      ...(offset !== null && { offset }),
    };
    const previous = entries.at(-1);
    if (previous && follows(previous, entry)) previous.length += length;
    else entries.push(entry);
    at += length;
  }
  // As QEMU has it a raw image's last sector is whole.
  const [size, whole] = [opened.node.size, Math.ceil(opened.node.size / 512) * 512];
  if (end === size && first < size && whole > size)
    entries.push({
      ...{
        start: size,
        length: whole - size,
        depth: 0,
        present: true,
        zero: true,
        data: false,
        offset: size,
      },
    });
  await must(opened.node.close());
  if (json) {
    const lines = entries.map(
      (entry) =>
        `{ ${Object.entries(entry)
          .map(([key, value]) => `"${key}": ${value}`)
          .join(', ')}}`,
    );
    print(`[${lines.join(',\n')}]`);
    return 0;
  }
  print(`${'Offset'.padEnd(16)}${'Length'.padEnd(16)}${'Mapped to'.padEnd(16)}File`);
  for (const { start, length, depth, zero, data, offset } of entries) {
    if (!data || zero) continue;
    if (offset === undefined)
      throw new CommandError('File contains external, encrypted or compressed clusters.');
    const hex = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`).padEnd(16);
    print(`${hex(start)}${hex(length)}${hex(offset)}${files[depth]}`);
  }
  return 0;
}

function follows(a: MapEntry, b: MapEntry): boolean {
  const alike = a.depth === b.depth && a.present === b.present && a.zero === b.zero && a.data === b.data;
  return alike && (a.offset === undefined ? b.offset === undefined : b.offset === a.offset + a.length);
}

export const MEASURE_OPTIONS = ['-f:', '-O:', '-o:', '-l:', '--output:', '--size:'];

export async function measure(args: Arguments): Promise<number> {
  const json = wantsJson(args);
  const [path, ...rest] = args.names;
  const sizeText = last(args, '--size');
  if (rest.length > 0) throw usage('At most one filename argument is allowed.');
  if ((path === undefined) === (sizeText === undefined))
    throw usage('Either --size N or one filename must be specified.');
  const target = last(args, '-O') ?? 'raw';
  const options = parseOptions(args.values.get('-o') ?? []);
  const source = path === undefined ? null : (await openSource(args, path)).node;
  const size = source ? source.size : parseSize(sizeText!);
  if (size === null) throw new CommandError('Invalid image size specified.');
  const disk = Math.ceil(size / 512) * 512;
  let result = { required: disk, fullyAllocated: disk };
  let bitmaps: number | null = null;
  if (target === 'qcow2') {
    const { clusterSize, refcountBits, extendedL2, preallocation, backingFile } = qcow2Options(options, disk);
    result = await must(
      measureQcow2(source, disk, {
        clusterSize: clusterSize!,
        refcountBits: refcountBits!,
        extendedL2: extendedL2!,
        backed: backingFile !== null,
        preallocated: preallocation === 'full' || preallocation === 'falloc',
      }),
    );
    if (source instanceof Qcow2Node && source.image.header.version === 3)
      bitmaps = bitmapRoom(await must(request(readBitmaps(source.image))), disk, clusterSize!);
  } else if (target !== 'raw') {
    throw new CommandError(`Block driver '${formatNamed(target)}' does not support size measurement`);
  }
  await source?.close();
  if (json) {
    printJson({
      ...(bitmaps !== null && { bitmaps }),
      required: result.required,
      'fully-allocated': result.fullyAllocated,
    });
  } else {
    print(`required size: ${result.required}\nfully allocated size: ${result.fullyAllocated}`);
    if (bitmaps !== null) print(`bitmaps size: ${bitmaps}`);
  }
  return 0;
}
