/** A row of buttons below the machine, each of which shows and hides a panel under the row. */
import { h } from '../element/dom.ts';

export interface Disclosure {
  label: string;
  panel: HTMLElement;
  /** Told when the panel has been shown or hidden. */
  toggled?(open: boolean): void;
}

export function disclosures(items: readonly Disclosure[]): HTMLElement {
  const row = h('div', { class: 'disclosures' });
  const whole = h('div', { class: 'details' }, row);
  for (const [at, { label, panel, toggled }] of items.entries()) {
    panel.id = `panel-${at}`;
    panel.hidden = true;
    const button = h(
      'button',
      { type: 'button', class: 'disclosure', 'aria-expanded': 'false', 'aria-controls': panel.id },
      label,
    );
    button.addEventListener('click', () => {
      panel.hidden = !panel.hidden;
      button.setAttribute('aria-expanded', String(!panel.hidden));
      toggled?.(!panel.hidden);
      // The machine fills the window: what opens below it is brought into sight, and the buttons stay there.
      if (!panel.hidden) whole.scrollIntoView({ block: 'nearest' });
    });
    row.append(button);
    whole.append(panel);
  }
  return whole;
}
