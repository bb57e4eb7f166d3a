/** The gallery's doors as data: gallery/index.json, which the build writes (docs/gallery.md). */
import { VmError } from '../../core/errors.ts';
import type { VmConfig } from '../../core/vm-api.ts';
import { VM_OPTIONS } from '../../element/options.ts';
import { parseAddress } from '../address.ts';

export const DOORS = 24;

/** One thing to do with a door's machine. */
export interface DoorTry {
  text: string;
  /** Text for the machine's console, where a line ends in `\n`. */
  type?: string;
  /** Keys that are pressed together, by the names of QEMU's `sendkey`. */
  keys?: string;
  /** What the machine shows when it can hear this, instead of the door's own. */
  ready?: string;
  /** Where it does not show that any more, it is reset, and shows it again. */
  reset?: true;
}

export interface Door {
  /** From 1 to 24. */
  number: number;
  slug: string;
  title: string;
  /** The name of its image in the list of machines. */
  image: string;
  /** The title that the image's recipe has. */
  imageTitle: string;
  story: string;
  try: DoorTry[];
  /** Source of an expression, with the flag `u`: what the machine shows when it can hear what is tried. Without it, it can as soon as it runs. */
  ready?: string;
  /** The console that is shown first. */
  view?: 'screen' | 'serial';
  /** Options of the machine that differ from its image's, as in an address. */
  options?: Record<string, string>;
  /** To what it promises, on a usual computer. */
  seconds?: number;
  credits?: string;
  /** Address of its picture. */
  picture: string;
}

export type Gallery =
  | { kind: 'found'; doors: ReadonlyMap<number, Door> }
  | { kind: 'broken'; title: string; message: string };

/**
 * A door's options as the machine takes them.
 * @throws VmError `bad-config`
 */
export function doorOptions(image: string, options: Readonly<Record<string, string>>): Partial<VmConfig> {
  const unknown = Object.keys(options).find((key) => VM_OPTIONS.every(({ param }) => param !== key));
  if (unknown !== undefined) {
    const known = VM_OPTIONS.map(({ param }) => param).join(', ');
    throw new VmError('bad-config', `"options" has the unknown option "${unknown}"; there are ${known}.`);
  }
  return parseAddress(`?${new URLSearchParams({ ...options, machine: image })}`)!.options;
}

/**
 * Reads the list of doors. The build has checked what is in them; this only keeps apart what is a list and what is none.
 * @param base its address, against which it names pictures
 * @throws Error when it is no list of doors
 */
export function readDoors(json: unknown, base: string): ReadonlyMap<number, Door> {
  const list = (json as { doors?: unknown } | null)?.doors;
  if (!Array.isArray(list)) throw new Error('it holds no list "doors"');
  const doors = list.map((door: Door): [number, Door] => {
    if (!Number.isInteger(door?.number) || typeof door.image !== 'string')
      throw new Error('an entry is no door');
    return [door.number, { ...door, picture: new URL(door.picture, base).href }];
  });
  return new Map(doors);
}

export async function loadGallery(url: string): Promise<Gallery> {
  const broken = (message: string): Gallery => ({
    kind: 'broken',
    title: 'The gallery cannot be shown',
    message,
  });
  const response = await fetch(url, { cache: 'no-cache' }).catch(() => null);
  if (!response)
    return broken('The list of its doors could not be loaded. Check your connection, then try again.');
  if (response.status >= 500)
    return broken(
      `The list of its doors could not be loaded: the server answered ${response.status} for ${url}. Try again in a moment.`,
    );
  if (!response.ok || !response.headers.get('Content-Type')?.includes('json'))
    return broken(
      `This site has no list of its doors (${url}, status ${response.status}). “npm run build” in the repository makes it.`,
    );
  try {
    return { kind: 'found', doors: readDoors(await response.json(), url) };
  } catch (error) {
    return broken(
      `${url} cannot be read: ${(error as Error).message}. “npm run build” in the repository makes it anew.`,
    );
  }
}
