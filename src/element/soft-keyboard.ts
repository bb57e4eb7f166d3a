/** The keyboard that a phone or tablet shows, for a machine's screen: it writes text, so what it writes is typed. */
import { h } from './dom.ts';

/** What stands in the field when nothing is written, so that there is something to delete. */
const NOTHING = '\u00a0\u00a0';
/** From this length on the field is emptied. */
const LONG = 100;

/** How many characters were taken away at the end, and what was added. */
export function textChange(before: string, after: string): { deleted: number; added: string } {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same++;
  return { deleted: before.length - same, added: after.slice(same) };
}

export class SoftKeyboard {
  /** A field that nobody sees: while it has the focus, the keyboard is there. */
  readonly element = h('textarea', {
    class: 'soft',
    rows: 1,
    tabindex: -1,
    autocapitalize: 'off',
    autocomplete: 'off',
    autocorrect: 'off',
    spellcheck: 'false',
    'aria-label': 'Keys for the screen',
  });
  #before = NOTHING;

  /** @param write what was written, and before that, how many characters were deleted */
  constructor(write: (deleted: number, added: string) => void) {
    this.#clear();
    this.element.addEventListener('focus', () => this.#clear());
    this.element.addEventListener('input', (event) => {
      const { value } = this.element;
      const { deleted, added } = textChange(this.#before, value);
      this.#before = value;
      write(deleted, added);
      const composing = (event as InputEvent).isComposing;
      if (!composing && (value.length < NOTHING.length || value.length > LONG)) this.#clear();
    });
  }

  /** Shows the keyboard, or hides it. In a click's handler: browsers show it for no other reason. */
  toggle(): void {
    const root = this.element.getRootNode() as ShadowRoot | Document;
    if (root.activeElement === this.element) this.element.blur();
    else this.element.focus({ preventScroll: true });
  }

  #clear(): void {
    this.element.value = NOTHING;
    this.#before = NOTHING;
  }
}
