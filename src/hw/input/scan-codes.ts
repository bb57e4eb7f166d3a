/**
 * Scan codes of a PC keyboard by physical key. Keys are named as in UI Events KeyboardEvent code Values (W3C), which name positions, not
 * letters: `KeyQ` is the key right of Tab whatever the layout.
 * Specification: IBM PS/2 Hardware Interface Technical Reference, "Keyboards"; USB HID to PS/2 Scan Code Translation Table (Microsoft).
 */

/** Scan-code set 1 without 0xe0 prefixes, and with them (0xe0xx). */
const SET_1: Readonly<Record<string, number>> = {
  Escape: 0x01,
  ...row(0x02, [
    'Digit1',
    'Digit2',
    'Digit3',
    'Digit4',
    'Digit5',
    'Digit6',
    'Digit7',
    'Digit8',
    'Digit9',
    'Digit0',
  ]),
  ...row(0x0c, ['Minus', 'Equal', 'Backspace', 'Tab']),
  ...row(0x10, ['KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI', 'KeyO', 'KeyP']),
  ...row(0x1a, ['BracketLeft', 'BracketRight', 'Enter', 'ControlLeft']),
  ...row(0x1e, ['KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK', 'KeyL']),
  ...row(0x27, ['Semicolon', 'Quote', 'Backquote', 'ShiftLeft', 'Backslash']),
  ...row(0x2c, [
    'KeyZ',
    'KeyX',
    'KeyC',
    'KeyV',
    'KeyB',
    'KeyN',
    'KeyM',
    'Comma',
    'Period',
    'Slash',
    'ShiftRight',
  ]),
  ...row(0x37, ['NumpadMultiply', 'AltLeft', 'Space', 'CapsLock']),
  ...row(0x3b, ['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10', 'NumLock', 'ScrollLock']),
  ...row(0x47, [
    'Numpad7',
    'Numpad8',
    'Numpad9',
    'NumpadSubtract',
    'Numpad4',
    'Numpad5',
    'Numpad6',
    'NumpadAdd',
  ]),
  ...row(0x4f, ['Numpad1', 'Numpad2', 'Numpad3', 'Numpad0', 'NumpadDecimal']),
  IntlBackslash: 0x56,
  F11: 0x57,
  F12: 0x58,
  NumpadEqual: 0x59,
  ...row(0x64, ['F13', 'F14', 'F15', 'F16', 'F17', 'F18', 'F19', 'F20', 'F21', 'F22', 'F23']),
  KanaMode: 0x70,
  IntlRo: 0x73,
  F24: 0x76,
  Convert: 0x79,
  NonConvert: 0x7b,
  IntlYen: 0x7d,
  NumpadComma: 0x7e,
  MediaTrackPrevious: 0xe010,
  MediaTrackNext: 0xe019,
  NumpadEnter: 0xe01c,
  ControlRight: 0xe01d,
  AudioVolumeMute: 0xe020,
  LaunchApp2: 0xe021,
  MediaPlayPause: 0xe022,
  MediaStop: 0xe024,
  AudioVolumeDown: 0xe02e,
  AudioVolumeUp: 0xe030,
  BrowserHome: 0xe032,
  NumpadDivide: 0xe035,
  AltRight: 0xe038,
  Home: 0xe047,
  ArrowUp: 0xe048,
  PageUp: 0xe049,
  ArrowLeft: 0xe04b,
  ArrowRight: 0xe04d,
  End: 0xe04f,
  ArrowDown: 0xe050,
  PageDown: 0xe051,
  Insert: 0xe052,
  Delete: 0xe053,
  MetaLeft: 0xe05b,
  MetaRight: 0xe05c,
  ContextMenu: 0xe05d,
  Power: 0xe05e,
  Sleep: 0xe05f,
  WakeUp: 0xe063,
  BrowserSearch: 0xe065,
  BrowserFavorites: 0xe066,
  BrowserRefresh: 0xe067,
  BrowserStop: 0xe068,
  BrowserForward: 0xe069,
  BrowserBack: 0xe06a,
  LaunchApp1: 0xe06b,
  LaunchMail: 0xe06c,
  MediaSelect: 0xe06d,
};

function row(first: number, keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map((key, i) => [key, first + i]));
}

/** Make codes that are not one code with a prefix at most. Pause and the Korean keys have no break code. */
const SPECIAL: Readonly<Record<string, readonly [set1: Codes, set2: Codes]>> = {
  PrintScreen: [
    { make: [0xe0, 0x2a, 0xe0, 0x37], break: [0xe0, 0xb7, 0xe0, 0xaa] },
    { make: [0xe0, 0x12, 0xe0, 0x7c], break: [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12] },
  ],
  Pause: [
    { make: [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5], break: [] },
    { make: [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77], break: [] },
  ],
  Lang1: [
    { make: [0xf2], break: [] },
    { make: [0xf2], break: [] },
  ],
  Lang2: [
    { make: [0xf1], break: [] },
    { make: [0xf1], break: [] },
  ],
};

/** What the controller makes of a code of set 2: IBM's table, by rows of 16. From 0x85 on codes stay as they are. */
const TRANSLATION = [
  'ff43413f3d3b3c58644442403e0f2959',
  '65382a701d10025a66712c1f1e11035b',
  '672e2d201205045c68392f211413065d',
  '693130232215075e6a7232241608095f',
  '6b332517180b0a606c34352627190c61',
  '6d7328741a0d626e3a361c1b752b6376',
  '55567778797a0e7b7c4f7d4b477e7f6f',
  '5253504c4d480145574e514a37494654',
  '8081824154',
]
  .join('')
  .match(/../g)!
  .map((byte) => Number.parseInt(byte, 16));

/** What the controller makes of a byte of set 2, other than 0xf0. */
export const translate = (code: number): number => TRANSLATION[code] ?? code;

/** Set 2 by set 1. F7 and 0x02 both become 0x41; keyboards send 0x83. */
const SET_2_OF_1 = new Map<number, number>();
for (let code = 1; code <= 0x84; code++) SET_2_OF_1.set(translate(code), code);
SET_2_OF_1.set(0x54, 0x7f);

/** Set 3 where it is not set 2 without a prefix. */
const SET_3: Readonly<Record<string, number>> = {
  Escape: 0x08,
  ...{ F1: 0x07, F2: 0x0f, F3: 0x17, F4: 0x1f, F5: 0x27, F6: 0x2f, F7: 0x37, F8: 0x3f, F9: 0x47, F10: 0x4f },
  ...{
    F11: 0x56,
    F12: 0x5e,
    PrintScreen: 0x57,
    ScrollLock: 0x5f,
    Pause: 0x62,
    Backslash: 0x5c,
    CapsLock: 0x14,
  },
  ...{ ControlLeft: 0x11, AltLeft: 0x19, AltRight: 0x39, ControlRight: 0x58, IntlBackslash: 0x13 },
  ...{ MetaLeft: 0x8b, MetaRight: 0x8c, ContextMenu: 0x8d },
  ...{ Insert: 0x67, Home: 0x6e, PageUp: 0x6f, Delete: 0x64, End: 0x65, PageDown: 0x6d },
  ...{ ArrowUp: 0x63, ArrowLeft: 0x61, ArrowDown: 0x60, ArrowRight: 0x6a },
  ...{
    NumLock: 0x76,
    NumpadDivide: 0x77,
    NumpadMultiply: 0x7e,
    NumpadSubtract: 0x84,
    NumpadAdd: 0x7c,
    NumpadEnter: 0x79,
  },
};

export interface Codes {
  make: readonly number[];
  break: readonly number[];
}

export type ScanSet = 1 | 2 | 3;

/** The codes of a key; null for one that no keyboard has, or that has none in this set. */
export function scanCodes(key: string, set: ScanSet): Codes | null {
  if (set === 3) {
    const code = SET_3[key] ?? SET_2_OF_1.get((SET_1[key] ?? 0xff) & 0xff);
    if (code === undefined || (SET_3[key] === undefined && SET_1[key] > 0xff)) return null;
    return { make: [code], break: [0xf0, code] };
  }
  const special = Object.hasOwn(SPECIAL, key) ? SPECIAL[key] : undefined;
  if (special) return special[set - 1];
  const first = Object.hasOwn(SET_1, key) ? SET_1[key] : undefined;
  if (first === undefined) return null;
  const prefix = first > 0xff ? [0xe0] : [];
  const low = first & 0xff;
  if (set === 1) return { make: [...prefix, low], break: [...prefix, low | 0x80] };
  const second = SET_2_OF_1.get(low);
  if (second === undefined) return null;
  return { make: [...prefix, second], break: [...prefix, 0xf0, second] };
}

/** Every key there is. */
export const KEYS: readonly string[] = [...Object.keys(SET_1), ...Object.keys(SPECIAL)];
