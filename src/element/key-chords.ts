/** Keys that a browser or its system keeps to itself: their names, and their places on the keyboard in the order in which they go down. */
const CONTROL_ALT = ['ControlLeft', 'AltLeft'] as const;

export const CHORDS: readonly (readonly [label: string, codes: readonly string[]])[] = [
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
