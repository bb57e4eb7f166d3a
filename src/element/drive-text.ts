/** Drives and other lists as text, each entry as QEMU's option takes it, with blanks between: `file=debian.json,if=virtio,persist=mine`. */
import { VmError } from '../core/errors.ts';
import type { BlockFilter, DriveConfig } from '../core/vm-api.ts';

/** What a property of `-drive` is in a drive's configuration, and how its value is written. */
const PROPERTIES: Readonly<
  Record<string, readonly [key: keyof DriveConfig, kind: 'text' | 'count' | 'switch']>
> = {
  file: ['file', 'text'],
  if: ['interface', 'text'],
  id: ['id', 'text'],
  index: ['index', 'count'],
  media: ['media', 'text'],
  format: ['format', 'text'],
  discard: ['discard', 'text'],
  readonly: ['readOnly', 'switch'],
  snapshot: ['snapshot', 'switch'],
  preload: ['preload', 'switch'],
  persist: ['persist', 'text'],
  werror: ['werror', 'text'],
  rerror: ['rerror', 'text'],
  'network-timeout': ['networkTimeout', 'count'],
};

const COPY_ON_READ = 'copy-on-read';
const THROTTLING = /^throttling\.((?:iops|bps)-(?:total|read|write)|group)$/;
const OTHERS = [COPY_ON_READ, 'throttling.iops-total', 'throttling.bps-total', 'throttling.group'];

/**
 * Reads drives. A comma or a blank in a value is written as in an address: `%2C`, `%20`.
 * @param name how the user wrote the option, for messages
 * @throws VmError bad-config
 */
export function parseDrives(text: string, name: string): DriveConfig[] {
  const bad = (message: string): VmError => new VmError('bad-config', `${name}: ${message}.`);
  const parse = (word: string): DriveConfig => {
    const drive: Partial<Record<keyof DriveConfig, unknown>> = {};
    const limits: Record<string, number> = {};
    let group: string | undefined;
    let copies = false;
    for (const property of word.split(',')) {
      const equals = property.indexOf('=');
      const written = property.slice(0, Math.max(equals, 0));
      const value = unescapeWord(property.slice(equals + 1));
      const throttle = THROTTLING.exec(written)?.[1];
      if (throttle === 'group') group = value;
      else if (throttle !== undefined) {
        if (!/^\d{1,15}$/.test(value)) throw bad(`${written} is a number`);
        limits[throttle] = Number(value);
      } else if (written === COPY_ON_READ) {
        if (value !== 'on' && value !== 'off') throw bad(`${written} is on or off`);
        copies = value === 'on';
      } else {
        if (!Object.hasOwn(PROPERTIES, written)) {
          const known = [...Object.keys(PROPERTIES), ...OTHERS].join(', ');
          throw bad(`"${property}" is no property of a drive; write PROPERTY=VALUE with one of ${known}`);
        }
        const [key, kind] = PROPERTIES[written];
        if (kind === 'switch' && value !== 'on' && value !== 'off') throw bad(`${written} is on or off`);
        if (kind === 'count' && !/^\d{1,9}$/.test(value)) throw bad(`${written} is a number`);
        drive[key] = kind === 'switch' ? value === 'on' : kind === 'count' ? Number(value) : value;
      }
    }
    const filters: BlockFilter[] = [
      ...(Object.keys(limits).length > 0
        ? [{ driver: 'throttle' as const, limits, ...(group !== undefined && { group }) }]
        : []),
      ...(copies ? [{ driver: COPY_ON_READ } as const] : []),
    ];
    return { ...(drive as DriveConfig), ...(filters.length > 0 && { filters }) };
  };
  return text.trim().split(/\s+/).map(parse);
}

/** Only what has to be escaped is: other signs of percent are an address's own. */
export const unescapeWord = (value: string): string =>
  value.replace(/%(2C|20|25)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
export const escapeWord = (value: string): string =>
  value
    .replace(/%(?=2C|20|25)/g, '%25')
    .replaceAll(',', '%2C')
    .replace(/\s/g, '%20');

/** What `-drive` says of a drive but for its image, which only some are named for; values as they are. */
export function driveProperties(drive: DriveConfig): [property: string, value: string][] {
  const properties = Object.entries(PROPERTIES).flatMap(([written, [key, kind]]): [string, string][] => {
    const value = drive[key];
    if (value === undefined || typeof value === 'object') return [];
    return [[written, kind === 'switch' ? (value ? 'on' : 'off') : String(value)]];
  });
  for (const filter of drive.filters ?? []) {
    if (filter.driver === COPY_ON_READ) properties.push([COPY_ON_READ, 'on']);
    if (filter.driver !== 'throttle') continue;
    for (const [limit, value] of Object.entries(filter.limits))
      properties.push([`throttling.${limit}`, String(value)]);
    if (filter.group !== undefined) properties.push(['throttling.group', filter.group]);
  }
  return properties;
}

/** Each drive as `parseDrives` reads it. Images that no address names are left out. */
export function driveWords(drives: readonly DriveConfig[]): string[] {
  return drives.flatMap((drive) => {
    if (drive.file !== undefined && typeof drive.file !== 'string') return [];
    return [
      driveProperties(drive)
        .map(([written, value]) => `${written}=${escapeWord(value)}`)
        .join(','),
    ];
  });
}
