import type { KeyboardLayout, VmInput } from '../core/vm-api.ts';
import { h } from './dom.ts';
import { SoftKeyboard } from './soft-keyboard.ts';
import { type Held, type TouchKey, touchKeySequence, withModifiers } from './touch-input.ts';

type KeySpec = readonly [key: TouchKey, label: string, name: string, code: string];

const KEYS: readonly KeySpec[] = [
  ['tab', 'Tab', 'Tab', 'Tab'],
  ['left', '←', 'Left', 'ArrowLeft'],
  ['up', '↑', 'Up', 'ArrowUp'],
  ['down', '↓', 'Down', 'ArrowDown'],
  ['right', '→', 'Right', 'ArrowRight'],
];
const ESCAPE: KeySpec = ['esc', 'Esc', 'Escape', 'Escape'];

const FUNCTION_KEYS = ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const).map(
  (n): KeySpec => [`f${n}`, `F${n}`, `F${n}`, `F${n}`],
);
/** The second row. */
const MORE_KEYS: readonly KeySpec[] = [
  ['insert', 'Ins', 'Insert', 'Insert'],
  ['delete', 'Del', 'Delete', 'Delete'],
  ['home', 'Home', 'Home', 'Home'],
  ['end', 'End', 'End', 'End'],
  ['page-up', 'PgUp', 'Page up', 'PageUp'],
  ['page-down', 'PgDn', 'Page down', 'PageDown'],
  ...FUNCTION_KEYS,
];

const MODIFIERS = [
  ['control', 'Ctrl', 'Control', 'ControlLeft'],
  ['alt', 'Alt', 'Alt', 'AltLeft'],
  ['shift', '⇧', 'Shift', 'ShiftLeft'],
  ['meta', '⌘', 'Meta', 'MetaLeft'],
] as const;
type Modifier = (typeof MODIFIERS)[number][0];

/** The machine's keyboard, while its screen is looked at. */
export interface ScreenKeys {
  input: VmInput;
  layout: KeyboardLayout;
}

/** Voice control names a key by what stands on it; only a sign needs another name. */
const naming = (label: string, name: string): Record<string, string | null> =>
  /[A-Za-z]/.test(label) ? { title: label === name ? null : name } : { 'aria-label': name };

/** A second tap within this time locks a modifier, ms. */
const DOUBLE_TAP_MS = 500;

/**
 * Rows of the keys that touch keyboards lack. A modifier that is tapped holds for the next key, one that is tapped twice until it is tapped again.
 */
export class TouchKeys {
  readonly element: HTMLElement;
  readonly #type: (text: string) => void;
  readonly #terminal: () => { applicationCursorKeys: boolean } | null;
  readonly #screen: () => ScreenKeys | null;
  readonly #soft = new SoftKeyboard((deleted, added) => this.#write(deleted, added));
  readonly #modifiers = new Map<
    Modifier,
    { button: HTMLButtonElement; code: string; title: string; at: number }
  >();
  readonly #more: HTMLElement;

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
    this.#type = type;
    this.#terminal = terminal;
    this.#screen = screen;
    const show = h('button', { type: 'button', class: 'show-soft', 'aria-label': 'Keyboard' }, '⌨');
    show.addEventListener('click', () => this.#soft.toggle());
    const modifiers = MODIFIERS.map(([name, label, title, code]) => {
      const button = h(
        'button',
        { type: 'button', 'aria-pressed': 'false', ...naming(label, title), class: name, part: 'key' },
        label,
      );
      this.#modifiers.set(name, { button, code, title: button.title, at: 0 });
      button.addEventListener('click', ({ timeStamp }) => this.#tap(name, timeStamp));
      return button;
    });
    this.#more = h(
      'div',
      { class: 'row more', hidden: true },
      ...MORE_KEYS.map((spec) => this.#button(spec)),
    );
    const toggle = h(
      'button',
      { type: 'button', part: 'key', title: 'More keys', 'aria-expanded': 'false' },
      'Fn',
    );
    toggle.addEventListener('click', () => {
      this.#more.hidden = !this.#more.hidden;
      toggle.setAttribute('aria-expanded', String(!this.#more.hidden));
    });
    const keys = KEYS.map((spec) => this.#button(spec));
    this.element = h(
      'div',
      { class: 'keys', part: 'keys', role: 'group', 'aria-label': 'Keys' },
      this.#more,
      h(
        'div',
        { class: 'row' },
        show,
        this.#soft.element,
        this.#button(ESCAPE),
        ...modifiers,
        ...keys,
        toggle,
      ),
    );
    // The on-screen keyboard closes when the terminal loses focus.
    this.element.addEventListener('pointerdown', (event) => event.preventDefault());
  }

  /** Whether the rows are there: by default where the pointer is a finger. */
  get shown(): boolean {
    return getComputedStyle(this.element).display !== 'none';
  }

  toggle(): void {
    this.element.dataset.shown = this.shown ? 'no' : 'yes';
  }

  /** What typed text means with the modifiers that are held; lets go of those that hold once. */
  apply(text: string): string {
    const typed = withModifiers(text, this.#held);
    this.#letGo();
    return typed;
  }

  #button([key, label, name, code]: KeySpec): HTMLButtonElement {
    const button = h('button', { type: 'button', ...naming(label, name), part: 'key' }, label);
    button.addEventListener('click', () => {
      if (this.#screen()) this.#press(code);
      else {
        const held = this.#held;
        this.#letGo();
        this.#type(touchKeySequence(key, this.#terminal()?.applicationCursorKeys ?? false, held));
      }
    });
    return button;
  }

  #isHeld(name: Modifier): boolean {
    return this.#modifiers.get(name)!.button.ariaPressed === 'true';
  }

  get #held(): Held {
    return { control: this.#isHeld('control'), alt: this.#isHeld('alt'), shift: this.#isHeld('shift') };
  }

  /** Off, held for one key, or, tapped twice, locked. */
  #tap(name: Modifier, time: number): void {
    const modifier = this.#modifiers.get(name)!;
    const { button, title } = modifier;
    const locks = this.#isHeld(name) && !('locked' in button.dataset) && time - modifier.at < DOUBLE_TAP_MS;
    const on = locks || !this.#isHeld(name);
    button.ariaPressed = String(on);
    button.toggleAttribute('data-locked', locks);
    button.title = locks ? 'Held until it is tapped again' : title;
    modifier.at = time;
  }

  #letGo(): void {
    for (const { button } of this.#modifiers.values())
      if (!('locked' in button.dataset)) button.ariaPressed = 'false';
  }

  /** Codes of the modifiers that are held; lets go of those that hold once. */
  #takeHeld(): string[] {
    const held = [...this.#modifiers].flatMap(([name, { code }]) => (this.#isHeld(name) ? [code] : []));
    this.#letGo();
    return held;
  }

  /** Presses a key of the machine's keyboard, with the modifiers that are held. */
  #press(code: string): void {
    this.#screen()?.input.press([...this.#takeHeld(), code]);
  }

  #write(deleted: number, added: string): void {
    const screen = this.#screen();
    if (!screen) return;
    const text = '\b'.repeat(deleted) + added;
    const held = this.#takeHeld();
    // A digit with a modifier is a key by its place: on some layouts it takes Shift to write one.
    if (held.length > 0 && /^\d$/.test(text)) screen.input.press([...held, `Digit${text}`]);
    // A capital that the device began a line with is none.
    else if (held.length > 0 && [...text].length === 1)
      void screen.input.type(text.toLowerCase(), screen.layout, { held });
    else void screen.input.type(text, screen.layout);
  }
}
