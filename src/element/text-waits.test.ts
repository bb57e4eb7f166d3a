import { describe, expect, it } from 'vitest';
import type { VmState } from '../core/vm-api.ts';
import { TextWaits } from './text-waits.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function machine() {
  const it = { state: 'running' as VmState, shown: '', vm: { screen: { text: () => it.shown } } };
  return { it, waits: new TextWaits(it as unknown as ConstructorParameters<typeof TextWaits>[0]) };
}

describe('waits for texts of a guest', () => {
  it('find each text of the serial port once, in order, also one that came before and one in two parts', async () => {
    const { waits } = machine();
    waits.take(bytes('login: '));
    expect((await waits.wait('login:', 'serial', {})).index).toBe(0);
    const prompt = waits.wait(/(\w+)@\w+:~# /g, 'serial', {});
    waits.take(bytes('root@snow'));
    waits.take(bytes('globe:~# '));
    expect((await prompt)[1]).toBe('root');
    // The same prompt is none a second time.
    await expect(waits.wait('~# ', 'serial', { timeout: 20 })).rejects.toThrow(
      /^waiting for ~# {2}on the serial port: nothing after 20 ms\.\nlogin: root@snowglobe:~# $/,
    );
    waits.begin();
    waits.take(bytes('é').subarray(0, 1));
    waits.take(bytes('é').subarray(1));
    expect((await waits.wait('é', 'serial', {})).index).toBe(0);
  });

  it('look at the screen again and again', async () => {
    const { it, waits } = machine();
    const shown = waits.wait('C:\\>', 'screen', {});
    it.shown = 'A DOS\nC:\\>';
    expect((await shown).index).toBe(6);
    // It is still there.
    expect((await waits.wait(/DOS/, 'screen', {}))[0]).toBe('DOS');
  });

  it('end with their signal, and with the machine', async () => {
    const { it, waits } = machine();
    const end = new AbortController();
    const ended = [
      waits.wait('never', 'serial', { signal: end.signal }),
      waits.wait('never', 'screen', { signal: end.signal }),
    ];
    end.abort(new Error('enough'));
    for (const wait of ended) await expect(wait).rejects.toThrow('enough');
    await expect(waits.wait('x', 'serial', { signal: end.signal })).rejects.toThrow('enough');
    const last = waits.wait('Power down', 'serial', {});
    const never = waits.wait('never', 'serial', {});
    const unseen = waits.wait('never', 'screen', {});
    waits.take(bytes('Power down'));
    it.state = 'stopped';
    waits.look();
    expect((await last)[0]).toBe('Power down');
    await expect(never).rejects.toThrow('the machine has ended');
    await expect(unseen).rejects.toThrow('the machine has ended');
  });

  it('keep so much of a guest that writes without end, and no more', async () => {
    const { waits } = machine();
    waits.take(bytes('begin'));
    for (let i = 0; i < 12; i++) waits.take(bytes('x'.repeat(64 << 10)));
    waits.take(bytes('end'));
    await expect(waits.wait('begin', 'serial', { timeout: 1 })).rejects.toThrow('nothing after 1 ms');
    const { index } = await waits.wait('end', 'serial', {});
    expect(index).toBeGreaterThan(250 << 10);
    expect(index).toBeLessThan(513 << 10);
  });
});
