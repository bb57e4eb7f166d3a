import { describe, expect, it } from 'vitest';
import { InputPort } from './input-port.ts';

describe('a text that is typed', () => {
  it('is not lost because the listener of the one before it threw', async () => {
    const down: string[] = [];
    const keyboard = {
      idle: true,
      key: (code: string, pressed: boolean) => pressed && down.push(code) > 0,
      releaseAll: () => {},
    };
    const port = new InputPort(() => ({ keyboard, pointer: () => {}, absolute: false }));
    const onProgress = () => {
      throw new Error('in the way');
    };
    const first = port.type('ab', 'us', { onProgress });
    const second = port.type('c');
    await expect(first).rejects.toThrow('in the way');
    expect(await second).toEqual({ missing: [], done: true });
    expect(down).toEqual(['KeyA', 'KeyC']);
  });

  it('is pressed with the keys that are held, where its layout has it', async () => {
    const pressed: string[] = [];
    const keyboard = {
      idle: true,
      key: (code: string, down: boolean) => pressed.push(`${down ? '+' : '-'}${code}`) > 0,
      releaseAll: () => {},
    };
    const port = new InputPort(() => ({ keyboard, pointer: () => {}, absolute: false }));
    await port.type('[', 'us', { held: ['ControlLeft'] });
    expect(pressed.splice(0)).toEqual(['+ControlLeft', '+BracketLeft', '-BracketLeft', '-ControlLeft']);
    await port.type('a', 'fr', { held: ['AltLeft'] });
    expect(pressed.splice(0)).toEqual(['+AltLeft', '+KeyQ', '-KeyQ', '-AltLeft']);
    await port.type('?', 'us', { held: ['ShiftLeft'] });
    expect(pressed).toEqual(['+ShiftLeft', '+Slash', '-Slash', '-ShiftLeft']);
  });

  it('leaves the guest’s programs time to read one key before the next', async () => {
    const times: number[] = [];
    const keyboard = {
      idle: true,
      key: (_: string, down: boolean) => down && times.push(performance.now()) > 0,
      releaseAll: () => {},
    };
    const port = new InputPort(() => ({ keyboard, pointer: () => {}, absolute: false }));
    await Promise.all([port.type('abcd'), port.type('ef')]);
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    expect(gaps.length).toBe(5);
    // Timers of the host are exact to a millisecond.
    expect(Math.min(...gaps)).toBeGreaterThan(14);
  });
});
