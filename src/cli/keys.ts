/** Keys by the names that Playwright (`Control+Alt+Delete`) and QEMU's `sendkey` (`ctrl-alt-delete`) have for them. */

/** `KeyboardEvent.code` by name, in lower case. */
const CODES: Readonly<Record<string, string>> = {
  ctrl: 'ControlLeft',
  control: 'ControlLeft',
  ctrl_r: 'ControlRight',
  shift: 'ShiftLeft',
  shift_r: 'ShiftRight',
  alt: 'AltLeft',
  alt_r: 'AltRight',
  altgr: 'AltRight',
  meta: 'MetaLeft',
  meta_l: 'MetaLeft',
  meta_r: 'MetaRight',
  ret: 'Enter',
  enter: 'Enter',
  esc: 'Escape',
  escape: 'Escape',
  spc: 'Space',
  space: 'Space',
  tab: 'Tab',
  backspace: 'Backspace',
  delete: 'Delete',
  insert: 'Insert',
  home: 'Home',
  end: 'End',
  pgup: 'PageUp',
  pageup: 'PageUp',
  pgdn: 'PageDown',
  pagedown: 'PageDown',
  up: 'ArrowUp',
  arrowup: 'ArrowUp',
  down: 'ArrowDown',
  arrowdown: 'ArrowDown',
  left: 'ArrowLeft',
  arrowleft: 'ArrowLeft',
  right: 'ArrowRight',
  arrowright: 'ArrowRight',
  menu: 'ContextMenu',
  contextmenu: 'ContextMenu',
  print: 'PrintScreen',
  printscreen: 'PrintScreen',
  pause: 'Pause',
  caps_lock: 'CapsLock',
  capslock: 'CapsLock',
  num_lock: 'NumLock',
  numlock: 'NumLock',
  scroll_lock: 'ScrollLock',
  scrolllock: 'ScrollLock',
  minus: 'Minus',
  equal: 'Equal',
  comma: 'Comma',
  dot: 'Period',
  slash: 'Slash',
  semicolon: 'Semicolon',
  apostrophe: 'Quote',
  grave_accent: 'Backquote',
  backslash: 'Backslash',
  bracket_left: 'BracketLeft',
  bracket_right: 'BracketRight',
};

/** `KeyboardEvent.code` itself, which is case-sensitive. */
const IS_CODE =
  /^(?:Key[A-Z]|Digit\d|F(?:[1-9]|1\d|2[0-4])|Numpad\w+|(?:Control|Shift|Alt|Meta)(?:Left|Right)|Minus|Equal|Comma|Period|Slash|Semicolon|Quote|Backquote|Backslash|Bracket(?:Left|Right)|Intl\w+)$/;

function keyCode(name: string): string | undefined {
  if (IS_CODE.test(name)) return name;
  const lower = name.toLowerCase();
  if (Object.hasOwn(CODES, lower)) return CODES[lower];
  if (/^[a-z]$/.test(lower)) return `Key${lower.toUpperCase()}`;
  if (/^\d$/.test(lower)) return `Digit${lower}`;
  if (/^f\d{1,2}$/.test(lower) && IS_CODE.test(lower.toUpperCase())) return lower.toUpperCase();
  const pad = /^kp_(\d)$/.exec(lower);
  return pad ? `Numpad${pad[1]}` : undefined;
}

/**
 * The keys of a chord as `KeyboardEvent.code`s, in the order in which they go down.
 * @throws Error that names the key that there is not
 */
export function chordCodes(chord: string): string[] {
  return chord.split(/[+-]/).map((name) => {
    const code = keyCode(name);
    if (code !== undefined) return code;
    throw new Error(
      `"${chord}": ${name === '' ? 'a name is missing' : `there is no key "${name}"`}; write keys as Control+Alt+Delete or ctrl-alt-delete, characters by the names of QEMU's sendkey (minus, dot, slash …)`,
    );
  });
}

/** Keys of a terminal, as the bytes that it sends for them. */
const TERMINAL: Readonly<Record<string, string>> = {
  Enter: '\r',
  Tab: '\t',
  Escape: '\x1b',
  Backspace: '\x7f',
  Delete: '\x1b[3~',
  ArrowUp: '\x1b[A',
  ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C',
  ArrowLeft: '\x1b[D',
  Home: '\x1b[H',
  End: '\x1b[F',
  PageUp: '\x1b[5~',
  PageDown: '\x1b[6~',
};

/** What a terminal sends for a key: one character, `Control+C`, or a name. @throws Error for any other */
export function terminalBytes(key: string): string {
  const control = /^(?:Control|Ctrl)\+([a-zA-Z@[\\\]^_])$/.exec(key);
  if (control) return String.fromCharCode(control[1].toUpperCase().charCodeAt(0) & 0x1f);
  if (Object.hasOwn(TERMINAL, key)) return TERMINAL[key];
  if ([...key].length === 1) return key;
  throw new Error(
    `press("${key}"): use one character, Control+letter, or ${Object.keys(TERMINAL).join(', ')}`,
  );
}
