/**
 * The options below a running machine: every one of them, the address that shares them, and the command line that says the same. Whichever of form and
 * command line is changed, the other follows.
 */
import './options.css';
import { UsageError } from '../../command/usage-error.ts';
import { VmError } from '../../core/errors.ts';
import type { ImageSource, VmConfig } from '../../core/vm-api.ts';
import { h } from '../../element/dom.ts';
import { configFromText, isLocalImage, VM_OPTIONS } from '../../element/options.ts';
import { fileName } from '../disks/save-file.ts';
import { commandLine } from '../command-line.ts';
import { configFromCommandLine } from '../command-text.ts';
import { firstMistake, framed, imageControl } from './controls.ts';
import { FileNames } from './file-names.ts';
import { type Field, FIELDS, type GroupName, GROUPS } from './fields.ts';
import { linesOf, parseLines } from './lines.ts';
import { devicesPart, drivesPart, foldersPart, type Part } from './rows.ts';

export interface OptionsActions {
  /** Restarts as this machine. @throws VmError when it cannot be */
  apply(config: VmConfig): void;
  /** The address that opens this machine anywhere; null: there is none, since it is kept in this browser. */
  link(config: VmConfig): string | null;
}

interface FieldPart extends Part {
  field: Field;
  problem(text: string | null): void;
}

const flagOf = (key: keyof VmConfig): string | undefined =>
  (({ xres: '-global', yres: '-global' }) as Partial<Record<string, string>>)[key] ??
  VM_OPTIONS.find((option) => option.key === key)?.flag;

/** A button that copies a text and says so. */
function copyButton(label: string, text: () => string): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'quiet' }, label);
  let again: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener('click', () => {
    const say = (word: string) => {
      button.textContent = word;
      clearTimeout(again);
      again = setTimeout(() => {
        button.textContent = label;
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

/**
 * @param config the machine as it runs
 * @param kept its name among those that this browser keeps
 */
export function optionsForm(
  config: VmConfig,
  imagesUrl: string,
  actions: OptionsActions,
  kept?: string,
): HTMLElement {
  const original = config;
  let draft: VmConfig = { ...config };
  const keptName = kept === undefined ? undefined : fileName(kept);
  const base = document.baseURI.replace(/[^/]*$/, '');
  const shorten = (address: string): string =>
    address.startsWith(base) ? address.slice(base.length) : address;
  const names = new FileNames(shorten, keptName === undefined ? [] : [`${keptName}.qcow2`]);
  const nameOf = (source: ImageSource): string => names.nameOf(source);
  const lineOf = (config: VmConfig): string => commandLine(config, imagesUrl, keptName, nameOf);
  // Those of the machine that runs have their names first.
  lineOf(original);

  const problem = h('p', { class: 'problem', role: 'alert' });
  const line = h('textarea', {
    rows: 3,
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'off',
    'data-testid': 'command-line',
    'aria-label': 'Command line',
    'aria-describedby': 'command-help command-problem',
  });
  const lineProblem = h('p', { class: 'problem', id: 'command-problem', role: 'alert' });
  const wrongFields = new Set<keyof VmConfig>();

  const fields: FieldPart[] = FIELDS.map((field) => fieldPart(field));
  const lists: Partial<Record<GroupName, readonly Part[]>> = {
    drives: [drivesPart(nameOf, change, kept)],
    devices: [devicesPart(change), foldersPart(change)],
  };

  function fieldPart(field: Field): FieldPart {
    const { key, label, help } = field;
    const read = (parse: () => Partial<VmConfig>): void => {
      try {
        const found = parse();
        wrongFields.delete(key);
        frame.problem(null);
        change(found);
      } catch (error) {
        wrongFields.add(key);
        frame.problem((error as Error).message);
      }
    };
    const parseText = (text: string): Partial<VmConfig> => ({
      [key]: undefined,
      ...configFromText(
        (option) => (option.key === key ? text : null),
        () => label,
      ),
    });
    const { control, around, show } = build();
    const wide = field.kind === 'lines' || ('wide' in field && field.wide === true);
    const frame = framed(label, help, control, { around, wide, flag: field.kind === 'flag' });
    return {
      field,
      element: frame.element,
      problem: frame.problem,
      show(next) {
        frame.problem(null);
        show(next);
      },
    };

    function build() {
      if (field.kind === 'image') {
        // A form's own methods are hidden by controls of their names.
        const image = imageControl(`option-${key}`, label, field.placeholder, nameOf, (source) =>
          read(() => imageChange(field.key, source)),
        );
        return {
          control: image.input,
          around: image.element,
          show: (next: VmConfig) => image.show(next[field.key]),
        };
      }
      if (field.kind === 'flag') {
        const box = h('input', { type: 'checkbox', name: `option-${key}` });
        box.addEventListener('change', () => read(() => ({ [key]: box.checked || undefined })));
        const showBox = (next: VmConfig) => {
          box.checked = next[key] === true;
        };
        return { control: box, around: box as HTMLElement, show: showBox };
      }
      if (field.kind === 'select') {
        const select = h('select', { name: `option-${key}` });
        select.addEventListener('change', () =>
          read(() =>
            key === 'arch'
              ? { arch: select.value, machine: undefined, cpu: undefined }
              : { [key]: select.value || undefined },
          ),
        );
        const showChoice = (next: VmConfig) => {
          const choices = field.choices(next);
          const value = key === 'tier' && next.tier === 'auto' ? '' : String(next[key] ?? '');
          const known = choices.some(([choice]) => choice === value);
          select.replaceChildren(
            ...[...choices, ...(known ? [] : [[value, value] as const])].map(([choice, text]) =>
              h('option', { value: choice, selected: choice === value }, text),
            ),
          );
        };
        return { control: select, around: select as HTMLElement, show: showChoice };
      }
      const input =
        field.kind === 'lines'
          ? h('textarea', {
              name: `option-${key}`,
              rows: 2,
              placeholder: field.placeholder,
              spellcheck: 'false',
            })
          : h('input', {
              name: `option-${key}`,
              placeholder: field.placeholder,
              autocomplete: 'off',
              spellcheck: 'false',
              inputmode: field.numeric ? 'numeric' : null,
            });
      input.addEventListener('input', () =>
        read(() =>
          field.kind === 'lines'
            ? parseLines(field.key, input.value, [...(draft.fwCfg ?? []), ...(original.fwCfg ?? [])], nameOf)
            : parseText(input.value),
        ),
      );
      const showText = (next: VmConfig) => {
        input.value = field.kind === 'lines' ? linesOf(field.key, next, nameOf) : String(next[key] ?? '');
      };
      return { control: input, around: input as HTMLElement, show: showText };
    }
  }

  /** An initrd and firmware belong to their kernel: another kernel has none of them until they are given. */
  function imageChange(key: keyof VmConfig, source: ImageSource | undefined): Partial<VmConfig> {
    if (key !== 'kernel' || source === undefined || !isLocalImage(source)) return { [key]: source };
    return {
      kernel: source,
      ...(draft.initrd === original.initrd && { initrd: undefined }),
      ...(draft.bios === original.bios && { bios: undefined }),
    };
  }

  /** Takes options of the form over into the machine, and shows what follows from them. */
  function change(options: Partial<VmConfig>): void {
    draft = Object.fromEntries(
      Object.entries({ ...draft, ...options }).filter(([, value]) => value !== undefined),
    ) as unknown as VmConfig;
    tellLine(null);
    line.value = lineOf(draft);
    const others = Object.keys(options).length > 1 || options.arch !== undefined;
    if (others) for (const part of fields) if (part.field.key in options) part.show(draft);
    if (options.arch !== undefined) showAll();
    showWhich();
    void check();
  }

  /** Fields that the machine has no use for are not shown, unless they are set. */
  function showWhich(): void {
    for (const { field, element, show } of fields) {
      element.hidden = field.when !== undefined && !field.when(draft) && draft[field.key] === undefined;
      // Nobody can mend what is not shown.
      if (element.hidden && wrongFields.delete(field.key)) show(draft);
    }
  }

  function showAll(): void {
    wrongFields.clear();
    for (const part of [...fields, ...Object.values(lists).flat()]) part.show(draft);
    showWhich();
  }

  /** Tells a mistake at the field that it is about, or for the whole form. */
  function tell(message: string): void {
    const flag = /\((--?[\w-]+)\)|(?:^|\s)(--?[a-z][\w-]*)/i.exec(message);
    const named = flag?.[1] ?? flag?.[2];
    const part = fields.find(({ field, element }) => !element.hidden && flagOf(field.key) === named);
    if (part) part.problem(message);
    else problem.textContent = message;
  }

  /** Asks the machine itself whether it can be built like this. */
  async function check(): Promise<boolean> {
    const asked = draft;
    problem.textContent = '';
    const loaded = await import('../../machine/config.ts').catch(() => null);
    if (asked !== draft) return false;
    if (loaded === null) {
      problem.textContent =
        'What checks these options could not be loaded. Check your connection, and try again.';
      return false;
    }
    for (const { field, problem: say } of fields) if (!wrongFields.has(field.key)) say(null);
    try {
      loaded.resolveConfig(draft);
      return wrongFields.size === 0;
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
      tell(error.message);
      return false;
    }
  }

  /** Tells a mistake in the command line; null: there is none. */
  function tellLine(message: string | null): void {
    lineProblem.textContent = message ?? '';
    if (message === null) line.removeAttribute('aria-invalid');
    else line.setAttribute('aria-invalid', 'true');
  }

  /** Reads the command line; the form follows. */
  function readLine(): void {
    try {
      const found = configFromCommandLine(line.value, {
        imagesUrl,
        files: names.files,
        folders: [...(original.folders ?? []), ...(draft.folders ?? [])],
        disks: new Map(
          (original.drives ?? []).flatMap(({ persist }) =>
            persist === undefined || keptName === undefined ? [] : [[`${keptName}.qcow2`, persist]],
          ),
        ),
      });
      tellLine(null);
      // What the command line has no word for stays as it is.
      const { cache } = draft;
      draft = { ...found, ...(cache !== undefined && { cache }) };
      showAll();
      void check();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      tellLine(error.message);
    }
  }
  line.addEventListener('input', readLine);
  line.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });

  const groups = Object.entries(GROUPS).map(([name, [title, about]], at) => {
    const inside = fields.filter(({ field }) => field.group === name).map(({ element }) => element);
    const more = lists[name as GroupName] ?? [];
    return h(
      'details',
      { class: 'option-group', open: at < 2 },
      h('summary', {}, h('span', {}, title), h('small', {}, about)),
      h('div', { class: 'options' }, ...inside, ...more.map(({ element }) => element)),
    );
  });
  const copyLink = copyButton('Copy link', () => actions.link(draft) ?? '');
  const form = h(
    'form',
    { class: 'options-form', novalidate: true },
    ...groups,
    h(
      'div',
      { class: 'command' },
      h(
        'div',
        { class: 'command-head' },
        h(
          'span',
          { id: 'command-help' },
          kept
            ? 'The same as a command line, with the disk exported as qcow2: edit either'
            : 'The same as a command line: edit either',
        ),
        h(
          'span',
          { class: 'buttons' },
          actions.link(draft) !== null && copyLink,
          copyButton('Copy', () => line.value),
        ),
      ),
      line,
      lineProblem,
    ),
    h(
      'div',
      { class: 'submit' },
      h('button', { type: 'submit', class: 'primary' }, 'Restart with these options'),
      problem,
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (lineProblem.textContent) {
      line.focus();
      return;
    }
    const possible = await check();
    // The machine as it would be is without what rows and fields could not read.
    const wrong = firstMistake(form);
    if (!possible || wrong) {
      const group = wrong?.closest('details');
      if (group) group.open = true;
      wrong?.focus();
      return;
    }
    try {
      actions.apply(draft);
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
  });
  showAll();
  line.value = lineOf(draft);
  return form;
}
