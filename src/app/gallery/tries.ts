/** What there is to try behind a door: buttons that type and press keys, each when the machine can hear it. */
import type { VmState } from '../../core/vm-api.ts';
import { h } from '../../element/dom.ts';
import type { VmConsole } from '../../element/index.ts';
import type { Door, DoorTry } from './doors.ts';
import { chordLabel, typedKeyLabel } from './key-labels.ts';

/** How often the machine is looked at, ms: a boot loader asks for a key for two seconds. */
const LOOK_MS = 150;
/** The longest that a person waits from a machine's reset to what a step waits for, ms. */
const RESET_MS = 120_000;
/** A machine that shows something for so long has asked for a key that is pressed at its start, ms. */
const MISSED_MS = 20_000;

/** Why no button works, by the machine's state: [beside the heading, in full]. */
const WAITING: Readonly<Record<VmState, readonly [note: string, reason: string]>> = {
  created: ['starting…', 'The machine has not started yet.'],
  loading: ['starting…', 'The machine is being loaded.'],
  running: ['starting…', 'The machine is starting; it would not hear this yet.'],
  paused: ['paused', 'The machine is paused. The button in the bar above lets it go on.'],
  stopped: ['switched off', 'The machine is off. The button in the bar above starts it again.'],
  error: ['failed', 'The machine has failed.'],
  destroyed: ['switched off', 'The machine is off.'],
};
const ELSEWHERE = 'Not now: it would go astray in what the machine is doing.';

interface Step {
  one: DoorTry;
  ready: RegExp | null;
  button: HTMLButtonElement;
}

/** What is looked at, as text without white space at the ends of lines and at its own: of a screen in text mode, otherwise of the terminal. */
function shownText(element: VmConsole): string {
  const screen = element.view === 'serial' ? null : element.vm?.screen;
  const kind = screen?.scanout().kind;
  if (kind === 'blank') return '';
  const text = kind === 'text' ? screen!.text() : element.screenshotText();
  return text.replaceAll(/[ \t\r]+$/gm, '').trimEnd();
}

/** Text without white space: a terminal breaks long lines. */
const bare = (text: string): string => text.replaceAll(/\s+/g, '');

export class Tries {
  /** Says beside the heading why nothing can be tried yet. */
  readonly note = h('small', { class: 'waiting' });
  readonly list: HTMLElement;
  readonly #element: VmConsole;
  readonly #hint: HTMLElement;
  readonly #steps: Step[] = [];
  /** Whether the machine could hear something since it started. */
  #heard = false;
  /** The last line that a button typed with its Enter key, without white space. While it is the last that is shown, the machine is busy with it. */
  #command = '';
  /** Whether it is reset for a step, which then goes on by itself. */
  #starting = false;
  /** Since when it shows something, by performance.now(). */
  #since = 0;

  /** @param hint where it is said what went wrong */
  constructor(door: Door, element: VmConsole, hint: HTMLElement) {
    this.#element = element;
    this.#hint = hint;
    const items = door.try.map((one) => {
      if (one.type === undefined && one.keys === undefined) return h('li', {}, one.text);
      const button = h('button', { type: 'button', class: 'try' }, h('span', {}, one.text), shownInput(one));
      const ready = one.ready ?? door.ready;
      const step = { one, button, ready: ready === undefined ? null : new RegExp(ready, 'u') };
      this.#steps.push(step);
      button.addEventListener('click', () => void this.#do(step));
      return h('li', {}, button);
    });
    this.list = h('ul', { class: 'tries' }, ...items);
    this.draw();
    const looking = setInterval(() => {
      if (this.list.isConnected) this.draw();
      else clearInterval(looking);
    }, LOOK_MS);
  }

  /** Shows which of them the machine can hear now. */
  draw(): void {
    const { state } = this.#element;
    const runs = state === 'running';
    const text = runs ? shownText(this.#element) : '';
    const isBusy = this.#command !== '' && bare(text).endsWith(this.#command);
    const hears = this.#steps.map(({ ready }) => runs && !isBusy && (!ready || ready.test(text)));
    const now = performance.now();
    const hearsAny = hears.includes(true);
    if (text === '') this.#since = now;
    this.#heard = hearsAny || (this.#heard && (runs || state === 'paused'));
    // What was shown while nobody looked is over, too.
    const isMissed = runs && !hearsAny && (this.#heard || now - this.#since > MISSED_MS);
    const [note, reason] = WAITING[state];
    const shown = this.#steps.length === 0 || (this.#heard && runs) ? '' : note;
    if (this.note.textContent !== shown) this.note.textContent = shown;
    for (const [index, { one, button }] of this.#steps.entries()) {
      const usable = hears[index] || (isMissed && one.reset === true);
      button.setAttribute('aria-disabled', String(!usable));
      button.title = usable ? '' : this.#heard && runs ? ELSEWHERE : reason;
    }
  }

  async #do({ one: { type, keys }, ready, button }: Step): Promise<void> {
    this.draw();
    if (button.ariaDisabled === 'true') {
      this.#hint.textContent = button.title;
      return;
    }
    const element = this.#element;
    this.#hint.textContent = '';
    element.scrollIntoView({ block: 'nearest' });
    // With a finger, the focus would bring up the keyboard of the screen.
    if (!matchMedia('(pointer: coarse)').matches) element.focus();
    try {
      if (ready && !ready.test(shownText(element))) {
        if (this.#starting) return;
        this.#starting = true;
        this.#hint.textContent = 'The machine starts again for it…';
        const isReady = await this.#startAgain(ready).finally(() => {
          this.#starting = false;
        });
        this.#hint.textContent = isReady ? '' : 'The machine did not come to that point. Try once more.';
        if (!isReady) return;
      }
      const [, command = ''] = /([^\r\n]*)[\r\n]$/.exec(type ?? '') ?? [];
      this.#command = bare(command);
      if (keys === undefined) await element.type(type!);
      else await element.vm?.monitor(`sendkey ${keys}`);
    } catch (error) {
      this.#hint.textContent = (error as Error).message;
    }
  }

  /** Resets the machine, again where a busy page was late for a question of two seconds; false if it does not come to what is waited for. */
  async #startAgain(ready: RegExp): Promise<boolean> {
    const element = this.#element;
    const end = performance.now() + RESET_MS;
    // A machine that is slow, rather than missed, gets longer each time.
    for (let patience = MISSED_MS; ; patience *= 2) {
      await element.reset();
      for (let since = performance.now(); performance.now() - since < patience; ) {
        if (performance.now() > end || !this.list.isConnected || element.state !== 'running') return false;
        const text = shownText(element);
        if (ready.test(text)) return true;
        if (text === '') since = performance.now();
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    }
  }
}

/** What a button types or presses, as a person reads it. */
function shownInput({ type, keys }: DoorTry): HTMLElement | null {
  const key = keys === undefined ? typedKeyLabel(type!) : chordLabel(keys);
  if (key !== null) return h('kbd', {}, key);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what cannot be seen is not shown
  const visible = type!.replaceAll(/[\x00-\x1f\x7f]/g, ' ').trim();
  return visible ? h('code', {}, visible) : null;
}
