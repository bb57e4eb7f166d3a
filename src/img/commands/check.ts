import { type CheckResult, checkImage, type Repair } from '../../block/format/qcow2/check.ts';
import { request } from '../../block/request.ts';
import { type Arguments, CommandError, has, last, usage, wantsJson } from '../arguments.ts';
import { must, openImage, qcow2Of } from '../images.ts';
import { print, printJson } from '../output.ts';

export const CHECK_OPTIONS = ['-f:', '-r:', '-T:', '--output:'];

const STATUS = { good: 0, failed: 1, corruptions: 2, leaks: 3, unsupported: 63 };

export async function check(args: Arguments): Promise<number> {
  const [path, ...rest] = args.names;
  if (path === undefined || rest.length > 0) throw usage('Expecting one image file name');
  const repair = last(args, '-r') ?? 'none';
  if (!['none', 'leaks', 'all'].includes(repair)) throw usage("--repair expects 'leaks' or 'all'");
  const json = wantsJson(args);
  const opened = await openImage(path, {
    format: last(args, '-f'),
    readOnly: repair === 'none',
    noBacking: true,
    asIs: true,
  });
  if (opened.format !== 'qcow2') {
    await opened.node.close();
    throw new CommandError('This image format does not support checks', STATUS.unsupported);
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

const nonZero = (values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value > 0));

function asJson(result: CheckResult): Record<string, number> {
  return {
    'image-end-offset': result.imageEnd,
    'total-clusters': result.totalClusters,
    'check-errors': result.errors,
    ...nonZero({
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
