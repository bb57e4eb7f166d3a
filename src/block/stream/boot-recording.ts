/** What a start of a machine read from its disks, as a file: `snowglobe --record-boot` writes it, `snowglobe-img publish --boot` reads it. */
import type { BootRecording } from '../../core/vm-api.ts';
import { type BlockResult, failure, success } from '../block-node.ts';

/** Pieces of a drive. */
const READS_MAX = 1 << 24;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a recording's file. */
export function parseRecording(text: string): BlockResult<BootRecording> {
  const wrong = (what: string) => failure('unsupported', `it is no recording of a start: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wrong('no JSON, or not all of it');
  }
  if (!isObject(value) || value['type'] !== 'snowglobe-boot') return wrong('its type is another');
  if (value['version'] !== 1) return wrong('its version is not known here');
  const { unit, drives } = value;
  if (!isCount(unit) || unit < 512 || unit > 1 << 30) return wrong('unit is no number of bytes');
  if (!isObject(drives)) return wrong('drives is no object');
  for (const [name, drive] of Object.entries(drives)) {
    if (!isObject(drive) || !isCount(drive['size'])) return wrong(`the size of ${name} is none`);
    const { reads } = drive;
    if (!Array.isArray(reads) || reads.length > READS_MAX || !reads.every(isCount))
      return wrong(`reads of ${name} is no list of numbers`);
  }
  return success(value as unknown as BootRecording);
}

/**
 * The reads from one disk, each piece once. What lies outside is left out.
 * @param size of the disk, bytes
 * @param drive its name; absent: the only one of that size
 */
export function readsOf(
  { unit, drives }: BootRecording,
  size: number,
  drive?: string,
): BlockResult<{ offset: number; length: number }[]> {
  const names = Object.keys(drives).join(', ') || 'none';
  const fits = Object.entries(drives).filter(([name, { size: its }]) =>
    drive === undefined ? Math.ceil(its / 512) * 512 === size : name === drive,
  );
  if (fits.length === 0) {
    const what = drive === undefined ? `a disk of ${size} bytes` : `the drive ${drive}`;
    return failure('unsupported', `what was read from ${what} is not in it, only from: ${names}`);
  }
  if (fits.length > 1) return failure('unsupported', `several of its drives have that size: ${names}`);
  const [, { reads }] = fits[0];
  const pieces = [...new Set(reads)].filter((piece) => piece * unit < size);
  return success(
    pieces.map((piece) => ({ offset: piece * unit, length: Math.min(unit, size - piece * unit) })),
  );
}
