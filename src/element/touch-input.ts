/** Keys that touch keyboards lack, as the bytes a serial terminal sends. */

export type TouchKey = 'esc' | 'tab' | 'up' | 'down' | 'left' | 'right';

const ARROWS = { up: 'A', down: 'B', right: 'C', left: 'D' } as const;

/** @param application whether the guest asked for application cursor keys (DECCKM) */
export function touchKeySequence(key: TouchKey, application: boolean): string {
  if (key === 'esc') return '\x1b';
  if (key === 'tab') return '\t';
  return `\x1b${application ? 'O' : '['}${ARROWS[key]}`;
}

/** What Ctrl makes of typed text: `c` → 0x03. Text that has no control code passes unchanged. */
export function withControl(text: string): string {
  if (text.length !== 1) return text;
  const code = text.toUpperCase().charCodeAt(0);
  if (code === 0x3f) return '\x7f';
  if (code === 0x20) return '\0';
  return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : text;
}
