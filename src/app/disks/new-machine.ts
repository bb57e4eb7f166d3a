/** The form for a machine of one's own: what its disk is made of, how large it is, what else it has. */
import type { VmConfig } from '../../core/vm-api.ts';
import { h } from '../../element/dom.ts';
import { parseMemory } from '../../element/options.ts';
import { type Address, formatAddress } from '../address.ts';
import type { CatalogEntry } from '../catalog.ts';
import { openDialog } from '../dialog.ts';
import { type PickedFiles, ownOptions } from '../machine.ts';
import { runTask, type Task } from '../task.ts';
import { imageIn, keepableDrives, unkeptDrives } from './kept-config.ts';
import { type KeptDisk, keepMachine, type KeptMachine } from './kept-machines.ts';
import * as library from './library.ts';
import { parseSize, SIZE_HINT } from './size.ts';

const EMPTY = 'empty';
const FILE = 'file';
const WEB = 'web';

/** What a person types for an empty disk at first. */
const FIRST_SIZE = '8 GB';
const MEMORY: Record<string, number> = { x86_64: 1024, i386: 256 };

/**
 * Makes a machine that is kept, over the image of one of the list.
 * @throws Error
 */
export async function keepListed(
  entry: CatalogEntry,
  name = entry.title,
  capacity = 0,
): Promise<KeptMachine> {
  const options = ownOptions(entry);
  const drives = unkeptDrives(options).filter((drive) => imageIn(options, drive) !== undefined);
  if (drives.length === 0) throw new Error(`${entry.title} has no disk to keep.`);
  return keepImages(name, options, drives, formatAddress({ machine: entry.name, options: {} }), capacity);
}

/**
 * Makes a machine that is kept, with disks over its images. A file of the person's is copied: nobody can find it again by itself.
 * @param address what else the machine is
 * @param capacity of the first
 * @throws Error
 */
export async function keepImages(
  name: string,
  config: Partial<VmConfig>,
  drives: readonly KeptDisk['drive'][],
  address: string,
  capacity = 0,
): Promise<KeptMachine> {
  const disks: KeptDisk[] = [];
  let called = name;
  try {
    for (const drive of drives) {
      const image = imageIn(config, drive)!;
      const wanted = disks.length === 0 ? name : `${called} (${drive})`;
      const size = disks.length === 0 ? capacity : 0;
      const disk =
        typeof image === 'string'
          ? await library.createDisk(wanted, size, image)
          : await importInDialog(image instanceof Blob ? image : new Blob([image.slice()]), wanted);
      if (disks.length === 0) called = disk.name;
      disks.push({ id: disk.id, drive });
    }
  } catch (error) {
    await Promise.allSettled(disks.map(({ id }) => library.removeDisk(id)));
    throw error;
  }
  return keepMachine({ name: called, address, disks });
}

/** Copies an image with its progress in a dialog. @throws Error also when it is cancelled */
async function importInDialog(image: Blob, name: string): Promise<library.DiskInfo> {
  const dialog = openDialog('Keeping the disk');
  dialog.busy = true;
  try {
    const work = (task: Task) => library.importDisk(image, name, task);
    const disk = await runTask(dialog.body, 'Copying the image into this browser', work);
    if (!disk) throw new Error('The image was not copied: nothing is kept.');
    return disk;
  } finally {
    dialog.close();
  }
}

function field(label: string, control: HTMLElement, hint?: string): HTMLElement {
  control.id = `new-${control.getAttribute('name')}`;
  const help = hint ? h('small', { id: `${control.id}-help` }, hint) : null;
  if (help) control.setAttribute('aria-describedby', help.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, help);
}

const option = (value: string, text: string) => h('option', { value }, text);

/**
 * Shows the form.
 * @returns the machine that was made, and files for its first start; null: none was made
 */
export async function newMachine(
  entries: readonly CatalogEntry[],
): Promise<{ machine: KeptMachine; files: PickedFiles } | null> {
  const dialog = openDialog('New machine');
  const listed = entries.filter((entry) => keepableDrives(ownOptions(entry)).length > 0);
  const discs = entries.filter(({ cdrom }) => cdrom);
  const source = h(
    'select',
    { name: 'source' },
    option(EMPTY, 'An empty disk'),
    option(FILE, 'A disk image from this computer'),
    option(WEB, 'A disk image from the web'),
    listed.length > 0 &&
      h(
        'optgroup',
        { label: 'A machine of the list' },
        ...listed.map(({ name, title }) => option(name, title)),
      ),
  );
  const name = h('input', { name: 'name', value: 'My machine', autocomplete: 'off', required: true });
  const size = h('input', { name: 'size', value: FIRST_SIZE, autocomplete: 'off' });
  const file = h('input', { type: 'file', name: 'image' });
  const url = h('input', { type: 'url', name: 'url', placeholder: 'https://…', autocomplete: 'off' });
  const arch = h('select', { name: 'arch' }, option('x86_64', 'PC, 64 bits'), option('i386', 'PC, 32 bits'));
  const memory = h('input', { name: 'memory', value: '1024', autocomplete: 'off', inputmode: 'numeric' });
  const disc = h(
    'select',
    { name: 'disc' },
    option('', 'None'),
    ...discs.map(({ name: id, title }) => option(id, title)),
    option(FILE, 'A file of mine…'),
  );
  const discFile = h('input', { type: 'file', name: 'disc-file' });
  const fields = {
    size: field(
      'Size of the disk',
      size,
      `${SIZE_HINT} It takes room as it fills. Empty: as large as its image.`,
    ),
    file: field('Disk image', file, 'raw, qcow2, VMDK, VDI or VHD: it is copied into this browser.'),
    url: field('Address of the image', url, 'It stays where it is: only your changes are kept here.'),
    arch: field('Machine', arch),
    memory: field('Memory', memory, 'MB, or 2G'),
    disc: field('Disc in its CD-ROM drive', disc, 'Such as an installer.'),
    discFile: field('Disc image', discFile, 'Put in for the first start; later in “Drives”.'),
  };
  const problem = h('p', { class: 'problem', role: 'alert' });
  const tasks = h('div', { class: 'tasks' });
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Create and start');
  const form = h(
    'form',
    { class: 'new-machine' },
    field('Its disk starts as', source),
    field('Name', name),
    ...Object.values(fields),
    tasks,
    problem,
    h('div', { class: 'dialog-actions' }, submit),
  );

  const follow = (): void => {
    const kind = source.value;
    const own = kind === EMPTY || kind === FILE || kind === WEB;
    const shown: Record<keyof typeof fields, boolean> = {
      size: kind !== FILE,
      file: kind === FILE,
      url: kind === WEB,
      arch: own,
      memory: own,
      disc: kind === EMPTY,
      discFile: kind === EMPTY && disc.value === FILE,
    };
    for (const [key, element] of Object.entries(fields)) element.hidden = !shown[key as keyof typeof fields];
  };
  source.addEventListener('change', () => {
    const entry = listed.find((one) => one.name === source.value);
    if (entry) name.value = entry.title;
    size.value = source.value === EMPTY ? FIRST_SIZE : '';
    follow();
  });
  arch.addEventListener('change', () => {
    memory.value = String(MEMORY[arch.value]);
  });
  disc.addEventListener('change', follow);
  follow();

  const capacity = (): number => {
    if (size.value.trim() === '' && source.value !== EMPTY) return 0;
    const bytes = parseSize(size.value);
    if (bytes === null) throw new Error(`“${size.value}” is no size of a disk. ${SIZE_HINT}`);
    return bytes;
  };

  const make = async (): Promise<KeptMachine | null> => {
    const entry = listed.find((one) => one.name === source.value);
    if (entry) return keepListed(entry, name.value.trim(), capacity());
    const options: Address['options'] = { arch: arch.value, memory: parseMemory(memory.value, 'Memory') };
    const cdrom = discs.find((one) => one.name === disc.value)?.cdrom;
    if (source.value === EMPTY && cdrom) options.cdrom = cdrom;
    const disk = await makeDisk();
    if (!disk) return null;
    return keepMachine({
      name: disk.name,
      address: formatAddress({ options }),
      disks: [{ id: disk.id, drive: 'hda' }],
    });
  };
  const makeDisk = async (): Promise<library.DiskInfo | null> => {
    if (source.value === FILE) {
      const image = file.files?.[0];
      if (!image) throw new Error('Choose the image of the disk.');
      return runTask(tasks, 'Copying the image', (task) =>
        library.importDisk(image, name.value.trim(), task),
      );
    }
    if (source.value === WEB) {
      if (!URL.canParse(url.value, document.baseURI) || url.value.trim() === '')
        throw new Error('Write the address of the image.');
      const address = new URL(url.value.trim(), document.baseURI).href;
      return library.createDisk(name.value.trim(), capacity(), address);
    }
    return library.createDisk(name.value.trim(), capacity(), null);
  };

  let made: { machine: KeptMachine; files: PickedFiles } | null = null;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    problem.textContent = '';
    submit.disabled = true;
    dialog.busy = true;
    try {
      const picked = fields.discFile.hidden ? undefined : discFile.files?.[0];
      const machine = await make();
      if (machine) made = { machine, files: picked ? { cdrom: picked } : {} };
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
    submit.disabled = false;
    dialog.busy = false;
    if (made) dialog.close();
  });
  dialog.body.append(form);
  source.focus();
  await dialog.closed;
  return made;
}
