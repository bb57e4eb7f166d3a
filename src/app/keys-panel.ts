/** Keys that a browser or its system keeps to itself, and text to be typed, for a machine with a keyboard. */
import type { KeyboardLayout, Vm } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';

const CONTROL_ALT = ['ControlLeft', 'AltLeft'] as const;

const CHORDS: readonly (readonly [label: string, codes: readonly string[]])[] = [
  ['Ctrl+Alt+Del', [...CONTROL_ALT, 'Delete']],
  ['Ctrl+Alt+Backspace', [...CONTROL_ALT, 'Backspace']],
  ...[1, 2, 3, 7].map((n) => [`Ctrl+Alt+F${n}`, [...CONTROL_ALT, `F${n}`]] as const),
  ['Alt+Tab', ['AltLeft', 'Tab']],
  ['Alt+F4', ['AltLeft', 'F4']],
  ['Ctrl+Esc', ['ControlLeft', 'Escape']],
  ['Esc', ['Escape']],
  ['F8', ['F8']],
  ['F12', ['F12']],
  ['Win', ['MetaLeft']],
  ['Menu', ['ContextMenu']],
  ['Print Screen', ['PrintScreen']],
  ['Pause', ['Pause']],
];

const LAYOUTS: Record<KeyboardLayout, string> = {
  us: 'English (US)',
  uk: 'English (UK)',
  de: 'German',
  fr: 'French',
};

/** @param vm the machine of now */
export function keysPanel(vm: () => Vm | null): HTMLElement {
  const chords = CHORDS.map(([label, codes]) => {
    const button = h('button', { type: 'button', class: 'quiet' }, label);
    button.addEventListener('click', () => vm()?.input.press(codes));
    return button;
  });
  const text = h('textarea', { name: 'text', rows: 3, spellcheck: 'false', 'aria-label': 'Text to type' });
  const layout = h(
    'select',
    { name: 'layout', 'aria-label': 'Keyboard layout of the guest' },
    ...Object.entries(LAYOUTS).map(([name, label]) => h('option', { value: name }, label)),
  );
  const said = h('p', { class: 'problem', role: 'status' });
  const form = h(
    'form',
    { class: 'typing' },
    text,
    h('div', {}, layout, h('button', { type: 'submit', class: 'primary' }, 'Type')),
    said,
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    said.textContent = '';
    const typed = await vm()?.input.type(text.value, layout.value as KeyboardLayout);
    if (typed && typed.missing.length > 0) {
      said.textContent = `This layout has no key for: ${typed.missing.join(' ')}`;
    }
  });
  return h('div', {}, h('div', { class: 'chords' }, ...chords), form);
}
