/** The gallery: its calendar, the rooms behind its doors, and the machines in them. */
import './gallery.css';
import './calendar.css';
import { h } from '../../element/dom.ts';
import type { VmConsole } from '../../element/index.ts';
import type { Catalog, CatalogEntry } from '../catalog.ts';
import { notice } from '../list-view.ts';
import { resolveMachine } from '../machine.ts';
import { topBar } from '../machine-view.ts';
import { CALENDAR, doorAddress, type GalleryAddress } from './address.ts';
import { CalendarView, type DoorFace } from './calendar-view.ts';
import { closedView, doorConsole, doorView, missingView } from './door-view.ts';
import { type Door, doorOptions, DOORS, type Gallery, loadGallery } from './doors.ts';
import { GalleryMemory } from './memory.ts';
import { daysUntil, isOpenByDate, opensText, seasonOf, untilMidnight } from './season.ts';
import { keepSnapshot, keptSnapshots, takeSnapshot } from './snapshots.ts';

export interface GalleryHost {
  root: HTMLElement;
  catalog(): Catalog;
  /** Goes to an address of this page. */
  go(address: string): void;
  /** Goes to the list of machines. */
  goHome(): void;
}

/** How often pictures follow the machines, ms. */
const SNAPSHOT_MS = 3000;

export class GalleryPage {
  readonly #host: GalleryHost;
  readonly #url: string;
  readonly #memory = new GalleryMemory(seasonOf(new Date()));
  #gallery: Gallery | null = null;
  #calendar: CalendarView | null = null;
  /** Consoles by the numbers of their doors: the one in the room, and those that are kept running. */
  readonly #consoles = new Map<number, VmConsole>();
  readonly #kept = new Set<number>();
  /** Where machines run whose room nobody is in. It is on the page, since a console that is not has no machine. */
  readonly #backstage = h('div', { class: 'backstage', 'aria-hidden': 'true', inert: true });
  /** Addresses of what the machines last showed. */
  readonly #snapshots = new Map<number, string>();
  /** The room that is shown, or was before the calendar. */
  #room: number | null = null;
  #turn = 0;
  /** A door that swings open while its machine starts. */
  #swinging: { door: number; done: Promise<void> } | null = null;
  #midnight: ReturnType<typeof setTimeout> | undefined;

  /** @param url address of gallery/index.json */
  constructor(url: string, host: GalleryHost) {
    this.#url = url;
    this.#host = host;
    setInterval(() => void this.#followAll(), SNAPSHOT_MS);
    addEventListener('visibilitychange', () => this.#atMidnight());
  }

  /** Shows what an address says. */
  async show(address: GalleryAddress): Promise<void> {
    const turn = ++this.#turn;
    if (this.#gallery?.kind !== 'found') {
      const [gallery, kept] = await Promise.all([loadGallery(this.#url), keptSnapshots()]);
      this.#gallery = gallery;
      for (const [door, picture] of kept) this.#remember(door, picture);
      if (turn !== this.#turn) return;
    }
    const gallery = this.#gallery;
    this.#memory.turnTo(seasonOf(new Date()));
    if (gallery.kind === 'broken') this.#showProblem(gallery.title, gallery.message, 'Try again');
    else if (address.unknown !== undefined)
      this.#showProblem(
        'No such door',
        `There is no door “${address.unknown}”: they are numbered from 1 to ${DOORS}.`,
        'All doors',
      );
    else if (address.door === null) this.#showCalendar();
    else await this.#showDoor(address.door, turn);
  }

  /** The page shows something else: machines that nobody kept end with their elements. */
  leave(): void {
    this.#turn++;
    this.#leaveRoom(null);
    this.#calendar = null;
    this.#consoles.clear();
    this.#kept.clear();
    this.#backstage.replaceChildren();
  }

  get #doors(): ReadonlyMap<number, Door> {
    return this.#gallery?.kind === 'found' ? this.#gallery.doors : new Map();
  }

  #isOpen(door: number): boolean {
    return this.#memory.all || isOpenByDate(door, new Date());
  }

  #entryOf(door: Door): CatalogEntry | undefined {
    const catalog = this.#host.catalog();
    return catalog.kind === 'found' ? catalog.entries.find(({ name }) => name === door.image) : undefined;
  }

  #bar(title: string): HTMLElement {
    return topBar(title, this.#host.goHome);
  }

  #replace(title: string, page: HTMLElement): void {
    document.title = `${title} · Snowglobe`;
    page.append(this.#backstage);
    this.#host.root.replaceChildren(page);
    scrollTo(0, 0);
  }

  #showProblem(title: string, text: string, action: string): void {
    this.#leaveRoom(null);
    const link = h('a', { href: CALENDAR }, action);
    const problem = notice(title, text, link);
    this.#replace(title, h('main', { class: 'gallery list' }, this.#bar(title), problem));
  }

  #showCalendar(): void {
    const from = this.#room;
    this.#leaveRoom(null);
    this.#calendar = new CalendarView(this.#bar('Advent calendar'), {
      open: (door) => this.#open(door),
      openAll: (all) => {
        this.#memory.all = all;
        this.#draw();
      },
    });
    this.#replace('Advent calendar', this.#calendar.element);
    this.#atMidnight();
    if (from !== null) this.#calendar.focus(from);
  }

  /** Draws the doors as they are now. */
  #draw(): void {
    const now = new Date();
    const faces = new Map<number, DoorFace>();
    for (let door = 1; door <= DOORS; door++) faces.set(door, this.#face(door, now));
    this.#calendar?.show(faces, isOpenByDate(DOORS, now) ? null : this.#memory.all, now);
  }

  #face(number: number, now: Date): DoorFace {
    const door = this.#doors.get(number);
    const today = now.getMonth() === 11 && now.getDate() === number;
    const face = { today, missing: false, running: false };
    if (!this.#isOpen(number))
      return {
        ...face,
        state: 'closed',
        label: `Door ${number}, closed: it opens ${opensText(number, now)}`,
      };
    if (!door) return { ...face, state: 'empty', label: `Door ${number}: there is nothing behind it yet` };
    const opened = this.#memory.isOpened(number);
    const snapshot = opened ? this.#snapshots.get(number) : undefined;
    const kept = this.#kept.has(number) ? this.#consoles.get(number)?.state : undefined;
    const running = kept !== undefined && kept !== 'stopped' && kept !== 'error';
    const missing = this.#entryOf(door) === undefined;
    const named = `Door ${number}${today ? ", today's" : ''}`;
    const name = opened ? `${named}: ${door.title}` : `${named}, to be opened`;
    return {
      ...face,
      state: opened ? 'opened' : 'ready',
      missing,
      running,
      ...(opened && { picture: door.picture, title: door.title }),
      ...(snapshot && { snapshot }),
      label: `${name}${missing ? ' (its machine is not here yet)' : ''}${running ? ' (running)' : ''}`,
    };
  }

  /** A click on a door. */
  #open(number: number): void {
    const calendar = this.#calendar;
    if (!calendar || this.#swinging) return;
    const door = this.#doors.get(number);
    const face = this.#face(number, new Date());
    if (face.state === 'closed' || !door) {
      calendar.refuse(number, `${face.label}.`);
      return;
    }
    if (face.state === 'ready') this.#swinging = { door: number, done: calendar.swing(number, door.picture) };
    this.#host.go(doorAddress(number));
  }

  async #showDoor(number: number, turn: number): Promise<void> {
    const swinging = this.#swinging?.door === number ? this.#swinging.done : null;
    const page = this.#makeRoom(number);
    const { root } = this.#host;
    if (swinging) {
      // The machine starts with the click; its room waits behind the door.
      page.classList.add('waiting');
      page.inert = true;
      root.append(page);
      await swinging;
      this.#swinging = null;
      if (turn !== this.#turn) return page.remove();
      page.classList.remove('waiting');
      page.inert = false;
    }
    this.#calendar = null;
    if (!swinging) return this.#replace(this.#titleOf(number), page);
    for (const other of [...root.children]) if (other !== page) other.remove();
    document.title = `${this.#titleOf(number)} · Snowglobe`;
    page.append(this.#backstage);
    scrollTo(0, 0);
  }

  #titleOf(number: number): string {
    const door = this.#isOpen(number) ? this.#doors.get(number) : undefined;
    return door ? `Door ${number}: ${door.title}` : `Door ${number}`;
  }

  #makeRoom(number: number): HTMLElement {
    const bar = this.#bar(`Door ${number}`);
    const back = (): void => this.#host.go(CALENDAR);
    const door = this.#doors.get(number);
    const now = new Date();
    this.#leaveRoom(number);
    if (!this.#isOpen(number)) {
      const days = daysUntil(number, now);
      const reason = `This door opens ${opensText(number, now)}. ${days > 1 ? 'Until then it keeps what is behind it to itself, unless you cannot wait.' : 'Or now, if you cannot wait.'}`;
      const openAll = (): void => {
        this.#memory.all = true;
        void this.show({ door: number });
      };
      return closedView(bar, number, reason, openAll, back);
    }
    if (!door) return closedView(bar, number, 'There is nothing behind this door yet.', null, back);
    const entry = this.#entryOf(door);
    if (!entry) return missingView(bar, door, this.#missing(door), back);
    this.#memory.open(number);
    let element = this.#consoles.get(number);
    if (!element) {
      const options = doorOptions(door.image, door.options ?? {});
      const catalog = this.#host.catalog();
      const firmware = catalog.kind === 'found' ? catalog.firmware : {};
      element = doorConsole(door, resolveMachine({ machine: door.image, options }, {}, [entry], firmware)!);
      this.#consoles.set(number, element);
    }
    return doorView(bar, door, entry, element, this.#kept.has(number), {
      back,
      keepRunning: (keep) => {
        if (keep) this.#kept.add(number);
        else this.#kept.delete(number);
      },
    });
  }

  /** Why a door's machine is not here, and what to do. */
  #missing({ number, image, imageTitle }: Door): (string | Node)[] {
    const catalog = this.#host.catalog();
    if (catalog.kind === 'broken')
      return [catalog.message, ' ', h('a', { href: doorAddress(number) }, 'Try again')];
    if (catalog.kind === 'found' && catalog.coming.includes(imageTitle))
      return [`“${imageTitle}” is being built just now. The door opens by itself when it is there.`];
    return [
      `This site has no image “${imageTitle}”. In the repository `,
      h('code', {}, `npm run images -- ${image}`),
      ' makes it; then load this page again.',
    ];
  }

  /** Somebody goes from the room that is shown, to another door or elsewhere. A machine that nobody kept shows its last picture, and ends. */
  #leaveRoom(next: number | null): void {
    const number = this.#room;
    this.#room = next;
    if (number === null || number === next) return;
    const element = this.#consoles.get(number);
    if (!element) return;
    this.#backstage.append(element);
    const last = this.#follow(number, element);
    if (this.#kept.has(number)) return;
    this.#consoles.delete(number);
    void last.finally(() => {
      if (this.#consoles.get(number) !== element) element.remove();
    });
  }

  #remember(door: number, picture: Blob): void {
    const old = this.#snapshots.get(door);
    this.#snapshots.set(door, URL.createObjectURL(picture));
    if (old) URL.revokeObjectURL(old);
  }

  /** Keeps what a machine shows now. */
  async #follow(door: number, element: VmConsole): Promise<void> {
    if (!element.vm) return;
    const picture = await takeSnapshot(element).catch(() => null);
    if (!picture) return;
    this.#remember(door, picture);
    await keepSnapshot(door, picture);
    this.#draw();
  }

  async #followAll(): Promise<void> {
    if (document.visibilityState === 'hidden') return;
    for (const [door, element] of this.#consoles) if (element.isConnected) await this.#follow(door, element);
  }

  /** Doors open when their day begins, on a page that is left open, too. */
  #atMidnight(): void {
    clearTimeout(this.#midnight);
    if (!this.#calendar?.element.isConnected) return;
    this.#draw();
    this.#midnight = setTimeout(() => {
      this.#memory.turnTo(seasonOf(new Date()));
      this.#atMidnight();
    }, untilMidnight(new Date()) + 50);
  }
}
