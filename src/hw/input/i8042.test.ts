import { describe, expect, it } from 'vitest';
import { FakeIrq, FakeShadow } from '../../../tests/support/device-env.ts';
import { Port92 } from '../misc/port92.ts';
import { I8042 } from './i8042.ts';

function controller() {
  const irq = new FakeIrq();
  const shadow = new FakeShadow();
  const a20 = { enabled: true };
  let resets = 0;
  const reset = (): void => void resets++;
  const device = new I8042({ irq, shadow, a20, reset });
  const [commands, data] = device.regions;
  return {
    irq,
    a20,
    reset,
    resets: () => resets,
    status: () => shadow.values.get(0)!,
    command: (value: number) => commands.write(0, 1, value),
    put: (value: number) => data.write(0, 1, value),
    get: () => data.read(0, 1),
  };
}

describe('i8042', () => {
  it('passes its tests, as Linux expects them (drivers/input/serio/i8042.c)', () => {
    const { command, get, status } = controller();
    expect(status()).toBe(0x18);
    command(0xaa);
    expect([status() & 0x05, get(), status() & 0x05]).toEqual([0x05, 0x55, 0x04]);
    command(0xab);
    expect(get()).toBe(0);
  });

  it('keeps its mode, whose bit 0 lets answers interrupt', () => {
    const { command, put, get, irq } = controller();
    command(0x60);
    put(0x74);
    command(0x20);
    expect(irq.level).toBe(false);
    expect(get()).toBe(0x74);
    command(0x60);
    put(0x45);
    command(0x20);
    expect(irq.level).toBe(true);
    expect(get()).toBe(0x45);
    expect(irq.level).toBe(false);
    command(0xad);
    command(0x20);
    expect(get()).toBe(0x55);
  });

  it('reports a time-out for a byte to the keyboard, since none is connected', () => {
    const { put, get, status } = controller();
    put(0xf2);
    expect([status() & 0x41, get(), status() & 0x41]).toEqual([0x41, 0xfe, 0]);
  });

  it('has no auxiliary port: it never answers its commands', () => {
    const { command, put, status } = controller();
    for (const value of [0xd3, 0xd4]) {
      command(value);
      put(0xa5);
      expect(status() & 0x01).toBe(0);
    }
  });

  it('drives A20 by its output port and by commands, and reads it back', () => {
    const { command, put, get, a20, resets } = controller();
    command(0xd1);
    put(0xdd);
    expect(a20.enabled).toBe(false);
    command(0xd0);
    expect(get() & 0x03).toBe(0x01);
    command(0xdf);
    expect(a20.enabled).toBe(true);
    command(0xd0);
    expect(get() & 0x03).toBe(0x03);
    command(0xdd);
    expect(a20.enabled).toBe(false);
    expect(resets()).toBe(0);
  });

  it('resets the machine by a pulse of bit 0, and by the output port', () => {
    const { command, put, resets } = controller();
    command(0xff);
    command(0xf1);
    expect(resets()).toBe(0);
    command(0xfe);
    expect(resets()).toBe(1);
    command(0xd1);
    put(0xfe);
    expect(resets()).toBe(2);
  });
});

describe('port 0x92', () => {
  it('shows and drives the same A20 line, and resets on a rising edge of bit 0', () => {
    const { a20, reset, resets, command } = controller();
    const [port] = new Port92({ a20, reset }).regions;
    expect(port.read(0, 1)).toBe(2);
    port.write(0, 1, 0x80);
    expect([a20.enabled, port.read(0, 1)]).toEqual([false, 0x80]);
    command(0xdf);
    expect(port.read(0, 1)).toBe(0x82);
    port.write(0, 1, 3);
    port.write(0, 1, 3);
    expect(resets()).toBe(1);
  });
});
