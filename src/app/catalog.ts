/** The list of machines that this site offers: images/index.json, written when guest images are built. */

import { type DeviceConfig, type DriveConfig, MEDIA, type Medium } from '../core/vm-api.ts';

/** Kinds of machines, in the order in which the list shows them. */
export const MACHINE_GROUPS = ['system', 'linux', 'play', 'tool', 'demo'] as const;
export type MachineGroup = (typeof MACHINE_GROUPS)[number];

/** One machine of the list, its addresses absolute. */
export interface CatalogEntry extends Partial<Record<Medium, string>> {
  name: string;
  title: string;
  description: string;
  arch: string;
  machine?: string;
  /** MiB. */
  memory?: number;
  kernel?: string;
  initrd?: string;
  append?: string;
  /** Drives that the short options cannot name, their files' addresses absolute. */
  drives?: readonly DriveConfig[];
  devices?: readonly DeviceConfig[];
  /** Address of the firmware, or `none`. */
  firmware?: string;
  /** The only terminal size that the guest draws for, such as `80x24`. */
  terminal?: string;
  /** What is looked at first; absent: what its options make likely. */
  view?: 'screen' | 'serial';
  /** Where the list shows it; absent: by its images (groups.ts). */
  group?: MachineGroup;
  /** Bytes of everything that a start downloads; of images in drives, at most. */
  download?: number;
}

export type Catalog =
  /** `coming`: titles of machines that are being built just now. `firmware`: addresses of default firmware, by architecture. */
  | { kind: 'found'; entries: CatalogEntry[]; coming: string[]; firmware: Record<string, string> }
  /** Nothing has been built where the page is served. */
  | { kind: 'missing' }
  | { kind: 'broken'; message: string };

/**
 * Reads the list.
 * @param json the parsed file
 * @param base its address, against which it names images
 * @throws Error when it is not a list of machines
 */
export function readCatalog(json: unknown, base: string): CatalogEntry[] {
  const machines = (json as { machines?: unknown } | null)?.machines;
  if (!Array.isArray(machines)) throw new Error('it holds no list "machines"');
  const absolute = (url: unknown) => (typeof url === 'string' ? new URL(url, base).href : undefined);
  return machines.map((raw: Record<string, unknown>, index) => {
    for (const field of ['name', 'title', 'arch']) {
      if (typeof raw?.[field] !== 'string') throw new Error(`machine ${index} has no "${field}"`);
    }
    const entry: Record<string, unknown> = { ...raw, description: raw.description ?? '' };
    for (const field of ['kernel', 'initrd', ...MEDIA]) entry[field] = absolute(raw[field]);
    if (raw.view !== 'screen' && raw.view !== 'serial') delete entry.view;
    if (!MACHINE_GROUPS.some((group) => group === raw.group)) delete entry.group;
    if (Array.isArray(raw.drives)) {
      entry.drives = raw.drives.map((drive: DriveConfig) =>
        typeof drive.file === 'string' ? { ...drive, file: absolute(drive.file) } : drive,
      );
    }
    entry.firmware = raw.firmware === 'none' ? 'none' : absolute(raw.firmware);
    return Object.fromEntries(
      Object.entries(entry).filter(([, value]) => value != null),
    ) as unknown as CatalogEntry;
  });
}

/** Titles of the machines that the list announces. Anything else in their place is none. */
export function readComing(json: unknown): string[] {
  const coming = (json as { coming?: unknown } | null)?.coming;
  return Array.isArray(coming) ? coming.filter((title) => typeof title === 'string') : [];
}

/** Addresses of the default firmware that the list has, by architecture. Anything else in their place is none. */
export function readFirmware(json: unknown, base: string): Record<string, string> {
  const firmware = (json as { firmware?: unknown } | null)?.firmware;
  if (typeof firmware !== 'object' || firmware === null) return {};
  return Object.fromEntries(
    Object.entries(firmware).flatMap(([arch, url]) =>
      typeof url === 'string' ? [[arch, new URL(url, base).href]] : [],
    ),
  );
}

export async function loadCatalog(url: string): Promise<Catalog> {
  let response: Response;
  try {
    response = await fetch(url, { cache: 'no-cache' });
  } catch {
    return {
      kind: 'broken',
      message: 'The list of machines could not be loaded. Check your connection, then try again.',
    };
  }
  // A development server may answer an unknown address with the page itself.
  const isJson = response.headers.get('Content-Type')?.includes('json');
  if (response.status === 404 || (response.ok && !isJson)) return { kind: 'missing' };
  if (!response.ok)
    return {
      kind: 'broken',
      message: `The list of machines could not be loaded: the server answered ${response.status} for ${url}. Try again in a moment.`,
    };
  try {
    const json: unknown = await response.json();
    const entries = readCatalog(json, url);
    return entries.length > 0
      ? { kind: 'found', entries, coming: readComing(json), firmware: readFirmware(json, url) }
      : { kind: 'missing' };
  } catch (error) {
    return { kind: 'broken', message: `${url} cannot be read: ${(error as Error).message}.` };
  }
}
