import { h } from './dom.ts';
import { type TouchKey, touchKeySequence, withControl } from './touch-input.ts';

const KEYS: readonly (readonly [key: TouchKey, label: string, name: string])[] = [
  ['esc', 'Esc', 'Escape'],
  ['tab', 'Tab', 'Tab'],
  ['left', '←', 'Left'],
  ['up', '↑', 'Up'],
  ['down', '↓', 'Down'],
  ['right', '→', 'Right'],
];

/** A row of the keys that touch keyboards lack, shown only where the pointer is a finger. */
export class TouchKeys {
  readonly element: HTMLElement;
  readonly #control: HTMLButtonElement;
  #controlOn = false;

  /**
   * @param type sends what a key stands for
   * @param terminal whose mode decides what arrow keys send
   */
  constructor(type: (text: string) => void, terminal: () => { applicationCursorKeys: boolean } | null) {
    this.#control = h('button', { type: 'button', 'aria-pressed': 'false', 'aria-label': 'Control' }, 'Ctrl');
    this.#control.addEventListener('click', () => this.#setControl(!this.#controlOn));
    const keys = KEYS.map(([key, label, name]) => {
      const button = h('button', { type: 'button', 'aria-label': name }, label);
      button.addEventListener('click', () =>
        type(touchKeySequence(key, terminal()?.applicationCursorKeys ?? false)),
      );
      return button;
    });
    const [esc, ...rest] = keys;
    this.element = h(
      'div',
      { class: 'keys', part: 'keys', role: 'group', 'aria-label': 'Keys' },
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

  #setControl(on: boolean): void {
    this.#controlOn = on;
    this.#control.setAttribute('aria-pressed', String(on));
  }
}
