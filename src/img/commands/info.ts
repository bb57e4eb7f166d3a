import { statSync } from 'node:fs';
import { MappedNode } from '../../block/format/mapped-node.ts';
import { type Bitmap, readBitmaps } from '../../block/format/qcow2/bitmaps.ts';
import { Qcow2Node } from '../../block/format/qcow2/qcow2-node.ts';
import { VmdkNode } from '../../block/format/vmdk-node.ts';
import { CORRUPT, DIRTY, EXTENDED_L2, LAZY_REFCOUNTS } from '../../block/format/qcow2/header.ts';
import type { Snapshot } from '../../block/format/qcow2/snapshots.ts';
import { request } from '../../block/request.ts';
import { type Arguments, has, last, usage, wantsJson } from '../arguments.ts';
import { backingPath } from '../host-image.ts';
import { must, openImage } from '../images.ts';
import { humanSize, print, printJson } from '../output.ts';

export const INFO_OPTIONS = ['-f:', '--output:', '--backing-chain'];

interface Info {
  'virtual-size': number;
  filename: string;
  format: string;
  'actual-size': number;
  'dirty-flag': boolean;
  'cluster-size'?: number;
  'backing-filename'?: string;
  'full-backing-filename'?: string;
  'backing-filename-format'?: string;
  snapshots?: Record<string, unknown>[];
  'format-specific'?: { type: string; data: Record<string, unknown> };
}

/** What there is to say of an image; its backing file need not be there. */
export async function imageInfo(path: string, format?: string): Promise<Info> {
  const opened = await openImage(path, { format, readOnly: true, noBacking: true, asIs: true });
  const { node } = opened;
  const { blocks } = statSync(path);
  const info: Info = {
    'virtual-size': Math.ceil(node.size / 512) * 512,
    filename: path,
    format: opened.format,
    'actual-size': blocks * 512,
    'dirty-flag': false,
  };
  if (node instanceof Qcow2Node) {
    const { header } = node.image;
    const name = header.backingFile;
    if (name !== null) {
      info['backing-filename'] = name;
      info['full-backing-filename'] = backingPath(path, name);
      if (header.backingFormat) info['backing-filename-format'] = header.backingFormat;
    }
    info['cluster-size'] = 2 ** header.clusterBits;
    info['dirty-flag'] = (header.incompatible & DIRTY) !== 0;
    if (node.snapshotList.length > 0) info.snapshots = node.snapshotList.map(snapshotInfo);
    const bitmaps = await must(request(readBitmaps(node.image)));
    const data =
      header.version === 2
        ? { compat: '0.10', 'compression-type': 'zlib', 'refcount-bits': 16 }
        : {
            compat: '1.1',
            'compression-type': header.compressionType,
            'lazy-refcounts': (header.compatible & LAZY_REFCOUNTS) !== 0,
            ...(bitmaps.length > 0 && { bitmaps: bitmaps.map(bitmapInfo) }),
            'refcount-bits': 1 << header.refcountOrder,
            corrupt: (header.incompatible & CORRUPT) !== 0,
            'extended-l2': (header.incompatible & EXTENDED_L2) !== 0,
          };
    info['format-specific'] = { type: 'qcow2', data };
  }
  if (node instanceof MappedNode && node.clusterSize !== null) info['cluster-size'] = node.clusterSize;
  if (node instanceof VmdkNode && node.descriptor) {
    const { cid, parentCid, createType } = node.descriptor;
    const extent = {
      ...(node.compressed && { compressed: true }),
      'virtual-size': node.size,
      filename: path,
      'cluster-size': node.clusterSize,
      format: '',
    };
    info['format-specific'] = {
      type: 'vmdk',
      data: { cid, 'parent-cid': parentCid, 'create-type': createType, extents: [extent] },
    };
  }
  await must(node.close());
  return info;
}

function bitmapInfo({ name, granularity, inUse, auto }: Bitmap): Record<string, unknown> {
  return { flags: [...(inUse ? ['in-use'] : []), ...(auto ? ['auto'] : [])], name, granularity };
}

function snapshotInfo(snapshot: Snapshot): Record<string, unknown> {
  return {
    ...(snapshot.icount !== null && { icount: snapshot.icount }),
    'vm-clock-nsec': snapshot.vmClock % 1e9,
    name: snapshot.name,
    'date-sec': snapshot.seconds,
    'date-nsec': snapshot.nanoseconds,
    'vm-clock-sec': Math.floor(snapshot.vmClock / 1e9),
    id: snapshot.id,
    'vm-state-size': snapshot.vmStateSize,
  };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** The list of snapshots as qemu-img prints it; times are local. */
export function snapshotTable(snapshots: readonly Snapshot[]): string[] {
  const row = (...[id, tag, size, date, clock, icount]: string[]): string =>
    `${id.padEnd(9)} ${tag.padEnd(16)} ${size.padStart(8)} ${date.padStart(19)} ${clock.padStart(12)} ${icount.padStart(10)}`;
  const lines = snapshots.map((snapshot) => {
    const date = new Date(snapshot.seconds * 1000);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    const ms = Math.floor(snapshot.vmClock / 1e6);
    const seconds = Math.floor(ms / 1000);
    const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, '0')}`;
    const count = snapshot.icount === null ? '' : String(snapshot.icount);
    return row(snapshot.id, snapshot.name, humanSize(snapshot.vmStateSize), `${day} ${time}`, clock, count);
  });
  return ['Snapshot list:', row('ID', 'TAG', 'VM SIZE', 'DATE', 'VM CLOCK', 'ICOUNT'), ...lines];
}

/** Values by name, or in brackets by number, what they contain below them. */
function listed(values: object, indent: string): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const name = Array.isArray(values) ? `[${key}]` : key.replaceAll('-', ' ');
    if (typeof value !== 'object' || value === null) return [`${indent}${name}: ${value}`];
    return [`${indent}${name}:`, ...listed(value, `${indent}    `)];
  });
}

async function describe(info: Info): Promise<string[]> {
  const size = info['virtual-size'];
  const lines = [
    `image: ${info.filename}`,
    `file format: ${info.format}`,
    `virtual size: ${humanSize(size)} (${size} bytes)`,
    `disk size: ${humanSize(info['actual-size'])}`,
  ];
  if (info['dirty-flag']) lines.push('cleanly shut down: no');
  if (info['cluster-size']) lines.push(`cluster_size: ${info['cluster-size']}`);
  const name = info['backing-filename'];
  const full = info['full-backing-filename'];
  if (name !== undefined)
    lines.push(`backing file: ${name}${name === full ? '' : ` (actual path: ${full})`}`);
  if (info['backing-filename-format']) lines.push(`backing file format: ${info['backing-filename-format']}`);
  if (info.snapshots) {
    const opened = await openImage(info.filename, { readOnly: true, noBacking: true, asIs: true });
    lines.push(...snapshotTable((opened.node as Qcow2Node).snapshotList));
    await opened.node.close();
  }
  if (info['format-specific']) {
    lines.push('Format specific information:');
    lines.push(...listed(info['format-specific'].data, '    '));
  }
  return lines;
}

export async function info(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  const json = wantsJson(args);
  const list = [await imageInfo(path, last(args, '-f'))];
  if (has(args, '--backing-chain')) {
    // Fails for chains that lead nowhere, or back to themselves.
    const opened = await openImage(path, { format: last(args, '-f'), readOnly: true, asIs: true });
    await opened.node.close();
    for (const { name, format } of opened.chain) list.push(await imageInfo(name, format));
    if (json) printJson(list);
  } else if (json) printJson(list[0]);
  if (json) return 0;
  const texts = await Promise.all(list.map(describe));
  print(texts.map((lines) => lines.join('\n')).join('\n\n'));
  return 0;
}
