import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatMemory } from './format.ts';
import { endSummary, endTitle, panicText, progressText } from './panels.ts';
import { formatStats, statsBetween } from './stats.ts';
import { COLORS, parseTerminalSize, terminalLook } from './theme.ts';
import { isEnabled, primaryAction, STATUS } from './toolbar.ts';
import { touchKeySequence, withControl, withModifiers } from './touch-input.ts';

describe('numbers for people', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1536, '1.5 KB'],
    [32505856, '31.0 MB'],
    [150 * 1024 * 1024, '150 MB'],
    [5 * 1024 ** 4, '5.0 TB'],
  ])('%d bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [128, '128 MB'],
    [1024, '1 GB'],
    [1536, '1.5 GB'],
  ])('%d MiB', (mib, text) => expect(formatMemory(mib)).toBe(text));

  it.each([
    [420, '0.4 s'],
    [12_300, '12 s'],
    [93_500, '1 min 34 s'],
    [59_700, '1 min 0 s'],
    [3_660_000, '1 h 1 min'],
  ])('%d ms', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [812, '812'],
    [12_345, '12.3 thousand'],
    [4_500_000, '4.5 million'],
    [1_030_000_000, '1.03 billion'],
  ])('%d', (count, text) => expect(formatCount(count)).toBe(text));
});

describe('statistics', () => {
  const at = (guestMs: number, instructions: number, sleepMs: number) => ({ guestMs, instructions, sleepMs });

  it('gives the rate and the idle share between two reports', () => {
    expect(statsBetween(at(1000, 0, 0), at(2000, 214_000_000, 30))).toEqual({ mips: 214, idle: 0.03 });
    expect(formatStats({ mips: 214, idle: 0.03 })).toBe('214 MIPS · 3 % idle');
    expect(formatStats({ mips: 1.26, idle: 0.9 })).toBe('1.3 MIPS · 90 % idle');
    expect(formatStats({ mips: 0.01, idle: 0.999 })).toBe('idle');
  });

  it('gives nothing when no guest time has passed, and stays in bounds after a reset', () => {
    expect(statsBetween(at(1000, 5, 0), at(1000, 9, 0))).toBeNull();
    expect(statsBetween(at(0, 5, 900), at(1000, 1, 0))).toEqual({ mips: 0, idle: 0 });
    expect(statsBetween(at(0, 0, 0), at(1000, 0, 1010))).toEqual({ mips: 0, idle: 1 });
  });
});

describe('panels', () => {
  it('says how far a download is', () => {
    expect(progressText({ loaded: 0 })).toBe('');
    expect(progressText({ loaded: 346_112 })).toBe('338 KB');
    expect(progressText({ loaded: 12_373_197, total: 32_505_856 })).toBe('11.8 MB of 31.0 MB');
    expect(progressText({ loaded: 32_505_856, total: 32_505_856 })).toBe('31.0 MB');
    expect(progressText({ loaded: 0, total: 1 })).toBe('');
  });

  it('says how the guest ended', () => {
    expect(endTitle('poweroff', 0)).toBe('The guest has powered off');
    expect(endTitle('poweroff', 3)).toBe('The guest has powered off with status 3');
    expect(endTitle('stopped', 0)).toBe('The machine is switched off');
    expect(endSummary({ guestMs: 4200, instructions: 1_030_000_000 })).toBe(
      'It ran for 4.2 s: 1.03 billion instructions.',
    );
  });

  it('does not say twice that the kernel panicked', () => {
    expect(panicText('Kernel panic - not syncing: Attempted to kill init!')).toBe(
      'The guest’s kernel has panicked: Attempted to kill init!',
    );
    expect(panicText('')).toBe('The guest’s kernel has panicked.');
  });
});

describe('toolbar', () => {
  const STATES = ['created', 'loading', 'running', 'paused', 'stopped', 'error', 'destroyed'] as const;

  it('offers a way out of every state', () => {
    expect(STATES.map((state) => primaryAction(state).action)).toEqual([
      'start',
      'start',
      'pause',
      'resume',
      'start',
      'start',
      'start',
    ]);
    for (const state of ['loading', 'running', 'paused'] as const)
      expect(isEnabled('power-off', state)).toBe(true);
    for (const state of ['created', 'stopped', 'error'] as const) {
      expect(isEnabled('start', state)).toBe(true);
      expect(isEnabled('power-off', state)).toBe(false);
    }
  });

  it('enables pasting and resizing only while the guest can read', () => {
    for (const state of STATES) {
      expect(isEnabled('paste', state)).toBe(state === 'running');
      expect(isEnabled('size', state)).toBe(state === 'running');
      expect(STATUS[state]).not.toBe('');
    }
  });
});

describe('touch keys', () => {
  it('sends what a terminal sends', () => {
    expect(touchKeySequence('esc', false)).toBe('\x1b');
    expect(touchKeySequence('tab', true)).toBe('\t');
    expect(touchKeySequence('up', false)).toBe('\x1b[A');
    expect(touchKeySequence('left', true)).toBe('\x1bOD');
    expect(touchKeySequence('f1', false)).toBe('\x1bOP');
    expect(touchKeySequence('f12', false)).toBe('\x1b[24~');
    expect(touchKeySequence('delete', true)).toBe('\x1b[3~');
  });

  it('says which modifiers are held as xterm does', () => {
    const held = { control: false, alt: false, shift: false };
    expect(touchKeySequence('up', true, { ...held, control: true })).toBe('\x1b[1;5A');
    expect(touchKeySequence('page-up', false, { ...held, shift: true, alt: true })).toBe('\x1b[5;4~');
    expect(touchKeySequence('tab', false, { ...held, shift: true })).toBe('\x1b[Z');
    expect(touchKeySequence('esc', false, { ...held, alt: true })).toBe('\x1b\x1b');
    expect(withModifiers('c', { ...held, control: true, alt: true })).toBe('\x1b\x03');
    expect(withModifiers('a', { ...held, shift: true })).toBe('A');
    expect(withModifiers('pasted', { ...held, control: true })).toBe('pasted');
  });

  it('makes control codes, and leaves alone what has none', () => {
    expect(withControl('c')).toBe('\x03');
    expect(withControl('C')).toBe('\x03');
    expect(withControl('[')).toBe('\x1b');
    expect(withControl(' ')).toBe('\0');
    expect(withControl('?')).toBe('\x7f');
    expect(withControl('é')).toBe('é');
    expect(withControl('paste')).toBe('paste');
  });
});

describe('the terminal’s look', () => {
  it('is dark by default and follows custom properties', () => {
    expect(terminalLook(() => '').theme.background).toBe('#0b1220');
    const look = terminalLook(
      (name) => ({ '--vm-console-background': ' #fff ', '--vm-console-font-size': '18px' })[name] ?? '',
    );
    expect(look.theme.background).toBe('#fff');
    expect(look.theme.cursorAccent).toBe('#fff');
    expect(look.fontSize).toBe(18);
    expect(Object.keys(look.theme)).toEqual(Object.keys(COLORS));
  });

  it.each(Object.entries(COLORS))(
    '%s follows its property, and else whether it is light',
    (key, [name, dark, light]) => {
      expect(terminalLook((asked) => (asked === `--vm-console-${name}` ? 'teal' : '')).theme[key]).toBe(
        'teal',
      );
      expect(terminalLook(() => '').theme[key]).toBe(dark);
      expect(terminalLook(() => '', true).theme[key]).toBe(light);
      expect(light).not.toBe(dark);
    },
  );
});

describe('a terminal’s size as text', () => {
  it('is columns and rows', () => {
    expect(parseTerminalSize('80x24')).toEqual({ columns: 80, rows: 24 });
    expect(parseTerminalSize(' 132 × 43 ')).toEqual({ columns: 132, rows: 43 });
  });

  it.each([null, '', '80', '80x', '1x1', '80x0', '5000x5000', 'axb'])('%s is none', (text) => {
    expect(parseTerminalSize(text)).toBeNull();
  });
});
