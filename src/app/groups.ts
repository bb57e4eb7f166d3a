/** The groups in which the list shows its machines. */
import { type CatalogEntry, MACHINE_GROUPS, type MachineGroup } from './catalog.ts';

export interface GroupOfMachines {
  group: MachineGroup;
  title: string;
  /** What these machines are, in one sentence. */
  about: string;
  entries: CatalogEntry[];
}

const TEXTS: Record<MachineGroup, readonly [title: string, about: string]> = {
  system: ['Whole systems', 'They start from a disk, as a computer does, and have packages to try.'],
  linux: ['Small Linux', 'A kernel and a shell that fit into memory: at a prompt within seconds.'],
  play: ['Games and prompts', 'Small Linux with one thing in it: it starts playing by itself.'],
  tool: ['Firmware and tools', 'What runs before any operating system does.'],
  demo: [
    'Demos',
    'Bare-metal programs of this repository: each shows a mode of the screen, with nothing below it.',
  ],
};

/** The group that an entry names, or the one that its images suggest. */
export function groupOf(entry: CatalogEntry): MachineGroup {
  if (entry.group) return entry.group;
  const disk = entry.hda ?? entry.hdb ?? entry.hdc ?? entry.hdd;
  if (entry.kernel && disk) return 'system';
  if (entry.initrd) return 'linux';
  if (entry.cdrom ?? entry.fda) return 'tool';
  return 'demo';
}

/** The groups that have machines, in their order; machines keep theirs. */
export function grouped(entries: readonly CatalogEntry[]): GroupOfMachines[] {
  return MACHINE_GROUPS.map((group) => {
    const [title, about] = TEXTS[group];
    return { group, title, about, entries: entries.filter((entry) => groupOf(entry) === group) };
  }).filter((found) => found.entries.length > 0);
}
