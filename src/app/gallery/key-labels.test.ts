import { describe, expect, it } from 'vitest';
import { chordLabel, typedKeyLabel } from './key-labels.ts';

describe('labels of keys', () => {
  it.each([
    ['spc', 'Space'],
    ['right', '→'],
    ['ctrl-b', 'Ctrl+B'],
    ['ctrl-alt-delete', 'Ctrl+Alt+Del'],
    ['f10', 'F10'],
    ['3', '3'],
    ['esc', 'Esc'],
  ])('%s is read as %s', (keys, label) => {
    expect(chordLabel(keys)).toBe(label);
  });

  it.each([
    [' ', 'Space'],
    ['\x1b', 'Esc'],
    ['\x02', 'Ctrl+B'],
    ['\n', 'Enter'],
    ['?', '?'],
    ['c', 'c'],
    ['ls\n', null],
  ])('text %j is the key %s', (text, label) => {
    expect(typedKeyLabel(text)).toBe(label);
  });
});
