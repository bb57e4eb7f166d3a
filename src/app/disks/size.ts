/** Sizes of disks as people write them. */

const UNITS: Record<string, number> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** More than 8 TB no file system in a browser's guest is made for, and counts of bytes stay exact. */
const LIMIT = 8 * UNITS.t;
const SECTOR = 512;

export const SIZE_HINT = 'Write it as 512M, 8G or 1.5 GB.';

/** `8G`, `1.5 GB`, `512 MiB`, `700M` → bytes, a multiple of 512; a number alone is MiB. Null: it is no size, or more than 8 TB. */
export function parseSize(text: string): number | null {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (!match) return null;
  const bytes = Number(match[1].replace(',', '.')) * (UNITS[match[2].toLowerCase() || 'm'] ?? 0);
  const whole = Math.round(bytes / SECTOR) * SECTOR;
  return whole >= SECTOR && whole <= LIMIT ? whole : null;
}
