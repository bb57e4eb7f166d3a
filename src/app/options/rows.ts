/** The lists of the form: drives beside those with a place of their own, devices, shared folders. */
import type { CliOptions } from '../../command/cli-options.ts';
import { setDrive } from '../../command/drive-options.ts';
import { escapeCommas, parseKeyValues } from '../../command/option-values.ts';
import { UsageError } from '../../command/usage-error.ts';
import { VmError } from '../../core/errors.ts';
import type { DeviceConfig, DriveConfig, FolderConfig, ImageSource, VmConfig } from '../../core/vm-api.ts';
import { h } from '../../element/dom.ts';
import { driveProperties } from '../../element/drive-text.ts';
import { deviceWords } from '../../element/options.ts';
import { imageControl, mistakeOf } from './controls.ts';
import { DEVICES } from './fields.ts';

/** A part of the form that shows some options of a configuration and changes them. */
export interface Part {
  element: HTMLElement;
  show(config: VmConfig): void;
}

/** Changes options of the form's machine; undefined takes one away. */
export type Change = (options: Partial<VmConfig>) => void;

function row(what: string, remove: () => void, ...content: HTMLElement[]): HTMLElement {
  const button = h('button', { type: 'button', class: 'quiet remove', 'aria-label': `Remove ${what}` }, '×');
  button.addEventListener('click', remove);
  return h('li', { class: 'row' }, ...content, button);
}

/** @throws UsageError */
function parseDevice(text: string): DeviceConfig {
  const { driver = '', ...properties } = Object.fromEntries(parseKeyValues('-device', text.trim(), 'driver'));
  if (driver === '') throw new UsageError('A device needs a driver, such as virtio-rng.');
  return Object.keys(properties).length > 0 ? { driver, properties } : { driver };
}

export function devicesPart(change: Change): Part {
  const list = h('ul', { class: 'rows' });
  const add = h(
    'select',
    { class: 'add', 'aria-label': 'Add a device' },
    h('option', { value: '' }, 'Add a device…'),
    ...DEVICES.map(([word, about]) => h('option', { value: word }, `${word.split(',')[0]}: ${about}`)),
  );
  let devices: readonly DeviceConfig[] = [];
  const set = (next: readonly DeviceConfig[]): void => {
    devices = next;
    change({ devices: next.length > 0 ? next : undefined });
  };
  const draw = (): void =>
    list.replaceChildren(
      ...devices.map((device, at) => {
        const name = `Device ${at + 1}`;
        const input = h('input', {
          value: deviceWords([device], escapeCommas)[0],
          autocomplete: 'off',
          spellcheck: 'false',
          'aria-label': name,
        });
        const wrong = mistakeOf(input);
        input.addEventListener('input', () => {
          try {
            const device = parseDevice(input.value);
            wrong.problem(null);
            set(devices.with(at, device));
          } catch (error) {
            wrong.problem((error as Error).message);
          }
        });
        const remove = () => {
          set(devices.toSpliced(at, 1));
          draw();
        };
        return row(name, remove, h('div', { class: 'grow' }, input, wrong.element));
      }),
    );
  add.addEventListener('change', () => {
    if (add.value === '') return;
    set([...devices, parseDevice(add.value)]);
    add.value = '';
    draw();
    list.lastElementChild?.querySelector('input')?.focus();
  });
  return {
    element: h('div', { class: 'list-field wide' }, h('span', {}, 'Devices (-device)'), list, add),
    show(config) {
      devices = config.devices ?? [];
      draw();
    },
  };
}

/** What a drive's row has fields for; the rest is text. */
const SHOWN = ['file', 'if', 'format', 'readonly', 'persist', 'snapshot'];

const INTERFACES = [
  ['', 'IDE'],
  ['virtio', 'virtio'],
  ['floppy', 'floppy'],
  ['pflash', 'flash memory'],
  ['none', 'for a device'],
] as const;
const FORMATS = [
  ['', 'by its content'],
  ...['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'].map((f) => [f, f] as const),
] as const;

const select = (label: string, choices: readonly (readonly [string, string])[], value: string) =>
  h(
    'select',
    { 'aria-label': label },
    ...choices.map(([key, text]) => h('option', { value: key, selected: key === value }, text)),
  );

/** The properties that a text such as `media=cdrom,throttling.iops-total=100` gives a drive. @throws UsageError */
function parseMore(text: string): DriveConfig {
  const options = { drives: [] as CliOptions['drives'] };
  if (text.trim() === '') return {};
  if (/(^|,)(file|if|format|readonly)=/.test(text)) throw new Error('There is a field for that beside it.');
  // Its first word would be a file's name otherwise.
  if (!/^[\w.-]+=/.test(text.trim())) throw new Error('Write PROPERTY=VALUE, as in media=cdrom.');
  setDrive(options as CliOptions, text.trim());
  const { option: _, ...drive } = options.drives[0];
  return drive;
}

/** @param kept what the machine is called that keeps a disk */
export function drivesPart(nameOf: (source: ImageSource) => string, change: Change, kept?: string): Part {
  const list = h('ul', { class: 'rows' });
  const add = h('button', { type: 'button', class: 'quiet' }, 'Add a drive');
  let drives: readonly DriveConfig[] = [];
  const set = (next: readonly DriveConfig[]): void => {
    drives = next;
    change({ drives: next.length > 0 ? next : undefined });
  };
  const driveRow = (drive: DriveConfig, at: number): HTMLElement => {
    const name = `Drive ${at + 1}`;
    if (drive.persist !== undefined)
      return h(
        'li',
        { class: 'row' },
        h('span', { class: 'grow' }, `The disk of “${kept ?? ''}”, which is kept`),
      );
    let file: ImageSource | undefined = drive.file;
    const image = imageControl(`drive-${at}`, name, 'empty', nameOf, (source) => {
      file = source;
      update();
    });
    image.input.setAttribute('aria-label', `${name}: image`);
    image.show(file);
    const at2 = select(`${name}: interface`, INTERFACES, drive.interface ?? '');
    const format = select(`${name}: format`, FORMATS, drive.format ?? '');
    const readOnly = h('input', { type: 'checkbox', checked: drive.readOnly ?? false });
    const more = h('input', {
      value: driveProperties(drive)
        .filter(([key]) => !SHOWN.includes(key))
        .map(([key, value]) => `${key}=${escapeCommas(value)}`)
        .join(','),
      placeholder: 'media=cdrom,index=1,throttling.iops-total=100,werror=stop …',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-label': `${name}: other properties`,
    });
    const wrong = mistakeOf(more);
    const update = (): void => {
      try {
        const rest = parseMore(more.value);
        wrong.problem(null);
        set(
          drives.with(at, {
            ...(file !== undefined && { file }),
            ...(at2.value !== '' && { interface: at2.value as NonNullable<DriveConfig['interface']> }),
            ...(format.value !== '' && { format: format.value as NonNullable<DriveConfig['format']> }),
            ...(readOnly.checked && { readOnly: true }),
            ...(drive.snapshot === false && { snapshot: false }),
            ...rest,
          }),
        );
      } catch (error) {
        wrong.problem((error as Error).message);
      }
    };
    for (const control of [at2, format, readOnly]) control.addEventListener('change', update);
    more.addEventListener('input', update);
    const remove = () => {
      set(drives.toSpliced(at, 1));
      draw();
    };
    const check = h('label', { class: 'check' }, readOnly, 'read-only');
    return row(
      name,
      remove,
      h('div', { class: 'grow drive-row' }, image.element, at2, format, check, more, wrong.element),
    );
  };
  const draw = (): void => list.replaceChildren(...drives.map(driveRow));
  add.addEventListener('click', () => {
    set([...drives, { interface: 'virtio' }]);
    draw();
    list.lastElementChild?.querySelector('input')?.focus();
  });
  return {
    element: h('div', { class: 'list-field wide' }, h('span', {}, 'More drives (-drive)'), list, add),
    show(config) {
      drives = config.drives ?? [];
      draw();
    },
  };
}

/** Files of a folder that are copied into memory, and their bytes, at most. */
const FOLDER_FILES_MAX = 10_000;
const FOLDER_BYTES_MAX = 256 << 20;

/** @throws VmError for more than a machine can share */
function folderOf(tag: string, list: FileList): FolderConfig {
  const files = [...list];
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > FOLDER_FILES_MAX || bytes > FOLDER_BYTES_MAX)
    throw new VmError(
      'bad-config',
      `The folder has more than ${FOLDER_FILES_MAX.toLocaleString('en')} files or 256 MB, which are copied into memory: choose a smaller one.`,
    );
  // The path begins with the folder's own name.
  return {
    tag,
    files: Object.fromEntries(files.map((file) => [file.webkitRelativePath.replace(/^[^/]*\//, ''), file])),
  };
}

export function foldersPart(change: Change): Part {
  const list = h('ul', { class: 'rows' });
  const wrong = h('small', { class: 'wrong', role: 'alert' });
  const picker = h('input', {
    type: 'file',
    webkitdirectory: true,
    class: 'visually-hidden',
    tabindex: '-1',
    'aria-hidden': 'true',
  });
  const add = h('button', { type: 'button', class: 'quiet' }, 'Share a folder…');
  let folders: readonly FolderConfig[] = [];
  const set = (next: readonly FolderConfig[]): void => {
    folders = next;
    change({ folders: next.length > 0 ? next : undefined });
    draw();
  };
  const draw = (): void =>
    list.replaceChildren(
      ...folders.map(({ tag, files }, at) =>
        row(
          `the folder ${tag}`,
          () => set(folders.toSpliced(at, 1)),
          h('span', { class: 'grow' }, h('code', {}, `mount -t 9p -o trans=virtio ${tag} /mnt`)),
          h('span', { class: 'dim' }, `${Object.keys(files).length} files`),
        ),
      ),
    );
  add.addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    wrong.textContent = '';
    if (!picker.files?.length) return;
    const tags = folders.map(({ tag }) => tag);
    let tag = 'share';
    for (let number = 2; tags.includes(tag); number++) tag = `share${number}`;
    try {
      set([...folders, folderOf(tag, picker.files)]);
    } catch (error) {
      wrong.textContent = (error as Error).message;
    }
    picker.value = '';
  });
  return {
    element: h(
      'div',
      { class: 'list-field wide' },
      h('span', {}, 'Shared folders (-virtfs)'),
      list,
      add,
      picker,
      wrong,
    ),
    show(config) {
      folders = config.folders ?? [];
      draw();
    },
  };
}
