/** The options below a running machine: what may be changed, and the command line that does the same. */
import { h } from '../element/dom.ts';
import { imageName, parseMemory, VM_OPTIONS } from '../element/options.ts';
import type { Tier, VmConfig } from '../core/vm-api.ts';
import { hasStoredDisk } from './disks/kept-config.ts';
import { fileName } from './disks/save-file.ts';
import { commandLine } from './command-line.ts';
import type { PickedFiles } from './machine.ts';

export interface OptionsFormActions {
  /** Restarts with other options. @throws VmError when one of them cannot be read */
  apply(options: Partial<Record<'m' | 'append' | 'tier' | 'icount', string>>, files: PickedFiles): void;
}

const TIER_HELP: Record<Tier, string> = {
  auto: 'auto: as fast as it can be',
  interp: 'interp: only the interpreter',
  jit: 'jit: compiles much earlier',
  check: 'check: compares the tiers',
};

function field(label: string, hint: string, control: HTMLElement): HTMLElement {
  return h('label', { class: 'field' }, h('span', {}, label), control, h('small', {}, hint));
}

function copyButton(text: () => string): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'quiet' }, 'Copy');
  button.addEventListener('click', () => {
    const say = (word: string) => {
      button.textContent = word;
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1500);
    };
    const copied = navigator.clipboard?.writeText(text()) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => say('Copied'),
      () => say('Refused'),
    );
  });
  return button;
}

type FileKey = keyof PickedFiles;

/** A file input that says which image is in use. */
function fileField(
  key: FileKey,
  label: string,
  config: VmConfig,
): { element: HTMLElement; input: HTMLInputElement } {
  const source = config[key];
  const current = h(
    'span',
    { class: 'file-name' },
    source === undefined ? (key === 'bios' ? 'default' : 'none') : imageName(source),
  );
  const input = h('input', { type: 'file', class: 'visually-hidden', name: key });
  input.addEventListener('change', () => {
    if (input.files?.[0]) current.textContent = input.files[0].name;
  });
  const option = VM_OPTIONS.find((candidate) => candidate.key === key)!;
  return {
    element: field(
      label,
      option.flag!,
      h('span', { class: 'file' }, current, h('span', { class: 'choose' }, 'Choose…'), input),
    ),
    input,
  };
}

const BOOT_FILES = ['kernel', 'initrd', 'bios'] as const;
const DRIVES = ['hda', 'hdb', 'cdrom', 'fda'] as const;

const FILE_LABELS = {
  kernel: 'Kernel',
  initrd: 'Initial RAM disk',
  bios: 'Firmware',
  hda: 'Disk (raw image; what the guest writes is gone with the machine)',
  hdb: 'Second disk',
  cdrom: 'CD-ROM',
  fda: 'Floppy',
} as const;

/** @param kept the machine's name among those that this browser keeps */
export function optionsForm(
  config: VmConfig,
  imagesUrl: string,
  actions: OptionsFormActions,
  kept?: string,
): HTMLElement {
  const memory = h('input', {
    name: 'm',
    value: String(config.memory ?? 128),
    inputmode: 'numeric',
    autocomplete: 'off',
  });
  const append = h('input', {
    name: 'cmdline',
    value: config.append ?? '',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const icount = h('input', {
    name: 'icount',
    value: config.icount === undefined ? '' : String(config.icount),
    placeholder: 'off',
    autocomplete: 'off',
  });
  const tier = h(
    'select',
    { name: 'tier' },
    ...Object.entries(TIER_HELP).map(([name, help]) =>
      h('option', { value: name, selected: name === (config.tier ?? 'auto') }, help),
    ),
  );
  // A disk that is kept stays where it is: no image takes its place.
  const drives = config.arch === 'riscv64' ? [] : DRIVES.filter((key) => !hasStoredDisk(config, key));
  const keys = [...BOOT_FILES, ...drives];
  const files = keys.map((key) => ({ key, ...fileField(key, FILE_LABELS[key], config) }));
  const problem = h('p', { class: 'problem', role: 'alert' });
  const form = h(
    'form',
    { class: 'options' },
    field('Memory', '-m, in MB; or 2G', memory),
    field('Kernel command line', '-append', append),
    ...files.map(({ element }) => element),
    field('Tier', '--tier', tier),
    field('Instruction clock', '-icount: 2^N ns an instruction', icount),
    h(
      'div',
      { class: 'submit' },
      h('button', { type: 'submit', class: 'primary' }, 'Restart with these options'),
      problem,
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const picked: PickedFiles = {};
    for (const { key, input } of files) if (input.files?.[0]) picked[key] = input.files[0];
    try {
      parseMemory(memory.value, 'Memory');
      actions.apply(
        { m: memory.value, append: append.value, tier: tier.value, icount: icount.value },
        picked,
      );
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
  });
  const line = commandLine(config, imagesUrl, kept && fileName(kept));
  return h(
    'div',
    {},
    form,
    h(
      'div',
      { class: 'command' },
      h(
        'div',
        { class: 'command-head' },
        h(
          'span',
          {},
          kept
            ? 'The same from the command line, with the disk exported as qcow2'
            : 'The same from the command line',
        ),
        copyButton(() => line),
      ),
      h('pre', {}, h('code', { 'data-testid': 'command-line' }, line)),
    ),
  );
}
