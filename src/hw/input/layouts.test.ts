import { describe, expect, it } from 'vitest';
import { LAYOUT_NAMES, strokesFor } from './layouts.ts';

const keys = (text: string, layout: 'us' | 'uk' | 'de' | 'fr') =>
  strokesFor(text, layout).strokes.map(
    ({ key, shift, altGr }) => (shift ? 'S-' : '') + (altGr ? 'G-' : '') + key.replace(/^(Key|Digit)/, ''),
  );

describe('keyboard layouts', () => {
  it.each(LAYOUT_NAMES)('%s writes every printable ASCII character', (layout) => {
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
    expect(strokesFor(ascii, layout).missing).toEqual([]);
  });

  // From the kernel's console keymaps (kbd: us, uk, de-latin1, fr-latin1).
  it.each([
    ['us', 'Zy|', ['S-Z', 'Y', 'S-Backslash']],
    ['uk', '"@#\\', ['S-2', 'S-Quote', 'Backslash', 'IntlBackslash']],
    ['de', 'Zy@ß{', ['S-Y', 'Z', 'G-Q', 'Minus', 'G-7']],
    ['fr', 'Aq1.@', ['S-Q', 'A', 'S-1', 'S-Comma', 'G-0']],
  ] as const)('%s: %s', (layout, text, expected) => {
    expect(keys(text, layout)).toEqual(expected);
  });

  it('follows a dead key with a space, turns line ends into Enter, and tells what it cannot write', () => {
    expect(keys('^x', 'de')).toEqual(['Backquote', 'Space', 'X']);
    expect(keys('a\r\nb\n', 'us')).toEqual(['A', 'Enter', 'B', 'Enter']);
    expect(strokesFor('aé漢é', 'us')).toMatchObject({ missing: ['é', '漢'] });
  });
});
