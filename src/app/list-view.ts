/** The first page: what this is, and the machines there are. */
import { h, markup } from '../element/dom.ts';
import { describeFailure, isolationProblem, missingFeature } from '../element/failure.ts';
import { formatBytes, formatMemory } from '../element/format.ts';
import type { Catalog, CatalogEntry, MachineGroup } from './catalog.ts';
import { type GroupOfMachines, grouped } from './groups.ts';
import { type ShelfActions, shelf } from './disks/shelf.ts';
import { EMBLEMS } from './emblems.ts';
import { CALENDAR } from './gallery/address.ts';
import { logo } from './logo.ts';

const ARCHITECTURES: Record<string, string> = {
  riscv64: 'RISC-V 64-bit',
  i386: 'x86 32-bit',
  x86_64: 'x86 64-bit',
  aarch64: 'Arm 64-bit',
};

/** The facts below a machine's description. */
export function machineFacts(entry: CatalogEntry): string[] {
  const facts = [ARCHITECTURES[entry.arch] ?? entry.arch];
  if (entry.memory) facts.push(`${formatMemory(entry.memory)} of memory`);
  // Of a disk in pieces comes what the guest reads.
  const most = entry.drives?.some(({ file }) => typeof file === 'string' && file.endsWith('.json'));
  if (entry.download) facts.push(`${most ? 'up to ' : ''}${formatBytes(entry.download)} to load`);
  return facts;
}

export interface ListActions extends ShelfActions {
  open(name: string): void;
  pick(files: readonly File[]): void;
  openGallery(): void;
  /** Makes a machine with a disk of its own of a listed one, and opens it. */
  keep(entry: CatalogEntry): Promise<void>;
}

/** A click that the page answers itself; one with a key means a new tab, or the like. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** A number from 0 to 359 that stays with a name. */
function hueOf(name: string): number {
  let hue = 0;
  for (const char of name) hue = (hue * 31 + char.charCodeAt(0)) % 360;
  return hue;
}

function card(entry: CatalogEntry, group: MachineGroup, { open, keep }: ListActions): HTMLElement {
  const emblem = markup('div', { class: 'emblem', 'aria-hidden': 'true' }, EMBLEMS[group]);
  const link = h(
    'a',
    { class: 'card', href: `?machine=${encodeURIComponent(entry.name)}`, 'data-machine': entry.name },
    emblem,
    h('h3', {}, entry.title),
    h('p', {}, entry.description),
    h('ul', { class: 'facts' }, ...machineFacts(entry).map((fact) => h('li', {}, fact))),
    h('span', { class: 'boot', 'aria-hidden': 'true' }, 'Boot'),
  );
  link.style.setProperty('--hue', String(hueOf(entry.name)));
  link.addEventListener('click', (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    open(entry.name);
  });
  return h('li', {}, link, group === 'system' && keepButton(entry, keep));
}

/** The other way to start a machine: with a disk that is kept. */
function keepButton(entry: CatalogEntry, keep: ListActions['keep']): HTMLElement {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'quiet keep',
      title: 'Boot it with a disk of your own, which this browser keeps',
    },
    'Keep changes',
    h('span', { class: 'visually-hidden' }, ` of ${entry.title}`),
  );
  const problem = h('p', { class: 'problem', role: 'alert' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    problem.textContent = '';
    await keep(entry).catch((error: Error) => {
      problem.textContent = error.message;
    });
    button.disabled = false;
  });
  return h('div', { class: 'keep-line' }, button, problem);
}

function groupSection({ group, title, about, entries }: GroupOfMachines, actions: ListActions): HTMLElement {
  const id = `group-${group}`;
  return h(
    'section',
    { class: `group group-${group}`, 'aria-labelledby': id },
    h('header', {}, h('h2', { id, class: 'section-title' }, title), h('p', { class: 'about' }, about)),
    h('ul', { class: 'cards' }, ...entries.map((entry) => card(entry, group, actions))),
  );
}

/** A message in the place of what it is about. */
export function notice(title: string, ...paragraphs: (string | Node)[]): HTMLElement {
  return h(
    'div',
    { class: 'notice', role: 'alert' },
    h('h2', {}, title),
    ...paragraphs.map((text) => h('p', {}, text)),
  );
}

/** The place of what keeps any machine from running here. It is hidden while nothing does, or the page is about to load again, isolated. */
export function obstacle(): HTMLElement {
  const place = h('div', { hidden: true });
  void isolationProblem(globalThis).then((reason) => {
    const missing = missingFeature(globalThis, reason);
    if (!missing) return;
    const { title, message, advice } = describeFailure(missing);
    place.replaceChildren(notice(title, message, advice));
    place.hidden = false;
  });
  return place;
}

function machines(catalog: Catalog, actions: ListActions): HTMLElement {
  if (catalog.kind === 'broken') return notice('The machines cannot be listed', catalog.message);
  if (catalog.kind === 'missing') {
    return notice(
      'No machines have been built here yet',
      h(
        'span',
        {},
        'Run ',
        h('code', {}, 'npm start'),
        ' in the repository: it builds the guest images and serves them with this page.',
      ),
      'A kernel of your own boots without them, unless it needs firmware.',
    );
  }
  const { entries, coming } = catalog;
  return h(
    'div',
    {},
    ...grouped(entries).map((group) => groupSection(group, actions)),
    coming.length > 0 &&
      h(
        'p',
        { class: 'coming', role: 'status' },
        `On the way: ${coming.join(', ')}. They appear here by themselves.`,
      ),
  );
}

function galleryLink(open: () => void): HTMLElement {
  const link = h(
    'a',
    { class: 'pill gallery-link', href: CALENDAR },
    'The advent calendar',
    h('span', { class: 'subtitle' }, ': a computer behind each of 24 doors'),
  );
  link.addEventListener('click', (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    open();
  });
  return link;
}

/** What chooses files, in a form that looks like a link or a button. */
function picker(look: string, text: string, id: string, pick: ListActions['pick']): HTMLElement {
  const input = h('input', { type: 'file', multiple: true, class: 'visually-hidden', 'data-testid': id });
  input.addEventListener('change', () => {
    pick([...(input.files ?? [])]);
    // The same file can be chosen again.
    input.value = '';
  });
  return h('label', { class: look }, text, input);
}

export function listView(catalog: Catalog, actions: ListActions): HTMLElement {
  return h(
    'main',
    { class: 'list' },
    h(
      'header',
      { class: 'hero' },
      markup('div', { class: 'globe' }, logo(112, true)),
      h(
        'div',
        {},
        h('h1', {}, 'Snowglobe'),
        h(
          'p',
          { class: 'promise' },
          'A whole computer in a browser tab. Real kernels, no server, nothing to install.',
        ),
        h(
          'div',
          { class: 'ways' },
          galleryLink(actions.openGallery),
          picker('pill own-files', 'Boot your own image…', 'pick-first', actions.pick),
        ),
      ),
    ),
    obstacle(),
    shelf(actions),
    machines(catalog, actions),
    h(
      'section',
      { class: 'own' },
      h('h2', { class: 'section-title' }, 'Or bring your own'),
      h(
        'p',
        {},
        'Drop a disk (raw, qcow2, VMDK, VDI, VHD), a CD-ROM, a floppy, or a kernel for RISC-V or a PC, with its initrd if it has one, anywhere on this page, or ',
        picker('link', 'choose files', 'pick', actions.pick),
        '. They stay on your computer.',
      ),
    ),
  );
}
