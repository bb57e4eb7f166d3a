/** The clipboard that the host shares with a guest whose SPICE agent runs. The guest reads it when a person pastes, not before. */
import type { Vm } from '../core/vm-api.ts';
import { windowOf } from './dom.ts';
import type { Stage } from './stage.ts';

/** A browser that lets the page see what is pasted says so within this time after the key, ms. */
const PASTE_MS = 300;
/** What the guest's agent takes to make a new text its desktop's: nothing answers, ms. */
const TAKE_MS = 150;

export class SharedClipboard {
  readonly #vm: () => Vm | null;
  readonly #stage: Pick<Stage, 'element' | 'showBanner'>;
  /** What the clipboard of both holds. */
  #text: string | null = null;
  /** Who waits for the browser's paste. */
  #waiting: { timer: number; go: () => void } | null = null;

  /** The machine of which a person has said that its copies are wanted here. */
  #allowed: Vm | null = null;

  constructor(vm: () => Vm | null, stage: Pick<Stage, 'element' | 'showBanner'>) {
    this.#vm = vm;
    this.#stage = stage;
  }

  /** Follows another machine. */
  attach(vm: Vm | null): void {
    this.#release();
    this.#text = null;
    vm?.on('clipboard', ({ text }) => void this.#copy(vm, text));
  }

  /**
   * A key went down that pastes, here and in the guest.
   * @param go called once the guest has the text, or the machine is another one
   * @returns whether to wait for that; the browser must be left to paste then, which brings pasted() about
   */
  before(go: () => void): boolean {
    if (!this.#vm()?.clipboard?.ready) return false;
    this.#release();
    this.#waiting = { go, timer: window.setTimeout(() => this.#release(), PASTE_MS) };
    return true;
  }

  /** The browser has pasted; an empty text is none. */
  pasted(text: string): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    clearTimeout(waiting.timer);
    if (this.offer(text)) waiting.timer = window.setTimeout(() => this.#release(), TAKE_MS);
    else this.#release();
  }

  /** Puts a text on the guest's clipboard. @returns whether it is another one than was there */
  offer(text: string): boolean {
    const clipboard = this.#vm()?.clipboard;
    if (!clipboard || text === '' || text === this.#text) return false;
    this.#text = text;
    clipboard.write(text);
    return true;
  }

  #release(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting = null;
    waiting.go();
  }

  /**
   * A guest is not to put things on people's clipboards behind their backs: its first copy is offered, and only a person who has taken it gets the next
   * ones by themselves, while browsers let the page copy, for a few seconds after a key or click. Any other is offered again.
   */
  async #copy(vm: Vm, text: string): Promise<void> {
    this.#text = text;
    const { userActivation, clipboard } = this.#navigator;
    try {
      if (this.#allowed !== vm || !userActivation?.isActive) throw new Error('nobody asked for it');
      await clipboard.writeText(text);
    } catch {
      this.#stage.showBanner('hint', 'The guest has copied a text.', {
        label: 'Copy it here too',
        run: () => void this.#take(vm, text),
      });
    }
  }

  async #take(vm: Vm, text: string): Promise<void> {
    this.#allowed = vm;
    try {
      await this.#navigator.clipboard.writeText(text);
    } catch {
      this.#stage.showBanner('hint', 'The browser does not let the page write to the clipboard.');
    }
  }

  /** The window that is looked at: only that one may use the clipboard. */
  get #navigator(): Navigator {
    return windowOf(this.#stage.element).navigator;
  }
}
