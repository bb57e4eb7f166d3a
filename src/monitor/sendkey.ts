/** QEMU's names of keys (QKeyCode), as `sendkey` takes them. */

const NAMES: Readonly<Record<string, string>> = {
  ctrl: 'ControlLeft',
  ctrl_r: 'ControlRight',
  shift: 'ShiftLeft',
  shift_r: 'ShiftRight',
  alt: 'AltLeft',
  alt_r: 'AltRight',
  meta_l: 'MetaLeft',
  meta_r: 'MetaRight',
  menu: 'ContextMenu',
  esc: 'Escape',
  ret: 'Enter',
  spc: 'Space',
  tab: 'Tab',
  backspace: 'Backspace',
  delete: 'Delete',
  insert: 'Insert',
  home: 'Home',
  end: 'End',
  pgup: 'PageUp',
  pgdn: 'PageDown',
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  caps_lock: 'CapsLock',
  num_lock: 'NumLock',
  scroll_lock: 'ScrollLock',
  print: 'PrintScreen',
  pause: 'Pause',
  minus: 'Minus',
  equal: 'Equal',
  bracket_left: 'BracketLeft',
  bracket_right: 'BracketRight',
  semicolon: 'Semicolon',
  apostrophe: 'Quote',
  grave_accent: 'Backquote',
  backslash: 'Backslash',
  comma: 'Comma',
  dot: 'Period',
  slash: 'Slash',
  less: 'IntlBackslash',
};

/** `ctrl-alt-delete` as places of keys; a name that is none as it was written. */
export function qkeyCodes(text: string): string[] | string {
  const codes: string[] = [];
  for (const name of text.trim().split('-')) {
    const code =
      (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined) ??
      (/^[a-z]$/.test(name)
        ? `Key${name.toUpperCase()}`
        : /^\d$/.test(name)
          ? `Digit${name}`
          : /^f([1-9]|1[0-2])$/.test(name)
            ? name.toUpperCase()
            : undefined);
    if (code === undefined) return name;
    codes.push(code);
  }
  return codes;
}
