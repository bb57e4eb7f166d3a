/** Keys that a browser or its system keeps to itself, and text to be typed, for a machine with a keyboard. */
import { KEYBOARD_LAYOUTS, keyboardLayout } from '../core/keyboard-layouts.ts';
import type { Vm } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';
import { CHORDS } from '../element/key-chords.ts';
import { typeText } from '../element/typed-text.ts';

/** @param vm the machine of now */
export function keysPanel(vm: () => Vm | null): HTMLElement {
  const chords = CHORDS.map(([label, codes]) => {
    const button = h('button', { type: 'button', class: 'quiet' }, label);
    button.addEventListener('click', () => vm()?.input.press(codes));
    return button;
  });
  const text = h('textarea', {
    name: 'text',
    rows: 3,
    spellcheck: 'false',
    'aria-label': 'Text to type',
    placeholder: 'Text to type at the machine’s keyboard',
  });
  const layout = h(
    'select',
    { name: 'layout', 'aria-label': 'Keyboard layout of the guest' },
    ...Object.entries(KEYBOARD_LAYOUTS).map(([name, label]) => h('option', { value: name }, label)),
  );
  const said = h('p', { class: 'problem', role: 'status' });
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Type');
  const progress = h('div', { class: 'typing-progress' });
  const form = h('form', { class: 'typing' }, text, h('div', {}, layout, submit, progress), said);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const machine = vm();
    if (!machine) {
      said.textContent = 'No machine runs.';
      return;
    }
    said.textContent = '';
    submit.disabled = true;
    const show = (line: HTMLElement | null): void => {
      progress.replaceChildren(...(line ? [line] : []));
      line?.scrollIntoView({ block: 'nearest' });
    };
    const { hint } = await typeText(machine, text.value, keyboardLayout(layout.value), show);
    said.textContent = hint;
    submit.disabled = false;
  });
  return h('div', { class: 'keys-panel' }, h('div', { class: 'chords' }, ...chords), form);
}
