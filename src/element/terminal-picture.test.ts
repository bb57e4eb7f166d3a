import { expect, test } from 'vitest';
import { paletteColor } from './terminal-picture.ts';
import { terminalLook } from './theme.ts';

const { theme } = terminalLook(() => '');

// xterm's 256 colours, as its 256colres.h has them.
test.each([
  [1, theme['red']],
  [8, theme['brightBlack']],
  [15, theme['brightWhite']],
  [16, '#000000'],
  [17, '#00005f'],
  [21, '#0000ff'],
  [52, '#5f0000'],
  [110, '#87afd7'],
  [231, '#ffffff'],
  [232, '#080808'],
  [255, '#eeeeee'],
])('colour %i', (index, color) => {
  expect(paletteColor(index, theme)).toBe(color);
});
