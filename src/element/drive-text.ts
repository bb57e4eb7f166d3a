/** Drives as text, each as `-drive` takes it, with blanks between: `file=debian.json,if=virtio,persist=mine`. */
import { VmError } from '../core/errors.ts';
import type { DriveConfig } from '../core/vm-api.ts';

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
};

/**
 * Reads drives. A comma or a blank in a value is written as in an address: `%2C`, `%20`.
 * @param name how the user wrote the option, for messages
 * @throws VmError bad-config
 */
export function parseDrives(text: string, name: string): DriveConfig[] {
  const bad = (message: string): VmError => new VmError('bad-config', `${name}: ${message}.`);
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const drive: Partial<Record<keyof DriveConfig, unknown>> = {};
      for (const property of word.split(',')) {
        const equals = property.indexOf('=');
        const written = property.slice(0, Math.max(equals, 0));
        if (!Object.hasOwn(PROPERTIES, written)) {
          const known = Object.keys(PROPERTIES).join(', ');
          throw bad(`"${property}" is no property of a drive; write PROPERTY=VALUE with one of ${known}`);
        }
        const [key, kind] = PROPERTIES[written];
        const value = unescapeText(property.slice(equals + 1));
        if (kind === 'switch' && value !== 'on' && value !== 'off') throw bad(`${written} is on or off`);
        if (kind === 'count' && !/^\d{1,3}$/.test(value)) throw bad(`${written} is a number`);
        drive[key] = kind === 'switch' ? value === 'on' : kind === 'count' ? Number(value) : value;
      }
      return drive as DriveConfig;
    });
}

/** Only what has to be escaped is: other signs of percent are an address's own. */
const unescapeText = (value: string): string => value.replaceAll('%2C', ',').replaceAll('%20', ' ');
const escapeText = (value: string): string => value.replaceAll(',', '%2C').replaceAll(' ', '%20');

/** Each drive as `parseDrives` reads it. Images that no address names are left out. */
export function driveWords(drives: readonly DriveConfig[]): string[] {
  return drives.flatMap((drive) => {
    if (drive.file !== undefined && typeof drive.file !== 'string') return [];
    const words = Object.entries(PROPERTIES).flatMap(([written, [key, kind]]) => {
      const value = drive[key];
      if (value === undefined) return [];
      return [`${written}=${kind === 'switch' ? (value ? 'on' : 'off') : escapeText(String(value))}`];
    });
    return [words.join(',')];
  });
}
