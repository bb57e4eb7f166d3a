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
});
