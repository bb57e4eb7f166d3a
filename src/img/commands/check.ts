import { statSync } from 'node:fs';
import { type CheckResult, checkImage, type Repair } from '../../block/format/qcow2/check.ts';
import type { OpenedImage } from '../../block/open.ts';
import { request } from '../../block/request.ts';
import { type Arguments, checkHostOptions, CommandError, has, last, usage, wantsJson } from '../arguments.ts';
import { must, openImage, qcow2Of } from '../images.ts';
import { print, printJson } from '../output.ts';

export const CHECK_OPTIONS = ['-f:', '-r:', '--repair:', '-T:', '--output:'];

const STATUS = { good: 0, failed: 1, corruptions: 2, leaks: 3, unsupported: 63 };

export async function check(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  checkHostOptions(args);
  const repair = last(args, '-r') ?? last(args, '--repair') ?? 'none';
  if (!['none', 'leaks', 'all'].includes(repair)) throw usage("--repair expects 'leaks' or 'all'");
  const json = wantsJson(args);
  const look = { format: last(args, '-f'), readOnly: true, noBacking: true, asIs: true };
  let opened = await openImage(path, look);
  if (opened.format !== 'qcow2') return checkMapped(args, opened, repair !== 'none');
  if (repair !== 'none') {
    await must(opened.node.close());
    opened = await openImage(path, { ...look, format: 'qcow2', readOnly: false });
  }
  const node = qcow2Of(opened, 'check');
  const quiet = has(args, '-q');
  let result = await must(request(checkImage(node, repair as Repair)));
  const first = result;
  const repaired = result.leaksFixed + result.corruptionsFixed > 0;
  const messages = [...first.messages];
  if (repaired) {
    if (!json && !quiet) {
      const list = [
        ...(first.leaksFixed ? [`    ${first.leaksFixed} leaked clusters`] : []),
        ...(first.corruptionsFixed ? [`    ${first.corruptionsFixed} corruptions`] : []),
      ];
      print(messages.splice(0).join('\n'));
      print(`The following inconsistencies were found and repaired:\n\n${list.join('\n')}\n`);
      print('Double checking the fixed image now...');
    }
    result = await must(request(checkImage(node, 'none')));
    messages.push(...result.messages);
  }
  await must(node.close());
  if (json) {
    const fixed = { 'leaks-fixed': first.leaksFixed, 'corruptions-fixed': first.corruptionsFixed };
    printJson({ ...asJson(result), ...nonZero(fixed), filename: path, format: 'qcow2' });
  } else if (!quiet) print([...messages, ...describe(result)].join('\n'));
  if (result.errors > 0) return STATUS.failed;
  if (result.corruptions > 0) return STATUS.corruptions;
  return result.leaks > 0 ? STATUS.leaks : STATUS.good;
}

/** Extents of a disk that are remembered, so that a hostile one does not fill memory. */
const MAX_EXTENTS = 2 ** 22;

/** Whether the blocks of a VMDK or VDI image lie in its file, each in a place of its own. @returns the status */
async function checkMapped(args: Arguments, { node, format }: OpenedImage, repair: boolean): Promise<number> {
  if ((format !== 'vmdk' && format !== 'vdi') || repair) {
    await node.close();
    throw new CommandError('This image format does not support checks', STATUS.unsupported);
  }
  const [path] = args.names;
  const end = statSync(path).size;
  const seen = new Set<number>();
  let corruptions = 0;
  for (let at = 0; at < node.size; ) {
    const { offset, length } = await must(node.blockStatus(at, node.size - at), path);
    if (offset !== null && seen.size < MAX_EXTENTS) {
      if (offset + length > Math.ceil(end / 512) * 512 || seen.has(offset)) corruptions++;
      seen.add(offset);
    }
    at += length;
  }
  await must(node.close());
  if (wantsJson(args)) printJson({ 'check-errors': 0, ...nonZero({ corruptions }), filename: path, format });
  else if (!has(args, '-q'))
    print(
      corruptions === 0
        ? 'No errors were found on the image.'
        : `\n${corruptions} errors were found on the image.\nData may be corrupted, or further writes to the image may corrupt it.`,
    );
  return corruptions === 0 ? STATUS.good : STATUS.corruptions;
}

const nonZero = (values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value > 0));

function asJson(result: CheckResult): Record<string, number> {
  return {
    'image-end-offset': result.imageEnd,
    'check-errors': result.errors,
    ...nonZero({
      'total-clusters': result.totalClusters,
      'allocated-clusters': result.allocatedClusters,
      'fragmented-clusters': result.fragmentedClusters,
      'compressed-clusters': result.compressedClusters,
      leaks: result.leaks,
      corruptions: result.corruptions,
    }),
  };
}

function describe(result: CheckResult): string[] {
  const lines: string[] = [];
  const { corruptions, leaks, errors } = result;
  if (corruptions + leaks + errors === 0) lines.push('No errors were found on the image.');
  if (corruptions > 0)
    lines.push(
      `\n${corruptions} errors were found on the image.`,
      'Data may be corrupted, or further writes to the image may corrupt it.',
    );
  if (leaks > 0)
    lines.push(
      `\n${leaks} leaked clusters were found on the image.`,
      'This means waste of disk space, but no harm to data.',
    );
  if (errors > 0) lines.push(`\n${errors} internal errors have occurred during the check.`);
  const { totalClusters: total, allocatedClusters: allocated } = result;
  const percent = (part: number, whole: number): string => ((100 * part) / whole).toFixed(2);
  if (total > 0 && allocated > 0)
    lines.push(
      `${allocated}/${total} = ${percent(allocated, total)}% allocated, ` +
        `${percent(result.fragmentedClusters, allocated)}% fragmented, ` +
        `${percent(result.compressedClusters, allocated)}% compressed clusters`,
    );
  if (result.imageEnd > 0) lines.push(`Image end offset: ${result.imageEnd}`);
  return lines;
}
