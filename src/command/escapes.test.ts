import { describe, expect, test } from 'vitest';
import { unescapeText } from './escapes.ts';
import { UsageError } from './usage-error.ts';

const typed = (text: string) => [...unescapeText(text)];

describe('unescapeText', () => {
  test('leaves plain text as UTF-8', () => {
    expect(typed('ls -l')).toEqual([...Buffer.from('ls -l')]);
    expect(typed('Grüße ✓')).toEqual([...Buffer.from('Grüße ✓')]);
    expect(typed('')).toEqual([]);
  });

  test('knows the control characters', () => {
    expect(typed('\\n\\r\\t\\b\\e\\0\\\\')).toEqual([10, 13, 9, 8, 27, 0, 92]);
  });

  test('\\xHH is one byte, not a character', () => {
    expect(typed('a\\xffb\\x03')).toEqual([0x61, 0xff, 0x62, 3]);
  });

  test('an escaped backslash does not begin another escape', () => {
    expect(typed('\\\\n')).toEqual([0x5c, 0x6e]);
  });

  test.each(['\\q', '\\x1', '\\xgg', 'end\\'])('refuses %j and names it', (text) => {
    expect(() => unescapeText(text)).toThrow(UsageError);
    expect(() => unescapeText(text)).toThrow(/not an escape/);
  });
});
