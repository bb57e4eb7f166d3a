import { describe, expect, it } from 'vitest';
import { KEYBOARD_LAYOUTS, type KeyboardLayout, keyboardLayout } from '../../core/keyboard-layouts.ts';
import { strokesFor } from './layouts.ts';

const NAMES = Object.keys(KEYBOARD_LAYOUTS) as KeyboardLayout[];

const keys = (text: string, layout: KeyboardLayout) =>
  strokesFor(text, layout).strokes.map(
    ({ key, shift, altGr }) => (shift ? 'S-' : '') + (altGr ? 'G-' : '') + key.replace(/^(Key|Digit)/, ''),
  );

describe('keyboard layouts', () => {
  it.each(NAMES)('%s writes every printable ASCII character', (layout) => {
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
    expect(strokesFor(ascii, layout).missing).toEqual([]);
  });

  // From the kernel's console keymaps (kbd: us, uk, de-latin1, fr-latin1 …) and the legends of such keyboards.
  it.each([
    ['us', 'Zy|<', ['S-Z', 'Y', 'S-Backslash', 'S-Comma']],
    ['uk', '"@#\\|', ['S-2', 'S-Quote', 'Backslash', 'IntlBackslash', 'S-IntlBackslash']],
    ['de', 'Zy@ß{<|€', ['S-Y', 'Z', 'G-Q', 'Minus', 'G-7', 'IntlBackslash', 'G-IntlBackslash', 'G-E']],
    ['de-ch', 'öç@', ['Semicolon', 'S-4', 'G-2']],
    ['fr', 'Aq1.@<', ['S-Q', 'A', 'S-1', 'S-Comma', 'G-0', 'IntlBackslash']],
    ['fr-be', '!<@', ['8', 'IntlBackslash', 'G-2']],
    ['es', 'ñ¿@<º', ['Semicolon', 'S-Equal', 'G-2', 'IntlBackslash', 'Backquote']],
    ['es-la', 'ñ{}', ['Semicolon', 'Quote', 'Backslash']],
    ['it', 'è@#ì<', ['BracketLeft', 'G-Semicolon', 'G-Quote', 'Equal', 'IntlBackslash']],
    ['pt', 'ç@«', ['Semicolon', 'G-2', 'Equal']],
    ['pt-br', 'ç;', ['Semicolon', 'Slash']],
    ['da', 'æøå@', ['Semicolon', 'Quote', 'BracketLeft', 'G-2']],
    ['no', 'øæå@', ['Semicolon', 'Quote', 'BracketLeft', 'G-2']],
    ['sv', 'öäå$', ['Semicolon', 'Quote', 'BracketLeft', 'G-4']],
    ['fi', 'öäå{', ['Semicolon', 'Quote', 'BracketLeft', 'G-7']],
    ['pl', 'ąż', ['G-A', 'G-Z']],
    ['hu', 'őzy', ['BracketLeft', 'Y', 'Z']],
    ['cs', 'ěz1', ['2', 'Y', 'S-1']],
    ['tr', 'ıiş', ['I', 'Quote', 'Semicolon']],
  ] as const)('%s: %s', (layout, text, expected) => {
    expect(keys(text, layout)).toEqual(expected);
  });

  it('follows a dead key with a space, turns line ends into Enter, and tells what it cannot write', () => {
    expect(keys('^x', 'de')).toEqual(['Backquote', 'Space', 'X']);
    expect(keys('a\r\nb\n', 'us')).toEqual(['A', 'Enter', 'B', 'Enter']);
    expect(strokesFor('aé漢é', 'us')).toMatchObject({ missing: ['é', '漢'] });
  });

  it('writes letters with accents by dead keys', () => {
    expect(keys('ê', 'fr')).toEqual(['BracketLeft', 'E']);
    expect(keys('Ü', 'es')).toEqual(['S-Quote', 'S-U']);
    expect(keys('é', 'de')).toEqual(['Equal', 'E']);
    // However the text writes it.
    expect(keys('e\u0301', 'fr')).toEqual(['2']);
  });

  it('knows names, and takes others for the American one', () => {
    expect(keyboardLayout('de-ch')).toBe('de-ch');
    for (const name of ['', 'toString', 'xx', null, undefined]) expect(keyboardLayout(name)).toBe('us');
  });
});
