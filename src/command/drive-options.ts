/** `-drive`, and the throttle groups that drives share. */
import type { BlockFilter } from '../core/vm-api.ts';
import type { CliDrive, CliOptions } from './cli-options.ts';
import { checkKeys, parseInteger, parseKeyValues } from './option-values.ts';
import { UsageError } from './usage-error.ts';

const THROTTLES = ['iops-total', 'iops-read', 'iops-write', 'bps-total', 'bps-read', 'bps-write'] as const;

const DRIVE_PROPERTIES = {
  file: 'any',
  if: ['ide', 'floppy', 'pflash', 'virtio', 'none'],
  index: 'any',
  unit: 'any',
  media: ['disk', 'cdrom'],
  format: ['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'],
  discard: ['unmap', 'on', 'ignore', 'off'],
  readonly: ['on', 'off'],
  snapshot: ['on', 'off'],
  preload: ['on', 'off'],
  werror: ['report', 'ignore', 'stop', 'enospc'],
  rerror: ['report', 'ignore', 'stop'],
  persist: 'any',
  'copy-on-read': ['on', 'off'],
  'network-timeout': 'any',
  ...Object.fromEntries(THROTTLES.map((name) => [`throttling.${name}`, 'any'] as const)),
  'throttling.group': 'any',
  // What they say here is what happens anyway.
  cache: ['none', 'writeback', 'unsafe', 'directsync', 'writethrough'],
  aio: ['threads', 'native', 'io_uring'],
  id: 'any',
} as const;

/** Limits among an option's values, whose names begin with `prefix`. */
function throttleLimits(
  option: string,
  values: ReadonlyMap<string, string>,
  prefix: string,
): Record<string, number> {
  return Object.fromEntries(
    THROTTLES.flatMap((name) => {
      const limit = values.get(prefix + name);
      return limit === undefined
        ? []
        : [[name, parseInteger(`${option} ${prefix}${name}`, limit, 0, 2 ** 50)]];
    }),
  );
}

/** `-object throttle-group`; QEMU's other objects are not there. */
export function setObject(options: CliOptions, text: string): void {
  const values = parseKeyValues('-object', text, 'qom-type');
  const prefixes = ['limits.', 'x-'];
  checkKeys('-object', values, {
    'qom-type': ['throttle-group'],
    id: 'any',
    ...Object.fromEntries(
      THROTTLES.flatMap((name) => prefixes.map((prefix) => [prefix + name, 'any'] as const)),
    ),
  });
  const id = values.get('id');
  if (!id) throw new UsageError(`-object ${text}: give it a name: id=NAME`);
  if (Object.hasOwn(options.throttleGroups, id))
    throw new UsageError(`-object ${text}: there is a ${id} already`);
  options.throttleGroups[id] = Object.assign(
    {},
    ...prefixes.map((prefix) => throttleLimits('-object', values, prefix)),
  );
}

export function setDrive(options: CliOptions, text: string): void {
  const values = parseKeyValues('-drive', text, 'file');
  checkKeys('-drive', values, DRIVE_PROPERTIES);
  const get = (key: keyof typeof DRIVE_PROPERTIES): string | undefined => values.get(key);
  const at = get('if') as CliDrive['interface'];
  const index = get('index') ?? get('unit');
  const media = get('media') as CliDrive['media'];
  const file = get('file');
  const limits = throttleLimits('-drive', values, 'throttling.');
  const group = get('throttling.group');
  if (get('persist') !== undefined) {
    throw new UsageError(
      '-drive persist= keeps a disk in a browser, and this one is gone with the command: keep it in a file, made by ' +
        '"snowglobe-img create -f qcow2 -b BASE -F FORMAT DISK.qcow2", with file=DISK.qcow2,snapshot=off',
    );
  }
  const filters: BlockFilter[] = [
    // As in QEMU a drive without limits is in no group.
    ...(Object.keys(limits).length > 0
      ? [{ driver: 'throttle' as const, limits, ...(group !== undefined && { group }) }]
      : []),
    ...(get('copy-on-read') === 'on' ? [{ driver: 'copy-on-read' as const }] : []),
  ];
  options.drives.push({
    option: '-drive',
    ...(filters.length > 0 && { filters }),
    ...(file !== undefined && { file }),
    ...(at !== undefined && { interface: at }),
    ...(get('id') !== undefined && { id: get('id')! }),
    ...(index !== undefined && { index: parseInteger('-drive index', index, 0, 31) }),
    ...(media !== undefined && { media }),
    ...(get('format') !== undefined && { format: get('format') as NonNullable<CliDrive['format']> }),
    ...(get('discard') !== undefined && {
      discard: /^(unmap|on)$/.test(get('discard')!) ? 'unmap' : 'ignore',
    }),
    ...(get('network-timeout') !== undefined && {
      networkTimeout: parseInteger('-drive network-timeout', get('network-timeout')!, 0, 2 ** 31),
    }),
    ...(get('readonly') !== undefined && { readOnly: get('readonly') === 'on' }),
    ...(get('preload') === 'on' && { preload: true }),
    ...(get('werror') !== undefined && { werror: get('werror') as NonNullable<CliDrive['werror']> }),
    ...(get('rerror') !== undefined && { rerror: get('rerror') as NonNullable<CliDrive['rerror']> }),
    // Files are written only if someone asks for it.
    ...((get('snapshot') === 'off' || (get('readonly') === 'off' && get('snapshot') === undefined)) && {
      snapshot: false,
    }),
  });
}
