/** "Your machines" on the first page: those with a disk that this browser keeps. */
import { h, markup } from '../../element/dom.ts';
import { formatBytes } from '../../element/format.ts';
import { EMBLEMS } from '../emblems.ts';
import { isPlainClick } from '../list-view.ts';
import { type Kept, manageMachine } from './disk-dialog.ts';
import { keptMachines } from './kept-machines.ts';
import * as library from './library.ts';
import type { DiskSizes } from './library.ts';
import { storageNote } from './storage-note.ts';

export interface ShelfActions {
  /** Opens a kept machine. */
  openKept(id: string): void;
  /** Shows the form for a new one. */
  create(): void;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** `3 hours ago`. */
export function ago(then: number, now = Date.now()): string {
  const passed = Math.max(0, now - then);
  const step = STEPS.find(([, ms]) => passed >= ms);
  return step ? relative.format(-Math.floor(passed / step[1]), step[0]) : 'just now';
}

/** Machines with their disks, and disks that belong to none; not those that another tab is making. */
async function everything(): Promise<Kept[]> {
  const [machines, disks] = await Promise.all([keptMachines(), library.listDisks()]);
  const used = new Set(machines.flatMap((machine) => machine.disks.map(({ id }) => id)));
  return [
    ...machines.map((machine) => ({
      machine,
      disks: machine.disks.flatMap((one) => disks.find(({ id }) => id === one.id) ?? []),
    })),
    ...disks
      .filter(({ id, incomplete }) => !used.has(id) && !incomplete)
      .map((disk) => ({ machine: null, disks: [disk] })),
  ];
}

type Room = Pick<DiskSizes, 'allocation' | 'capacity'>;

/** Of all disks together; null: they cannot be asked. */
async function roomOf(disks: readonly library.DiskInfo[]): Promise<Room | null> {
  const all = await Promise.all(disks.map(({ id }) => library.diskSizes(id))).catch(() => []);
  const sum = (key: keyof Room): number => all.reduce((bytes, sizes) => bytes + sizes[key], 0);
  return all.length > 0 ? { allocation: sum('allocation'), capacity: sum('capacity') } : null;
}

function card(kept: Kept, sizes: Room | null, actions: ShelfActions, changed: () => void): HTMLElement {
  const { machine, disks } = kept;
  const [disk] = disks;
  const name = machine?.name ?? disk?.name ?? '';
  const open: HTMLElement = h(
    machine ? 'a' : 'span',
    machine ? { class: 'open', href: `?mine=${machine.id}` } : {},
    name,
  );
  open.addEventListener('click', (event) => {
    if (!machine || !isPlainClick(event)) return;
    event.preventDefault();
    actions.openKept(machine.id);
  });
  const manage = h('button', { type: 'button', class: 'quiet' }, 'Manage', hidden(` ${name}`));
  manage.addEventListener('click', () => void manageMachine(kept, changed));
  const facts = [
    disks.length > 1 ? `${disks.length} disks` : disk?.base && `over ${disk.base.name}`,
    sizes && `${formatBytes(sizes.allocation)} of ${formatBytes(sizes.capacity)}`,
    machine && `used ${ago(machine.used)}`,
    !machine && 'a disk without a machine',
    machine && disks.length < machine.disks.length && 'a disk of it is gone',
  ];
  return h(
    'li',
    { class: 'kept' },
    markup('div', { class: 'emblem', 'aria-hidden': 'true' }, EMBLEMS.system),
    h('h3', {}, open),
    h('ul', { class: 'facts' }, ...facts.map((fact) => (fact ? h('li', {}, fact) : null))),
    manage,
  );
}

const hidden = (text: string): HTMLElement => h('span', { class: 'visually-hidden' }, text);

/** The section; it fills itself, and stays out of the way where the browser keeps nothing. */
export function shelf(actions: ShelfActions): HTMLElement {
  const list = h('ul', { class: 'shelf' });
  const note = h('div', {});
  const create = h('button', { type: 'button', class: 'primary' }, 'New machine…');
  create.addEventListener('click', () => actions.create());
  const about = h('p', { class: 'about' });
  const section = h(
    'section',
    { class: 'group group-kept', 'aria-labelledby': 'group-kept' },
    h(
      'header',
      { class: 'with-action' },
      h('div', {}, h('h2', { id: 'group-kept', class: 'section-title' }, 'Your machines'), about),
      create,
    ),
    list,
    note,
  );

  const fill = async (): Promise<void> => {
    try {
      const all = await everything();
      const sizes = await Promise.all(all.map(({ disks }) => roomOf(disks)));
      list.replaceChildren(...all.map((kept, at) => card(kept, sizes[at], actions, () => void fill())));
      about.textContent =
        all.length > 0
          ? 'Their disks are kept in this browser: what you change is there the next time.'
          : 'None so far. A machine of your own has a disk that this browser keeps: what you change is there the next time.';
      note.replaceChildren(...(all.length > 0 ? [await storageNote()] : []));
    } catch (error) {
      list.replaceChildren();
      about.textContent = '';
      create.disabled = true;
      note.replaceChildren(h('p', { class: 'problem', role: 'alert' }, library.storeProblem(error as Error)));
    }
  };
  void fill();
  return section;
}
