/** Commands that change an image in place: resize, rebase, commit, snapshot. */
import type { BlockNode } from '../../block/block-node.ts';
import { Qcow2Node } from '../../block/format/qcow2/qcow2-node.ts';
import { applySnapshot, createSnapshot, deleteSnapshot } from '../../block/format/qcow2/snapshots.ts';
import { layersOf } from '../../block/tools/layers.ts';
import { commitInto, emptyOverlay, keepContents, setBackingName } from '../../block/tools/qcow2-tools.ts';
import {
  type Arguments,
  checkHostOptions,
  CommandError,
  has,
  last,
  parseSize,
  rateLimit,
  usage,
} from '../arguments.ts';
import { backingPath } from '../host-image.ts';
import { atRate, change, formatNamed, keepApart, must, openImage, qcow2Of } from '../images.ts';
import { print, progressTo } from '../output.ts';
import { growRaw, PREALLOCATIONS, rawPreallocation } from './create.ts';
import { snapshotTable } from './info.ts';

export const RESIZE_OPTIONS = ['-f:', '--shrink', '--preallocation:'];

export async function resize(args: Arguments): Promise<number> {
  const [path, text, ...rest] = args.names;
  if (text === undefined || rest.length > 0) throw usage('Expecting image file name and size');
  const preallocation = PREALLOCATIONS.find((mode) => mode === (last(args, '--preallocation') ?? 'off'));
  if (!preallocation) throw new CommandError(`Invalid preallocation mode '${last(args, '--preallocation')}'`);
  const { node } = await openImage(path, { format: last(args, '-f'), readOnly: false });
  await change(node, async () => {
    const amount = parseSize(text.replace(/^[+-]/, ''));
    if (amount === null) throw new CommandError('Invalid size specified');
    const sign = text.startsWith('+') ? 1 : text.startsWith('-') ? -1 : 0;
    const wanted = sign === 0 ? amount : node.size + sign * amount;
    if (node instanceof Qcow2Node && wanted % 512 !== 0)
      throw new CommandError('The new size must be a multiple of 512');
    const size = Math.ceil(wanted / 512) * 512;
    if (size <= 0) throw new CommandError('New image size must be positive');
    if (size < node.size && !has(args, '--shrink'))
      throw new CommandError('Use the --shrink option to perform a shrink operation.');
    if (size < node.size && preallocation !== 'off')
      throw new CommandError('Preallocation can only be used for growing images');
    if (node instanceof Qcow2Node) {
      const before = node.size;
      await must(node.resize(size));
      if (preallocation !== 'off') await must(node.preallocate(preallocation !== 'metadata', before));
    } else await must(growRaw(node, size, rawPreallocation(preallocation)));
  });
  if (!has(args, '-q')) print('Image resized.');
  return 0;
}

export const REBASE_OPTIONS = ['-f:', '-t:', '-T:', '-u', '-b:', '-F:'];

export async function rebase(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  const name = last(args, '-b');
  const format = last(args, '-F');
  checkHostOptions(args);
  if (name === undefined && !has(args, '-u'))
    throw usage('Must specify backing file (-b) or use simple rebase mode (-u)');
  if (name && format === undefined)
    throw new CommandError(
      `Could not change the backing file to '${name}': backing format must be specified (-F)`,
    );
  if (format !== undefined) formatNamed(format);
  const unsafe = has(args, '-u');
  const opened = await openImage(path, { format: last(args, '-f'), readOnly: false, noBacking: unsafe });
  const node = qcow2Of(opened, 'rebase');
  await change(node, async () => {
    let next: BlockNode | null = null;
    if (!unsafe) {
      if (name) {
        const below = await openImage(backingPath(path, name), { format, readOnly: true });
        keepApart(path, backingPath(path, name), below);
        next = below.node;
      }
      await must(keepContents(node, next, progressTo(args)));
      // The contents are there before the name changes.
      await must(node.flush());
    }
    await must(setBackingName(node, { name: name || null, format: format ?? null }));
    await next?.close();
  });
  return 0;
}

export const COMMIT_OPTIONS = ['-f:', '-t:', '-b:', '-d', '-r:'];

export async function commit(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  checkHostOptions(args);
  const rate = rateLimit(args);
  const opened = await openImage(path, { format: last(args, '-f'), readOnly: false });
  const { chain } = opened;
  if (chain.length === 0) throw new CommandError('Image does not have a backing file');
  const base = last(args, '-b');
  const index =
    base === undefined ? 0 : chain.findIndex(({ name }) => name === base || name === backingPath(path, base));
  if (index < 0) throw new CommandError(`Did not find '${base}' in the backing chain of '${path}'`);
  const { name, format } = chain[index];
  const layers = layersOf(opened.node);
  const target = await openImage(name, { format, readOnly: false });
  const progress = progressTo(args);
  await must(commitInto(atRate(opened.node, rate), target.node, layers[index + 1], progress));
  progress?.(opened.node.size, opened.node.size);
  await must(target.node.close());
  // What lies between keeps showing what it did not know of: only a direct overlay can be emptied.
  if (!has(args, '-d') && base === undefined && opened.node instanceof Qcow2Node)
    await must(emptyOverlay(opened.node));
  await must(opened.node.close());
  if (!has(args, '-q')) print('Image committed.');
  return 0;
}

export const SNAPSHOT_OPTIONS = ['-f:', '-l', '-a:', '-c:', '-d:'];

export async function snapshot(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  const actions = ['-l', '-a', '-c', '-d'].filter((name) => has(args, name));
  if (actions.length > 1) throw usage("Cannot mix '-l', '-a', '-c', '-d'");
  const action = actions[0] ?? '-l';
  const opened = await openImage(path, {
    format: last(args, '-f'),
    readOnly: action === '-l',
    noBacking: true,
  });
  if (!(opened.node instanceof Qcow2Node)) {
    await opened.node.close();
    if (action === '-l') return 0;
    throw new CommandError(`Could not change snapshots: the format ${opened.format} has none`);
  }
  const { node } = opened;
  const name = last(args, action) ?? '';
  if (action === '-l') {
    if (node.snapshotList.length > 0) print(snapshotTable(node.snapshotList).join('\n'));
    await must(node.close());
  } else {
    const [steps, verb] = {
      '-c': [() => createSnapshot(node, { name }), 'create'] as const,
      '-a': [() => applySnapshot(node, name), 'apply'] as const,
      // As in QEMU by its name alone: an id that looks like another one's name must not be taken for it.
      '-d': [() => deleteSnapshot(node, { name }), 'delete'] as const,
    }[action as '-c' | '-a' | '-d'];
    await change(node, () => must(node.exclusive(steps), `Could not ${verb} snapshot '${name}'`));
  }
  return 0;
}
