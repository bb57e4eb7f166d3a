/** A menu that opens under its button, by ARIA's menu button pattern: arrows, Home and End move, Escape closes. */
import { h } from './dom.ts';

export interface MenuItem {
  label: string;
  /** Of a choice: whether it is the one that holds. Absent: the item does something at once. */
  checked?: boolean;
  choose(): void;
}

export interface MenuGroup {
  label: string;
  /** One item of a group holds (`radio`), or each on its own (`check`), or they are keys. Choices and keys are shown side by side. */
  kind: 'radio' | 'check' | 'action' | 'keys';
  items: readonly MenuItem[];
}

const ROLES = {
  radio: 'menuitemradio',
  check: 'menuitemcheckbox',
  action: 'menuitem',
  keys: 'menuitem',
} as const;

export class Menu {
  readonly element = h('div', { class: 'menu', part: 'menu', role: 'menu', hidden: true });
  readonly #button: HTMLElement;
  readonly #groups: () => readonly MenuGroup[];

  /** @param groups what is offered when it opens */
  constructor(button: HTMLElement, label: string, groups: () => readonly MenuGroup[]) {
    this.#button = button;
    this.#groups = groups;
    this.element.setAttribute('aria-label', label);
    button.setAttribute('aria-haspopup', 'menu');
    button.setAttribute('aria-expanded', 'false');
    this.element.addEventListener('keydown', (event) => this.#key(event));
    this.element.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget !== button && !this.element.contains(relatedTarget as Node | null)) this.close();
    });
    // Safari gives clicked buttons no focus, so that the menu would take the click for a leave.
    this.element.addEventListener('pointerdown', (event) => event.preventDefault());
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  toggle(): void {
    if (this.open) {
      this.close();
      return;
    }
    this.element.replaceChildren(...this.#groups().map((group) => this.#group(group)));
    this.#show(true);
    this.#items[0]?.focus();
  }

  close(): void {
    if (this.open) this.#show(false);
  }

  #show(open: boolean): void {
    this.element.hidden = !open;
    this.#button.setAttribute('aria-expanded', String(open));
  }

  get #items(): HTMLButtonElement[] {
    return [...this.element.querySelectorAll('button')];
  }

  #group({ label, kind, items }: MenuGroup): HTMLElement {
    const buttons = items.map((item) => {
      const button = h(
        'button',
        { type: 'button', role: ROLES[kind], part: 'menu-item', tabindex: -1 },
        item.label,
      );
      if (item.checked !== undefined) button.setAttribute('aria-checked', String(item.checked));
      button.addEventListener('click', () => {
        this.close();
        this.#button.focus();
        item.choose();
      });
      return button;
    });
    return h(
      'div',
      {
        class: kind === 'keys' || kind === 'radio' ? 'items chips' : 'items',
        role: 'group',
        'aria-label': label,
      },
      h('span', { class: 'menu-label', 'aria-hidden': 'true' }, label),
      ...buttons,
    );
  }

  #key(event: KeyboardEvent): void {
    const items = this.#items;
    const at = items.indexOf(event.target as HTMLButtonElement);
    const { length } = items;
    const next = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1 + length,
      ArrowLeft: at - 1 + length,
      Home: 0,
      End: length - 1,
    }[event.key];
    if (next !== undefined) items[next % length].focus();
    else if (event.key === 'Escape') {
      this.close();
      this.#button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
