import { expect, test } from 'vitest';
import { chordCodes, terminalBytes } from './keys.ts';

test('chords are spelled as in Playwright or as in QEMU', () => {
  const chord = ['ControlLeft', 'AltLeft', 'Delete'];
  expect(chordCodes('Control+Alt+Delete')).toEqual(chord);
  expect(chordCodes('ctrl-alt-delete')).toEqual(chord);
  expect(chordCodes('shift-a')).toEqual(['ShiftLeft', 'KeyA']);
  expect(chordCodes('F12')).toEqual(['F12']);
  expect(chordCodes('alt-f4')).toEqual(['AltLeft', 'F4']);
  expect(chordCodes('ret')).toEqual(['Enter']);
  expect(chordCodes('ControlRight+Digit1')).toEqual(['ControlRight', 'Digit1']);
  expect(chordCodes('kp_5')).toEqual(['Numpad5']);
});

test('a key that there is not is named', () => {
  expect(() => chordCodes('ctrl-hyper')).toThrow('there is no key "hyper"');
  expect(() => chordCodes('ctrl-')).toThrow('a name is missing');
  expect(() => chordCodes('F99')).toThrow('there is no key "F99"');
  expect(() => chordCodes('constructor')).toThrow('there is no key "constructor"');
  expect(() => terminalBytes('toString')).toThrow('press("toString")');
});

// ECMA-48: C0 controls are the letters without bits 5 and 6, cursor keys are CSI A to D.
test('terminal keys send what terminals send', () => {
  expect(terminalBytes('Control+C')).toBe('\x03');
  expect(terminalBytes('Ctrl+[')).toBe('\x1b');
  expect(terminalBytes('ArrowUp')).toBe('\x1b[A');
  expect(terminalBytes('é')).toBe('é');
});
