/** Questions about files that come in: what they are where their content does not tell, and what becomes of them while a machine runs. */
import type { DriveState, Vm, VmFolder } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';
import { type FileDrop, mountCommand } from '../element/file-drop.ts';
import { formatBytes } from '../element/format.ts';
import { openDialog } from './dialog.ts';
import type { FileKind, FileUse } from './file-kind.ts';
import { unkeptWrites } from './leaving.ts';
import { SHARED_TAG } from './machine.ts';
import { sniff } from './sniff.ts';

/** A file, and what it is. */
export interface Incoming {
  file: File;
  use: FileUse;
}

/** Looks at files. One that cannot be read is a folder, or gone. */
export function lookAt(files: readonly File[]): Promise<Incoming[]> {
  const unreadable: FileUse = {
    foreign:
      'a folder, or was moved or changed: a machine mounts a folder that is chosen in its options, under “Screen, sound and devices”',
  };
  return Promise.all(files.map(async (file) => ({ file, use: await sniff(file).catch(() => unreadable) })));
}

interface Choice<T> {
  label: string;
  about: string;
  value: T;
  /** Something ends by it. */
  ends?: boolean;
}

const STARTABLE =
  'A machine starts a kernel (with its initrd), firmware, a disk image (raw, qcow2, VMDK, VDI, VHD), a CD-ROM or a floppy.';

/** Lets the person choose one of several things. @returns null: none of them */
async function choose<T>(
  title: string,
  texts: readonly string[],
  choices: readonly Choice<T>[],
): Promise<T | null> {
  const dialog = openDialog(title);
  let chosen: T | null = null;
  const items = choices.map(({ label, about, value, ends }) => {
    const button = h(
      'button',
      { type: 'button', class: ends ? 'choice ends' : 'choice' },
      h('strong', {}, label),
      h('span', {}, about),
    );
    button.addEventListener('click', () => {
      chosen = value;
      dialog.close();
    });
    return h('li', {}, button);
  });
  dialog.body.append(...texts.map((text) => h('p', {}, text)), h('ul', { class: 'choices' }, ...items));
  // Enter alone ends nothing: then the button that closes the dialog has the focus.
  if (!choices[0]?.ends) items[0]?.querySelector('button')?.focus();
  await dialog.closed;
  return chosen;
}

/** Says which files are of no use, and what would be. */
export function sayForeign(files: readonly Incoming[]): void {
  const problems = files.flatMap(({ file, use }) =>
    'foreign' in use ? [`“${file.name}” is ${use.foreign}.`] : [],
  );
  if (problems.length === 0) return;
  const { body } = openDialog('Not to be started');
  body.append(...problems.map((text) => h('p', {}, text)), h('p', { class: 'about' }, STARTABLE));
}

export type KnownUse = Extract<FileUse, { kind: FileKind }>;

const KINDS: readonly Choice<KnownUse>[] = [
  { label: 'A hard disk', about: 'A raw image: a PC boots it.', value: { kind: 'hda' } },
  { label: 'A CD-ROM', about: 'A PC boots it.', value: { kind: 'cdrom' } },
  { label: 'A floppy', about: 'A PC boots it.', value: { kind: 'fda' } },
  {
    label: 'A kernel for RISC-V',
    about: 'Code without a header, started by OpenSBI on a riscv64 machine.',
    value: { kind: 'kernel', arch: 'riscv64' },
  },
  {
    label: 'An initrd',
    about: 'It goes to the kernel that is given with it, or to the machine on this page.',
    value: { kind: 'initrd' },
  },
  {
    label: 'Firmware for RISC-V',
    about: 'It takes OpenSBI’s place (-bios).',
    value: { kind: 'bios', arch: 'riscv64' },
  },
  {
    label: 'Firmware for a PC',
    about: 'It takes the place of SeaBIOS (-bios).',
    value: { kind: 'bios', arch: 'x86_64' },
  },
];

/** Asks what a file is whose content does not tell. @returns null: nothing to be started */
export function askKind(file: File): Promise<KnownUse | null> {
  const text = `Nothing in “${file.name}” (${formatBytes(file.size)}) says what it is. ${STARTABLE}`;
  return choose(`What is “${file.name}”?`, [text], KINDS);
}

/** What becomes of files while a machine runs. */
export type Place =
  | { how: 'share'; folder: VmFolder }
  | { how: 'insert'; drive: string }
  | { how: 'start' }
  | { how: 'add' };

const MEDIA_OF: Partial<Record<FileKind, DriveState['media']>> = {
  cdrom: 'cdrom',
  fda: 'floppy',
  hda: 'disk',
};
const DRIVES: Record<DriveState['media'], string> = {
  cdrom: 'the CD-ROM drive',
  floppy: 'the floppy drive',
  disk: 'the disk drive',
};

/** Drives of a machine that take a file. What the file is a person knows, where its content does not tell. */
function insertions({ file, use }: Incoming, vm: Vm): Choice<Place>[] {
  if ('foreign' in use) return [];
  const drives = vm.drives.filter(
    ({ removable, media }) => removable && ('unknown' in use || MEDIA_OF[use.kind] === media),
  );
  return drives.map(({ name, media, size, locked }) => ({
    label: `Insert it into ${DRIVES[media]} (${name})`,
    about:
      size === null
        ? `The machine goes on, and finds “${file.name}” there.`
        : `The machine goes on; what is in the drive${locked ? ', and in use,' : ''} is taken out.`,
    value: { how: 'insert', drive: name },
  }));
}

/** Of so many files each is looked at; more are nothing to start a machine with. */
const STARTABLE_FILES = 16;

/** The files of a drop that a machine may be started with. */
export function startable({ files, folders }: FileDrop): Promise<Incoming[]> {
  if (folders.length > 0 || files.length > STARTABLE_FILES) return Promise.resolve([]);
  return lookAt(files.map(({ file }) => file));
}

/**
 * Asks what becomes of files that come to a machine that runs: nothing ends it unasked. Where there is nothing to choose, and nothing ends, it is not asked.
 * @param canAdd whether the machine can be started again with a folder
 * @returns null: nothing
 */
export async function askPlace(
  drop: FileDrop,
  incoming: readonly Incoming[],
  vm: Vm,
  canAdd: boolean,
): Promise<Place | null> {
  const one = drop.files.length === 1 && drop.folders.length === 0;
  const it = one ? 'it' : 'them';
  const lost = unkeptWrites();
  const ending =
    lost > 0
      ? `This ends the machine that runs, and what it has written to its disk is lost (${formatBytes(lost)}).`
      : 'This ends the machine that runs.';
  const choices: Choice<Place>[] = vm.folders.map((folder) => ({
    label: `Put ${it} into the shared folder “${folder.tag}”`,
    about: `The machine goes on. In the guest: ${mountCommand(folder.tag)}`,
    value: { how: 'share', folder },
  }));
  if (one && incoming[0]) choices.push(...insertions(incoming[0], vm));
  if (incoming.some(({ use }) => !('foreign' in use)))
    choices.push({ label: `Start a machine with ${it}`, about: ending, value: { how: 'start' }, ends: true });
  if (canAdd && vm.folders.length === 0)
    choices.push({
      label: `Start this machine again, with ${it} in a shared folder`,
      about: `${ending} It starts again as it was, and finds what you drop from then on: ${mountCommand(SHARED_TAG)}`,
      value: { how: 'add' },
      ends: true,
    });
  const [only] = choices;
  if (choices.length === 1 && !only.ends) return only.value;
  if (choices.length === 0) {
    if (incoming.length > 0) sayForeign(incoming);
    else
      say('Not to be shared', 'This machine shares no folder with its guest. Start it with one (-virtfs).');
    return null;
  }
  const title = one ? `“${drop.files[0].file.name}”` : `${drop.files.length} files`;
  const texts = incoming.flatMap(({ file, use }) =>
    'foreign' in use ? [`“${file.name}” is ${use.foreign}. No machine starts it.`] : [],
  );
  return choose(title, ['A machine is running. What is to become of what you dropped?', ...texts], choices);
}

/** Says what was done, or why it was not. */
export function say(title: string, text: string): void {
  openDialog(title).body.append(h('p', { role: 'status' }, text));
}
