/** Keyboard layouts that text can be typed for, named after QEMU's -k, in the order in which a person chooses: the guest's own layout has to be the same. */
export const KEYBOARD_LAYOUTS = {
  us: 'English (US)',
  uk: 'English (UK)',
  de: 'German',
  'de-ch': 'German (Switzerland)',
  fr: 'French',
  'fr-be': 'Belgian',
  'fr-ch': 'French (Switzerland)',
  'fr-ca': 'French (Canada)',
  es: 'Spanish',
  'es-la': 'Spanish (Latin America)',
  it: 'Italian',
  pt: 'Portuguese',
  'pt-br': 'Portuguese (Brazil)',
  nl: 'Dutch',
  da: 'Danish',
  no: 'Norwegian',
  sv: 'Swedish',
  fi: 'Finnish',
  is: 'Icelandic',
  pl: 'Polish',
  cs: 'Czech',
  hu: 'Hungarian',
  tr: 'Turkish',
} as const;

export type KeyboardLayout = keyof typeof KEYBOARD_LAYOUTS;

/** A layout by its name; any other word, or none, is the American one. */
export function keyboardLayout(name: string | null | undefined): KeyboardLayout {
  return name && Object.hasOwn(KEYBOARD_LAYOUTS, name) ? (name as KeyboardLayout) : 'us';
}
