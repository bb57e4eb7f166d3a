/** The room behind a door: its machine, its story, and what to try. */
import { h } from '../../element/dom.ts';
import { VmConsole } from '../../element/index.ts';
import { formatMemory } from '../../element/format.ts';
import { formatAddress } from '../address.ts';
import { isPlainClick, machineFacts } from '../list-view.ts';
import type { CatalogEntry } from '../catalog.ts';
import { bootConfig, type Machine } from '../machine.ts';
import { CALENDAR } from './address.ts';
import { type Door, doorOptions } from './doors.ts';
import { Tries } from './tries.ts';

/** Below this no system of the gallery starts, MiB. */
const SMALLEST_HALF = 64;

export interface DoorActions {
  /** Back to the calendar. */
  back(): void;
  /** The person wants the machine to go on behind its door, or not. */
  keepRunning(keep: boolean): void;
}

/** A console for a door's machine, which starts as soon as it is on the page. */
export function doorConsole(door: Door, machine: Machine): VmConsole {
  const element = new VmConsole();
  element.setAttribute('label', door.title);
  element.setAttribute('autostart', '');
  element.setAttribute('follow-size', '');
  if (machine.firmware) element.setAttribute('firmware', machine.firmware);
  if (machine.terminal) element.setAttribute('terminal-size', machine.terminal);
  element.config = bootConfig(machine);
  if (door.view) element.view = door.view;
  return element;
}

function backLink(back: () => void): HTMLElement {
  const link = h('a', { class: 'to-calendar', href: CALENDAR }, 'All doors');
  link.addEventListener('click', (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    back();
  });
  return link;
}

/** The frame of every door's page: what is shown of it, and what is told. */
function room(bar: HTMLElement, shown: HTMLElement, tale: HTMLElement, waits: boolean): HTMLElement {
  return h(
    'main',
    { class: 'gallery door-page', ...(waits && { 'data-catalog': '' }) },
    bar,
    h('div', { class: 'room' }, shown, tale),
  );
}

function heading(door: Door): HTMLElement[] {
  return [
    h('p', { class: 'number' }, `Door ${door.number}`),
    h('h2', {}, door.title),
    h('p', { class: 'story' }, door.story),
  ];
}

/**
 * @param element the console of its machine, which may be running already
 * @param kept whether it is to go on when the page is left
 */
export function doorView(
  bar: HTMLElement,
  door: Door,
  entry: CatalogEntry,
  element: VmConsole,
  kept: boolean,
  actions: DoorActions,
): HTMLElement {
  const curtain = h(
    'div',
    { class: 'curtain', 'aria-hidden': 'true' },
    h('img', { src: door.picture, alt: '' }),
  );
  const hint = h('p', { class: 'hint', role: 'status' });
  const tries = new Tries(door, element, hint);
  const trouble = h('div', {});
  const keep = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-pressed': String(kept),
      title: 'The machine goes on while you look at other doors',
    },
    'Keep it running',
  );
  const keepRunning = (on: boolean): void => {
    keep.setAttribute('aria-pressed', String(on));
    actions.keepRunning(on);
  };
  const draw = (): void => {
    const { state } = element;
    const runs = state === 'running';
    const over = state === 'error' || state === 'stopped';
    tries.draw();
    // The picture gives way to whatever the console has to say.
    if (runs || over) curtain.classList.add('open');
    if (runs) trouble.replaceChildren();
    keep.hidden = over;
    if (over) keepRunning(false);
  };
  element.addEventListener('vm-state', function onState({ detail }) {
    if (!hint.isConnected) {
      element.removeEventListener('vm-state', onState);
      return;
    }
    draw();
    if (detail === 'running' && (document.activeElement ?? document.body) === document.body) element.focus();
  });
  element.addEventListener('vm-error', ({ detail }) => {
    const memory = element.config.memory ?? 0;
    const half = memory / 2;
    if (detail.code !== 'out-of-memory') return;
    trouble.replaceChildren(memoryTrouble(memory, half >= SMALLEST_HALF ? half : null, element));
  });
  draw();

  keep.addEventListener('click', () => {
    keepRunning(keep.getAttribute('aria-pressed') !== 'true');
  });
  const workshop = h(
    'a',
    {
      href: formatAddress({ machine: door.image, options: doorOptions(door.image, door.options ?? {}) }),
      title: 'With its options, drives, monitor and statistics',
    },
    'Open in the workshop',
  );
  const { memory = entry.memory } = element.config;
  const facts = machineFacts({ ...entry, memory });
  if (door.seconds) facts.push(`ready in about ${door.seconds} s`);
  const tale = h(
    'article',
    { class: 'tale' },
    ...heading(door),
    trouble,
    h('h3', {}, 'Try ', tries.note),
    tries.list,
    hint,
    h('p', { class: 'door-actions' }, backLink(actions.back), keep, workshop),
    h('ul', { class: 'facts' }, ...facts.map((fact) => h('li', {}, fact))),
    door.credits ? h('p', { class: 'credits' }, door.credits) : null,
  );
  return room(bar, h('div', { class: 'door-stage' }, element, curtain), tale, false);
}

/** What a person can do when the browser gives too little memory. */
function memoryTrouble(memory: number, half: number | null, element: VmConsole): HTMLElement {
  const again =
    half !== null && h('button', { type: 'button', class: 'primary' }, `Try with ${formatMemory(half)}`);
  if (again) {
    again.addEventListener('click', () => {
      element.configure({ memory: half });
      element.start().catch(() => {});
    });
  }
  return h(
    'div',
    { class: 'notice', role: 'alert' },
    h('h3', {}, 'Too little memory'),
    h(
      'p',
      {},
      `This machine has ${formatMemory(memory)} of memory, more than the browser gives here. Close other tabs and machines${half === null ? '' : ', or start it with half of that'}.`,
    ),
    again && h('p', {}, again),
  );
}

/** A door that is open, but whose machine is not here; `advice` says why, and what to do. */
export function missingView(
  bar: HTMLElement,
  door: Door,
  advice: readonly (string | Node)[],
  back: () => void,
): HTMLElement {
  const tale = h(
    'article',
    { class: 'tale' },
    ...heading(door),
    h(
      'div',
      { class: 'notice', role: 'alert' },
      h('h3', {}, 'Its machine is not here yet'),
      h('p', {}, ...advice),
    ),
    h('p', { class: 'door-actions' }, backLink(back)),
  );
  return room(bar, h('div', { class: 'door-stage' }, h('img', { src: door.picture, alt: '' })), tale, true);
}

/** A door that stays closed. */
export function closedView(
  bar: HTMLElement,
  door: number,
  reason: string,
  openAll: (() => void) | null,
  back: () => void,
): HTMLElement {
  const all = openAll && h('button', { type: 'button', class: 'primary' }, 'Open all doors now');
  if (all && openAll) all.addEventListener('click', openAll);
  const tale = h(
    'article',
    { class: 'tale' },
    h('h2', {}, `Door ${door}`),
    h('p', { class: 'story' }, reason),
    h('p', { class: 'door-actions' }, all, backLink(back)),
  );
  const digits = h('span', { class: 'digits', 'aria-hidden': 'true' }, String(door));
  return room(bar, h('div', { class: 'door-stage shut', 'aria-hidden': 'true' }, digits), tale, true);
}
