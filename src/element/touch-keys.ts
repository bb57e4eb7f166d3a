import type { KeyboardLayout, VmInput } from '../core/vm-api.ts';
import { h } from './dom.ts';
import { SoftKeyboard } from './soft-keyboard.ts';
import { type TouchKey, touchKeySequence, withControl } from './touch-input.ts';

const KEYS: readonly (readonly [key: TouchKey, label: string, name: string, code: string])[] = [
  ['esc', 'Esc', 'Escape', 'Escape'],
  ['tab', 'Tab', 'Tab', 'Tab'],
  ['left', '←', 'Left', 'ArrowLeft'],
  ['up', '↑', 'Up', 'ArrowUp'],
  ['down', '↓', 'Down', 'ArrowDown'],
  ['right', '→', 'Right', 'ArrowRight'],
];

/** The machine's keyboard, while its screen is looked at. */
export interface ScreenKeys {
  input: VmInput;
  layout: KeyboardLayout;
}

/** A row of the keys that touch keyboards lack, shown only where the pointer is a finger. */
export class TouchKeys {
  readonly element: HTMLElement;
  readonly #control: HTMLButtonElement;
  readonly #screen: () => ScreenKeys | null;
  readonly #soft = new SoftKeyboard((deleted, added) => this.#write(deleted, added));
  #controlOn = false;

  /**
   * @param type sends what a key stands for to the terminal
   * @param terminal whose mode decides what arrow keys send
   * @param screen the keyboard to press instead, or null
   */
  constructor(
    type: (text: string) => void,
    terminal: () => { applicationCursorKeys: boolean } | null,
    screen: () => ScreenKeys | null,
  ) {
    this.#screen = screen;
    this.#control = h('button', { type: 'button', 'aria-pressed': 'false', 'aria-label': 'Control' }, 'Ctrl');
    this.#control.addEventListener('click', () => this.#setControl(!this.#controlOn));
    const keys = KEYS.map(([key, label, name, code]) => {
      const button = h('button', { type: 'button', 'aria-label': name }, label);
      button.addEventListener('click', () => {
        if (this.#screen()) this.#press(code);
        else type(touchKeySequence(key, terminal()?.applicationCursorKeys ?? false));
      });
      return button;
    });
    const [esc, ...rest] = keys;
    const show = h('button', { type: 'button', class: 'show-soft', 'aria-label': 'Keyboard' }, '⌨');
    show.addEventListener('click', () => this.#soft.toggle());
    this.element = h(
      'div',
      { class: 'keys', part: 'keys', role: 'group', 'aria-label': 'Keys' },
      show,
      this.#soft.element,
      esc,
      this.#control,
      ...rest,
    );
    // The on-screen keyboard closes when the terminal loses focus.
    this.element.addEventListener('pointerdown', (event) => event.preventDefault());
  }

  /** What typed text means with Ctrl held; releases Ctrl. */
  apply(text: string): string {
    if (!this.#controlOn) return text;
    this.#setControl(false);
    return withControl(text);
  }

  /** Presses a key of the machine's keyboard, with Ctrl if that is held. */
  #press(code: string): void {
    this.#screen()?.input.press(this.#controlOn ? ['ControlLeft', code] : [code]);
    this.#setControl(false);
  }

  #write(deleted: number, added: string): void {
    const screen = this.#screen();
    if (!screen) return;
    // One after the other with the texts: a key that is pressed at once would overtake them.
    const text = '\b'.repeat(deleted) + added;
    if (this.#controlOn && /^[a-z]$/i.test(added)) this.#press(`Key${added.toUpperCase()}`);
    else void screen.input.type(text, screen.layout);
  }

  #setControl(on: boolean): void {
    this.#controlOn = on;
    this.#control.setAttribute('aria-pressed', String(on));
  }
}
