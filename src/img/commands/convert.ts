/** `convert`: the disk of an image, or of one of its snapshots, in a file of another format. */
import type { BlockNode } from '../../block/block-node.ts';
import { type SnapshotKey, viewSnapshot } from '../../block/format/qcow2/snapshots.ts';
import type { OpenedImage } from '../../block/open.ts';
import { request } from '../../block/request.ts';
import { JoinedNode } from '../../block/tools/joined-node.ts';
import { copyDisk } from '../../block/tools/copy.ts';
import {
  type Arguments,
  checkHostOptions,
  CommandError,
  has,
  last,
  parseOptions,
  rateLimit,
  sizeArgument,
  usage,
} from '../arguments.ts';
import { backingPath } from '../host-image.ts';
import { atRate, formatNamed, keepApart, loadZstd, must, openImage, qcow2Of } from '../images.ts';
import { progressTo } from '../output.ts';
import { asksForHelp, makeQcow2, makeRaw, optionHelp, qcow2Options, rawOptions } from './create.ts';

export const CONVERT_OPTIONS = [
  ...['-f:', '-O:', '-B:', '-F:', '-o:', '-l:', '-S:', '-c', '-n'],
  ...['-t:', '-T:', '-m:', '-r:', '-W', '-C', '--target-is-zero'],
];

export async function convert(args: Arguments): Promise<number> {
  const target = last(args, '-O') ?? 'raw';
  const options = parseOptions(args.values.get('-o') ?? []);
  if (asksForHelp(options)) return optionHelp(target);
  const sources = args.names.slice(0, -1);
  const to = args.names.at(-1)!;
  if (sources.length === 0) throw usage('Must specify image file name');
  checkHostOptions(args);
  const rate = rateLimit(args);
  const backing = last(args, '-B') ?? options.get('backing_file');
  const backingFormat = last(args, '-F') ?? options.get('backing_fmt');
  const compress = has(args, '-c');
  const sparse = last(args, '-S') === undefined ? 4096 : sizeArgument(last(args, '-S')!);
  if (sparse % 512 !== 0)
    throw new CommandError(`Invalid buffer size for sparse output specified: ${sparse}`);
  if (target !== 'raw' && target !== 'qcow2') {
    formatNamed(target);
    throw new CommandError(`Format driver '${target}' does not support image creation`);
  }
  if (compress && target !== 'qcow2')
    throw new CommandError('Compression not supported for this file format');
  if (backing !== undefined && target === 'raw')
    throw new CommandError("Backing file not supported for file format 'raw'");
  if (backing !== undefined && backingFormat === undefined)
    throw new CommandError('backing format must be specified (-F)');
  if (has(args, '-n') && args.values.has('-o'))
    throw new CommandError('-o has no effect when skipping image creation');
  if (has(args, '-C') && (compress || has(args, '-S')))
    throw new CommandError(`Cannot enable copy offloading when -${compress ? 'c' : 'S'} is used`);
  if (has(args, '--target-is-zero') && !has(args, '-n'))
    throw new CommandError('--target-is-zero requires use of -n flag');
  if (sources.length > 1 && (backing !== undefined || has(args, '-l')))
    throw new CommandError(
      `${backing === undefined ? '-l' : '-B'} makes no sense when concatenating multiple images`,
    );
  // The target's clusters may be of either kind.
  if (compress) await loadZstd();
  const nodes: BlockNode[] = [];
  for (const from of sources) {
    const opened = await openSource(args, from);
    keepApart(to, from, opened);
    nodes.push(opened.node);
  }
  const source = atRate(nodes.length === 1 ? nodes[0] : new JoinedNode(nodes), rate);
  const size = Math.ceil(source.size / 512) * 512;
  let node: BlockNode;
  if (has(args, '-n')) {
    node = (await openImage(to, { format: target, readOnly: false })).node;
    if (node.size < size) throw new CommandError(`output file is smaller than input file`);
  } else if (target === 'raw') {
    node = await makeRaw(to, size, rawOptions(options));
  } else {
    const made = qcow2Options(options, size);
    made.backingFile = backing ?? null;
    made.backingFormat = backing === undefined ? null : (backingFormat ?? null);
    let below: OpenedImage | null = null;
    if (backing !== undefined) {
      const path = backingPath(to, backing);
      below = await openImage(path, { format: backingFormat, readOnly: true });
      keepApart(to, path, below);
    }
    const image = await makeQcow2(to, made);
    image.backing = below?.node ?? null;
    node = image;
  }
  await must(
    copyDisk(source, node, {
      compress,
      sparse,
      // A backing file shows where nothing is written, whether or not the source has it.
      zeroTarget: backing === undefined && (!has(args, '-n') || has(args, '--target-is-zero')),
      above: backing === undefined ? null : (nodes[0].backing ?? null),
      progress: progressTo(args) ?? (() => {}),
    }),
    'error while converting',
  );
  // As in QEMU the host may have it in its cache only, unless a cache mode is given.
  if ((last(args, '-t') ?? 'unsafe') !== 'unsafe') await must(node.flush(), to);
  await must(node.close(), to);
  await must(source.close());
  return 0;
}

/** The image at `path`, as the snapshot has it that `-l` names. */
export async function openSource(args: Arguments, path: string): Promise<OpenedImage> {
  const opened = await openImage(path, { format: last(args, '-f'), readOnly: true });
  const which = last(args, '-l');
  if (which !== undefined) {
    const node = qcow2Of(opened, '-l');
    await must(request(viewSnapshot(node, snapshotKey(which))), 'Failed to load snapshot');
  }
  return opened;
}

/** What `-l` names: an id or else a name, or with `snapshot.id=` and `snapshot.name=` just that. */
function snapshotKey(text: string): SnapshotKey {
  if (!text.startsWith('snapshot.')) return text;
  const options = parseOptions([text]);
  const [id, name] = [options.get('snapshot.id'), options.get('snapshot.name')];
  for (const key of options.keys())
    if (key !== 'snapshot.id' && key !== 'snapshot.name')
      throw new CommandError(`Invalid parameter '${key}'`);
  return { ...(id !== undefined && { id }), ...(name !== undefined && { name }) };
}
