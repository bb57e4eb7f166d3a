/** One kept machine: its name, its disk and what can be done with them. */
import { h } from '../../element/dom.ts';
import { formatBytes } from '../../element/format.ts';
import { confirmed, openDialog } from '../dialog.ts';
import { runTask, type Task } from '../task.ts';
import { changeMachine, forgetMachine, keepMachine, type KeptMachine } from './kept-machines.ts';
import * as library from './library.ts';
import { fileName, saveFile } from './save-file.ts';
import { parseSize, SIZE_HINT } from './size.ts';

/** The four sizes of a disk and what they mean. */
export const SIZES: readonly (readonly [
  key: 'capacity' | 'length' | 'allocation' | 'commitment',
  name: string,
  meaning: string,
])[] = [
  ['capacity', 'Capacity', 'the size of the disk as the guest sees it'],
  ['length', 'Length', 'up to the end of the last byte that is stored'],
  ['allocation', 'Allocation', 'what is stored in this browser now'],
  ['commitment', 'Commitment', 'what it can come to take: when the guest has written to all of it'],
];

const dates = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** A machine of the list: what the person keeps, and those of its disks that are there. */
export interface Kept {
  machine: KeptMachine | null;
  disks: readonly library.DiskInfo[];
}

const button = (label: string, kind: string, click: () => void): HTMLButtonElement => {
  const element = h('button', { type: 'button', class: kind }, label);
  element.addEventListener('click', click);
  return element;
};

/** Shows the dialog until it is closed. @param changed is told of every change @param shown which of its disks it is about */
export async function manageMachine(kept: Kept, changed: () => void, shown = 0): Promise<void> {
  const { machine, disks } = kept;
  const disk = disks[shown] ?? null;
  const several = disks.length > 1;
  let name = machine?.name ?? disk?.name ?? '';
  const dialog = openDialog(name);
  const problem = h('p', { class: 'problem', role: 'alert' });
  const done = h('p', { class: 'said', role: 'status' });
  const sizes = h('dl', { class: 'sizes' });
  const tasks = h('div', { class: 'tasks' });
  const tools = h('div', { class: 'tools' });

  let deleted = false;
  const showSizes = async (): Promise<void> => {
    if (!disk || deleted) return;
    const values = await library.diskSizes(disk.id);
    sizes.replaceChildren(
      ...SIZES.map(([key, label, meaning]) =>
        h(
          'div',
          { title: `${values[key].toLocaleString('en')} bytes` },
          h('dt', {}, label),
          h('dd', {}, formatBytes(values[key])),
          h('dd', { class: 'meaning' }, meaning),
        ),
      ),
    );
  };

  /** One thing at a time; what fails says why. */
  const act = async (work: () => Promise<string | null>): Promise<void> => {
    problem.textContent = '';
    done.textContent = '';
    dialog.busy = true;
    tools.inert = true;
    try {
      done.textContent = (await work()) ?? '';
      await showSizes();
      changed();
    } catch (error) {
      problem.textContent = (error as Error).message;
    } finally {
      dialog.busy = false;
      tools.inert = false;
    }
  };
  const long = <T>(label: string, work: (task: Task) => Promise<T>, said: (result: T) => string | null) =>
    act(async () => {
      const result = await runTask(tasks, label, work);
      return result === null ? `${label}: cancelled.` : said(result);
    });

  tools.append(nameForm(name, (wanted) => void act(() => rename(wanted))));
  const rename = async (wanted: string): Promise<string> => {
    if (machine) await changeMachine(machine.id, { name: wanted });
    else if (disk) await library.renameDisk(disk.id, wanted);
    name = wanted;
    dialog.element.querySelector('h2')!.textContent = wanted;
    return `It is called “${wanted}” now.`;
  };

  if (disk) {
    const { id, base } = disk;
    const exported = (format: library.ExportFormat) => () =>
      void long(
        `Exporting ${format}`,
        (task) => library.exportDisk(id, format, task),
        (blob) => {
          saveFile(blob, `${fileName(name)}.${format === 'raw' ? 'img' : format}`);
          return `${formatBytes(blob.size)} were exported.`;
        },
      );
    tools.append(
      tool(
        'Export',
        'A copy as a file: qcow2 leaves out what is empty, raw is what every program reads.',
        button('Export qcow2', 'quiet', exported('qcow2')),
        button('Export raw', 'quiet', exported('raw')),
      ),
      sizeForm(disk.capacity, (capacity) => {
        void act(async () => {
          await library.resizeDisk(id, capacity);
          disk.capacity = capacity;
          return `The disk has ${formatBytes(capacity)} now. The guest has to make its file system larger by itself.`;
        });
      }),
      ...(base
        ? [
            tool(
              'Commit',
              `The disk stores what differs from ${base.name}. Committing copies the rest, so that it does not need that any more; what was written becomes part of it.`,
              button('Commit', 'quiet', () => {
                void long(
                  'Committing',
                  (task) => library.commitDisk(id, task).then(() => true),
                  () => 'The disk stands by itself now.',
                );
              }),
            ),
          ]
        : []),
      tool(
        'Discard changes',
        base
          ? `Gives up everything that was written, back to ${base.name}.`
          : 'Gives up everything that was written since the disk was made, imported or committed.',
        button('Discard…', 'quiet', () => void discard()),
      ),
    );
    const discard = async (): Promise<void> => {
      const question = {
        title: 'Discard all changes?',
        text: `Everything that was written to the disk of “${name}” is lost.`,
        action: 'Discard changes',
      };
      if (await confirmed(question))
        await act(() => library.discardDisk(id).then(() => 'The changes are gone.'));
    };
  }
  if (machine && disks.length === machine.disks.length) {
    tools.append(
      tool(
        'Duplicate',
        `A second machine with ${several ? 'disks' : 'a disk'} of its own, as this one is now.`,
        button('Duplicate', 'quiet', () => {
          void long(
            'Duplicating',
            async (task) => {
              const copies: library.DiskInfo[] = [];
              try {
                for (const { id } of machine.disks)
                  copies.push(await library.duplicateDisk(id, copies[0]?.name ?? `${name} (copy)`, task));
              } catch (error) {
                await Promise.allSettled(copies.map(({ id }) => library.removeDisk(id)));
                throw error;
              }
              return keepMachine({
                name: copies[0].name,
                address: machine.address,
                disks: machine.disks.map((one, at) => ({ ...one, id: copies[at].id })),
              });
            },
            (copy) => `“${copy.name}” is in the list.`,
          );
        }),
      ),
    );
  }
  tools.append(
    tool(
      'Delete',
      `The machine and all that its ${several ? 'disks store' : 'disk stores'}.`,
      button('Delete…', 'quiet danger-text', () => void remove()),
    ),
  );
  const remove = async (): Promise<void> => {
    const question = {
      title: `Delete “${name}”?`,
      text: `Its ${several ? 'disks are' : 'disk is'} deleted from this browser with everything on ${several ? 'them' : 'it'}. There is no way back.`,
      action: 'Delete',
    };
    if (!(await confirmed(question))) return;
    await act(async () => {
      for (const { id } of disks) await library.removeDisk(id);
      deleted = true;
      if (machine) await forgetMachine(machine.id);
      return null;
    });
    if (deleted) dialog.close();
  };

  const again = (at: number): boolean => {
    if (dialog.busy) return false;
    dialog.close();
    void manageMachine({ machine: machine && { ...machine, name }, disks }, changed, at);
    return true;
  };
  dialog.body.append(
    h(
      'p',
      { class: 'about' },
      disk
        ? `${disk.base ? `Made over ${disk.base.name}. ` : ''}Created ${dates.format(disk.created)}, used last ${dates.format(disk.used)}.`
        : 'The disk of this machine is gone.',
    ),
    ...(several ? [diskChoice(kept, shown, again)] : []),
    sizes,
    tasks,
    problem,
    done,
    tools,
  );
  await showSizes().catch((error: Error) => {
    problem.textContent = error.message;
  });
  await dialog.closed;
}

/** Of a machine with several disks: which one is looked at. @param choose gives false where that cannot be changed now */
function diskChoice({ machine, disks }: Kept, shown: number, choose: (at: number) => boolean): HTMLElement {
  const place = (id: string): string => {
    const drive = machine?.disks.find((one) => one.id === id)?.drive;
    return typeof drive === 'string' ? `${drive}: ` : '';
  };
  const select = h(
    'select',
    { name: 'disk', 'aria-label': 'Disk' },
    ...disks.map(({ id, name, capacity }, at) =>
      h(
        'option',
        { value: String(at), selected: at === shown },
        `${place(id)}${name}, ${formatBytes(capacity)}`,
      ),
    ),
  );
  select.addEventListener('change', () => {
    if (!choose(Number(select.value))) select.value = String(shown);
  });
  return tool('Disk', `It has ${disks.length}. Sizes, export, resizing and changes are of this one:`, select);
}

function tool(title: string, about: string, ...buttons: HTMLElement[]): HTMLElement {
  return h(
    'section',
    { class: 'tool' },
    h('div', {}, h('h3', {}, title), h('p', {}, about)),
    h('div', { class: 'tool-buttons' }, ...buttons),
  );
}

function nameForm(name: string, rename: (name: string) => void): HTMLElement {
  const input = h('input', {
    name: 'name',
    value: name,
    autocomplete: 'off',
    'aria-label': 'Name',
    required: true,
  });
  const form = h(
    'form',
    { class: 'tool' },
    h('div', {}, h('h3', {}, 'Name'), input),
    h('div', { class: 'tool-buttons' }, h('button', { type: 'submit', class: 'quiet' }, 'Rename')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (input.value.trim() !== '') rename(input.value.trim());
  });
  return form;
}

function sizeForm(capacity: number, resize: (capacity: number) => void): HTMLElement {
  const input = h('input', {
    name: 'size',
    value: formatBytes(capacity),
    autocomplete: 'off',
    'aria-label': 'New size',
  });
  const wrong = h('small', { class: 'problem', role: 'alert' });
  const form = h(
    'form',
    { class: 'tool' },
    h('div', {}, h('h3', {}, 'Resize'), h('p', {}, `Only larger. ${SIZE_HINT}`), input, wrong),
    h('div', { class: 'tool-buttons' }, h('button', { type: 'submit', class: 'quiet' }, 'Resize')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    wrong.textContent = '';
    const wanted = parseSize(input.value);
    if (wanted === null) wrong.textContent = `“${input.value}” is no size. ${SIZE_HINT}`;
    else if (wanted < capacity) wrong.textContent = 'A smaller disk would cut off what is on it.';
    else resize(wanted);
  });
  return form;
}
