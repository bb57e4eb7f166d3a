import { describe, expect, it } from 'vitest';
import { textChange } from './soft-keyboard.ts';

describe('textChange', () => {
  it.each([
    ['', 'a', 0, 'a'],
    ['__', '__ab', 0, 'ab'],
    ['__ab', '__a', 1, ''],
    ['__', '_', 1, ''],
    // A suggestion that replaces the word; one that corrects its end.
    ['__teh', '__the ', 2, 'he '],
    ['__abc', '__abc', 0, ''],
    ['__a', '__a\n', 0, '\n'],
  ])('%j becomes %j', (before, after, deleted, added) => {
    expect(textChange(before, after)).toEqual({ deleted, added });
  });
});
