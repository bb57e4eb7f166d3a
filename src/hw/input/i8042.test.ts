import { describe, expect, it } from 'vitest';
import { FakeIrq, FakeShadow, FakeTime } from '../../../tests/support/device-env.ts';
import { Port92 } from '../misc/port92.ts';
import { I8042 } from './i8042.ts';
import { KEYS, scanCodes } from './scan-codes.ts';

function controller() {
  const irq = new FakeIrq();
  const shadow = new FakeShadow();
  const listeners: (() => void)[] = [];
  let a20Level = true;
  const a20 = {
    get enabled() {
      return a20Level;
    },
    set enabled(on: boolean) {
      a20Level = on;
      for (const listener of listeners) listener();
    },
    onChange: (listener: () => void) => void listeners.push(listener),
  };
  let resets = 0;
  const reset = (): void => void resets++;
  const auxIrq = new FakeIrq();
  const time = new FakeTime();
  let leds = 0;
  const device = new I8042({
    irq,
    auxIrq,
    clock: time,
    timers: time,
    shadow,
    a20,
    reset,
    leds: (lit) => void (leds = lit),
  });
  const [commands, data] = device.regions;
  return {
    irq,
    auxIrq,
    time,
    leds: () => leds,
    keyboard: device.keyboard,
    mouse: device.mouse,
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

  /** Reads as long as there is something; the mouse's bytes are 0x100 and more. */
  const drain = ({ status, get }: ReturnType<typeof controller>): number[] => {
    const bytes: number[] = [];
    while (status() & 1) bytes.push((status() & 0x20 ? 0x100 : 0) + get());
    return bytes;
  };
  /** Sends bytes to the mouse; gives what it answers. */
  const aux = (pc: ReturnType<typeof controller>, ...bytes: number[]): number[] =>
    bytes.flatMap((byte) => {
      pc.command(0xd4);
      pc.put(byte);
      return drain(pc).map((answer) => answer - 0x100);
    });
  const keyboard = (pc: ReturnType<typeof controller>, ...bytes: number[]): number[] =>
    bytes.flatMap((byte) => {
      pc.put(byte);
      return drain(pc);
    });
  const setMode = (pc: ReturnType<typeof controller>, mode: number): void => {
    pc.command(0x60);
    pc.put(mode);
  };

  it('identifies, echoes, tests and lights its keyboard', () => {
    const pc = controller();
    expect(keyboard(pc, 0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(keyboard(pc, 0xee)).toEqual([0xee]);
    expect(keyboard(pc, 0xed, 0x05)).toEqual([0xfa, 0xfa]);
    expect(pc.leds()).toBe(5);
    expect(keyboard(pc, 0xff)).toEqual([0xfa, 0xaa]);
    expect(pc.leds()).toBe(0);
    expect(keyboard(pc, 0xf0, 0x00)).toEqual([0xfa, 0xfa, 0x02]);
    expect(keyboard(pc, 0xe0)).toEqual([0xfe]);
    expect(keyboard(pc, 0xfe)).toEqual([0xfe]);
    // A command where the argument should be.
    expect(keyboard(pc, 0xed, 0xf2)).toEqual([0xfa, 0xfa, 0xab, 0x83]);
  });

  it.each([
    // As recorded in the tables of IBM's reference and Microsoft's.
    ['KeyA', [0x1e], [0x9e], [0x1c], [0xf0, 0x1c], [0x1c]],
    ['Escape', [0x01], [0x81], [0x76], [0xf0, 0x76], [0x08]],
    ['F7', [0x41], [0xc1], [0x83], [0xf0, 0x83], [0x37]],
    ['F12', [0x58], [0xd8], [0x07], [0xf0, 0x07], [0x5e]],
    ['ControlRight', [0xe0, 0x1d], [0xe0, 0x9d], [0xe0, 0x14], [0xe0, 0xf0, 0x14], [0x58]],
    ['ArrowUp', [0xe0, 0x48], [0xe0, 0xc8], [0xe0, 0x75], [0xe0, 0xf0, 0x75], [0x63]],
    ['NumpadEnter', [0xe0, 0x1c], [0xe0, 0x9c], [0xe0, 0x5a], [0xe0, 0xf0, 0x5a], [0x79]],
    ['MetaLeft', [0xe0, 0x5b], [0xe0, 0xdb], [0xe0, 0x1f], [0xe0, 0xf0, 0x1f], [0x8b]],
    ['IntlBackslash', [0x56], [0xd6], [0x61], [0xf0, 0x61], [0x13]],
    ['IntlYen', [0x7d], [0xfd], [0x6a], [0xf0, 0x6a], null],
    [
      'Pause',
      [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5],
      [],
      [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77],
      [],
      [0x62],
    ],
    [
      'PrintScreen',
      [0xe0, 0x2a, 0xe0, 0x37],
      [0xe0, 0xb7, 0xe0, 0xaa],
      [0xe0, 0x12, 0xe0, 0x7c],
      [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12],
      [0x57],
    ],
  ])(
    '%s has its codes in every set, and set 2 translated is set 1',
    (key, make1, break1, make2, break2, make3) => {
      const pc = controller();
      const codes = (down: boolean): number[] => {
        pc.keyboard.key(key, down);
        return drain(pc);
      };
      expect([codes(true), codes(false)]).toEqual([make2, break2]);
      setMode(pc, 0x47);
      expect([codes(true), codes(false)]).toEqual([make1, break1]);
      setMode(pc, 0x03);
      keyboard(pc, 0xf0, 0x01);
      expect([codes(true), codes(false)]).toEqual([make1, break1]);
      if (make3 === null) return;
      keyboard(pc, 0xf0, 0x03);
      expect(codes(true)).toEqual(make3);
    },
  );

  it('has a code for every key, each its own', () => {
    for (const set of [1, 2] as const) {
      const makes = KEYS.map((key) => scanCodes(key, set)!.make.join());
      expect(new Set(makes).size).toBe(KEYS.length);
    }
    expect(scanCodes('KeyÄ', 2)).toBeNull();
    expect(scanCodes('constructor', 2)).toBeNull();
  });

  it('repeats the key that is held, after the delay and at the rate that the guest chose', () => {
    const pc = controller();
    keyboard(pc, 0xf3, 0x00);
    pc.keyboard.key('KeyB', true);
    expect(drain(pc)).toEqual([0x32]);
    pc.time.advance(249_000_000n);
    expect(drain(pc)).toEqual([]);
    pc.time.advance(2_000_000n);
    expect(drain(pc)).toEqual([0x32]);
    // 8 * 4.17 ms.
    pc.time.advance(34_000_000n);
    expect(drain(pc)).toEqual([0x32]);
    pc.keyboard.key('KeyB', false);
    expect(drain(pc)).toEqual([0xf0, 0x32]);
    pc.time.advance(2_000_000_000n);
    expect(drain(pc)).toEqual([]);
  });

  it('says that keys were lost when nobody reads them, and goes on', () => {
    const pc = controller();
    for (let i = 0; i < 100; i++) {
      pc.keyboard.key('KeyC', true);
      pc.keyboard.key('KeyC', false);
    }
    const bytes = drain(pc);
    expect(bytes.length).toBeLessThan(70);
    expect(bytes.at(-1)).toBe(0);
    pc.keyboard.key('KeyD', true);
    expect(drain(pc)).toEqual([0x23]);
  });

  it('lets go of what is down, and interrupts once for each byte', () => {
    const pc = controller();
    pc.keyboard.key('ShiftLeft', true);
    pc.keyboard.key('KeyA', true);
    drain(pc);
    const { edges } = pc.irq;
    pc.keyboard.releaseAll();
    expect(drain(pc)).toEqual([0xf0, 0x12, 0xf0, 0x1c]);
    expect(pc.irq.edges - edges).toBe(4);
    pc.keyboard.releaseAll();
    expect(drain(pc)).toEqual([]);
  });

  it('has a mouse that moves, at its own interrupt', () => {
    const pc = controller();
    pc.mouse.move(5, 5, 0, 1);
    expect(aux(pc, 0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(aux(pc, 0xf4)).toEqual([0xfa]);
    pc.mouse.move(5, 3, 0, 1);
    expect([pc.irq.level, pc.auxIrq.level]).toEqual([false, true]);
    // y grows upwards here.
    expect(drain(pc)).toEqual([0x129, 0x105, 0x1fd]);
    pc.mouse.move(-600, 0, 0, 0);
    expect(drain(pc)).toEqual([0x118, 0x101, 0x100, 0x118, 0x101, 0x100, 0x118, 0x1a6, 0x100]);
    expect(aux(pc, 0xe9)).toEqual([0xfa, 0x20, 0x02, 0x64]);
    expect(aux(pc, 0xf5)).toEqual([0xfa]);
    pc.mouse.move(1, 1, 0, 0);
    expect(drain(pc)).toEqual([]);
  });

  it('becomes a wheel mouse, and one with five buttons, by three sample rates', () => {
    const pc = controller();
    aux(pc, 0xf3, 200, 0xf3, 100, 0xf3, 80);
    expect(aux(pc, 0xf2)).toEqual([0xfa, 0x03]);
    aux(pc, 0xf4);
    pc.mouse.move(0, 0, -1, 4);
    expect(drain(pc)).toEqual([0x10c, 0x100, 0x100, 0x1ff]);
    aux(pc, 0xf3, 200, 0xf3, 200, 0xf3, 80);
    expect(aux(pc, 0xf2)).toEqual([0xfa, 0x04]);
    pc.mouse.move(0, 0, 1, 0x18);
    expect(drain(pc)).toEqual([0x108, 0x100, 0x100, 0x131]);
  });

  it('answers a mouse in remote mode when asked, and echoes in wrap mode', () => {
    const pc = controller();
    aux(pc, 0xf0);
    pc.mouse.move(7, 0, 0, 2);
    expect(drain(pc)).toEqual([]);
    expect(aux(pc, 0xeb)).toEqual([0xfa, 0x0a, 0x07, 0x00]);
    expect(aux(pc, 0xee, 0x55, 0xf2, 0xec, 0xf2)).toEqual([0xfa, 0x55, 0xf2, 0xfa, 0xfa, 0x00]);
    expect(aux(pc, 0xe8, 5, 0xe8, 1, 0x00)).toEqual([0xfa, 0xfe, 0xfa, 0xfa, 0xfe]);
  });

  it('puts bytes into the output buffer as if a device had sent them', () => {
    const pc = controller();
    pc.command(0xd3);
    pc.put(0xa5);
    expect(drain(pc)).toEqual([0x1a5]);
    pc.command(0xd2);
    pc.put(0x5a);
    expect(drain(pc)).toEqual([0x5a]);
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
    const shadow = new FakeShadow();
    const [port] = new Port92({ a20, reset, shadow }).regions;
    expect(port.read(0, 1)).toBe(2);
    port.write(0, 1, 0x80);
    expect([a20.enabled, port.read(0, 1)]).toEqual([false, 0x80]);
    expect(shadow.values.get(0)).toBe(0x80);
    command(0xdf);
    expect([port.read(0, 1), shadow.values.get(0)]).toEqual([0x82, 0x82]);
    port.write(0, 1, 3);
    port.write(0, 1, 3);
    expect(resets()).toBe(1);
  });
});
