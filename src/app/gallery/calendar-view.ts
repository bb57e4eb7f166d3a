/** The calendar: a winter picture with 24 doors in it. */
import { h } from '../../element/dom.ts';
import { isPlainClick, obstacle } from '../list-view.ts';
import { doorAddress } from './address.ts';
import { DOORS } from './doors.ts';
import { placeOf } from './places.ts';
import { daysUntil, isOpenByDate } from './season.ts';

/** What a door shows of itself. */
export interface DoorFace {
  /** `empty`: no door was made for this number. */
  state: 'closed' | 'ready' | 'opened' | 'empty';
  /** It is this door's day. */
  today: boolean;
  /** Address of the picture behind it; absent: it is not to be seen yet. */
  picture?: string;
  /** What the machine last showed, in the place of the picture. */
  snapshot?: string;
  title?: string;
  /** There is no image for its machine here. */
  missing: boolean;
  /** Its machine runs behind it. */
  running: boolean;
  /** In words, for people who do not see it, and for the tip. */
  label: string;
}

export interface CalendarActions {
  /** A click on a door's link. */
  open(door: number): void;
  openAll(all: boolean): void;
}

interface DoorParts {
  item: HTMLLIElement;
  link: HTMLAnchorElement;
  inside: HTMLElement;
  caption: HTMLElement;
  shown: string;
}

export class CalendarView {
  readonly element: HTMLElement;
  readonly #doors = new Map<number, DoorParts>();
  readonly #count = h('p', { class: 'count' });
  readonly #said = h('p', { class: 'said', role: 'status' });
  readonly #all = h('button', { type: 'button', role: 'switch', class: 'all' }, 'Open all doors now');
  #sayTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param bar the bar above the picture */
  constructor(bar: HTMLElement, actions: CalendarActions) {
    for (let door = 1; door <= DOORS; door++) this.#doors.set(door, this.#door(door, actions));
    this.#all.addEventListener('click', () =>
      actions.openAll(this.#all.getAttribute('aria-checked') !== 'true'),
    );
    this.element = h(
      'main',
      { class: 'gallery calendar', 'data-catalog': '' },
      bar,
      h('div', { class: 'falling', 'aria-hidden': 'true' }, ...flakes()),
      h(
        'div',
        { class: 'calendar-page' },
        h('header', { class: 'calendar-head' }, this.#count, this.#all),
        obstacle(),
        h(
          'ol',
          { class: 'doors', 'aria-label': 'Doors' },
          ...[...this.#doors.values()].map(({ item }) => item),
        ),
        this.#said,
      ),
    );
  }

  #door(door: number, { open }: CalendarActions): DoorParts {
    const inside = h('span', { class: 'inside' });
    const caption = h('span', { class: 'caption', 'aria-hidden': 'true' });
    const digits = h('span', { class: 'digits', 'aria-hidden': 'true' }, String(door));
    const link = h(
      'a',
      { href: doorAddress(door), 'data-door': door },
      inside,
      caption,
      h('span', { class: 'flap' }, h('span', { class: 'front' }, digits), h('span', { class: 'back' })),
    );
    link.addEventListener('click', (event) => {
      if (!isPlainClick(event)) return;
      event.preventDefault();
      open(door);
    });
    const item = h('li', { class: door === DOORS ? 'door large' : 'door' }, link);
    const { wide, narrow } = placeOf(door);
    item.style.setProperty('--wide', wide);
    item.style.setProperty('--narrow', narrow);
    return { item, link, inside, caption, shown: '' };
  }

  /** @param all what the switch says; null: it has nothing to do, since all doors are open by date */
  show(faces: ReadonlyMap<number, DoorFace>, all: boolean | null, now: Date): void {
    this.#all.hidden = all === null;
    this.#all.setAttribute('aria-checked', String(all === true));
    this.#count.textContent = countText(now, all === true);
    for (const [door, face] of faces) this.#show(this.#doors.get(door)!, face);
  }

  #show({ item, link, inside, caption, shown }: DoorParts, face: DoorFace): void {
    item.dataset.state = face.state;
    item.toggleAttribute('data-today', face.today);
    item.toggleAttribute('data-missing', face.missing);
    item.toggleAttribute('data-running', face.running);
    link.setAttribute('aria-label', face.label);
    link.title = face.label;
    caption.textContent = face.title ?? '';
    const source = face.snapshot ?? face.picture ?? '';
    if (source === shown) return;
    inside.replaceChildren(...(source ? [picture(source)] : []));
    const parts = [...this.#doors.values()].find((one) => one.item === item)!;
    parts.shown = source;
  }

  /** Swings a door open; resolves when it is. */
  async swing(door: number, source: string): Promise<void> {
    const { item, inside } = this.#doors.get(door)!;
    if (inside.childElementCount === 0) inside.replaceChildren(picture(source));
    // The closed door has to be drawn once for a way to lead from it to the open one.
    item.getBoundingClientRect();
    item.dataset.state = 'opened';
    item.classList.add('swinging');
    const swung = Promise.allSettled(item.getAnimations({ subtree: true }).map(({ finished }) => finished));
    // A browser that draws nothing, as behind another window, finishes no animation either.
    await Promise.race([swung, new Promise((resolve) => setTimeout(resolve, SWING_MS))]);
  }

  /** Says why a door stays closed, and shakes it. */
  refuse(door: number, reason: string): void {
    const { item } = this.#doors.get(door)!;
    this.say(reason);
    item.classList.remove('refusing');
    item.getBoundingClientRect();
    item.classList.add('refusing');
  }

  say(text: string): void {
    clearTimeout(this.#sayTimer);
    this.#said.textContent = text;
    this.#sayTimer = setTimeout(() => {
      this.#said.textContent = '';
    }, 8000);
  }

  focus(door: number): void {
    this.#doors.get(door)!.link.focus();
  }

  /** The picture behind a door, that grows into the door's page. */
  inside(door: number): HTMLElement {
    return this.#doors.get(door)!.inside;
  }
}

function picture(source: string): HTMLElement {
  return h('img', { src: source, alt: '', draggable: 'false', decoding: 'async' });
}

/** @param all the switch has opened what is not open by date */
function countText(now: Date, all: boolean): string {
  const open = 'All 24 doors may be opened. There is a computer behind each.';
  if (all) return open;
  const first = daysUntil(1, now);
  if (first > 0)
    return `${first === 1 ? 'Tomorrow' : `In ${first} days`} the first of 24 doors opens. There is a computer behind each.`;
  const left = Array.from({ length: DOORS }, (_, at) => at + 1).filter((door) => !isOpenByDate(door, now));
  if (left.length === 0) return open;
  return left.length === 1
    ? 'Tomorrow the last door opens.'
    : `${left.length} doors are still closed. Tomorrow the next one opens.`;
}

/** No door takes longer to swing open, ms. */
const SWING_MS = 1200;

const FLAKES = 36;
const SPREADS = [Math.SQRT2, Math.E, Math.PI, Math.sqrt(3), Math.sqrt(7)] as const;

/** Snow in front of the picture: each flake its own size, way and time, the same at each visit. */
function flakes(): HTMLElement[] {
  return Array.from({ length: FLAKES }, (_, at) => {
    const flake = h('i', {});
    // Multiples of an irrational number spread evenly, however many there are; of another for each property.
    const spread = (step: number): number => (at * SPREADS[step]) % 1;
    flake.style.cssText = [
      `--x:${(spread(0) * 100).toFixed(1)}%`,
      `--size:${(2 + spread(1) * 4).toFixed(1)}px`,
      `--time:${(14 + spread(2) * 16).toFixed(1)}s`,
      `--ahead:${(-spread(3) * 30).toFixed(1)}s`,
      `--drift:${(spread(4) * 12 - 6).toFixed(1)}vw`,
    ].join(';');
    return flake;
  });
}
