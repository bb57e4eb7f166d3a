import { describe, expect, it } from 'vitest';
import { mmioDevice, startDriver } from '../../../tests/support/virtio-driver.ts';
import { keyCode, VirtioKeyboard, VirtioMouse, VirtioMultitouch, VirtioTablet } from './virtio-input.ts';

const BUFFERS = 0x8000;

function device<T extends VirtioKeyboard | VirtioMouse | VirtioMultitouch | VirtioTablet>(
  type: T,
  size = 16,
) {
  const parts = mmioDevice(type);
  const [events, status] = startDriver(parts.transport, parts.memory, { queues: 2, size });
  const view = new DataView(parts.memory.bytes.buffer);
  const offer = (count: number): void => {
    for (let i = 0; i < count; i++) events.add([], [[BUFFERS + 8 * i, 8]]);
    parts.transport.notify(0);
  };
  const taken = (): number[][] =>
    events.take().map(({ id, length }) => {
      expect(length).toBe(8);
      const at = Number(view.getBigUint64(events.descriptors + 16 * id, true));
      return [view.getUint16(at, true), view.getUint16(at + 2, true), view.getInt32(at + 4, true)];
    });
  /** What the configuration says for a selector: its bytes. */
  const config = (select: number, subselect: number): Buffer => {
    parts.transport.writeConfig(0, 1, select);
    parts.transport.writeConfig(1, 1, subselect);
    const size = parts.transport.config(2, 1);
    return Buffer.from(Array.from({ length: size }, (_, i) => parts.transport.config(8 + i, 1)));
  };
  return { ...parts, events, status, view, offer, taken, config };
}

describe('virtio-keyboard', () => {
  // linux/input-event-codes.h
  it.each([
    ['Escape', 1],
    ['KeyA', 30],
    ['Space', 57],
    ['F12', 88],
    ['NumpadEnter', 96],
    ['ControlRight', 97],
    ['AltRight', 100],
    ['ArrowUp', 103],
    ['Delete', 111],
    ['Pause', 119],
    ['MetaLeft', 125],
    ['IntlBackslash', 86],
    ['F13', null],
    ['Nonsense', null],
  ])('%s has Linux’s code %s', (key, code) => expect(keyCode(key)).toBe(code));

  it('tells its name, its identity and its keys (5.8.5)', () => {
    const { config, transport } = device(new VirtioKeyboard({ leds() {} }));
    expect(transport.deviceId).toBe(18);
    expect(config(1, 0).toString()).toBe('QEMU Virtio Keyboard');
    expect(config(3, 0).toString('hex')).toBe('0600270601000100');
    const bits = config(0x11, 1);
    expect([30, 103, 0x110].map((code) => ((bits[code >> 3] ?? 0) >> (code & 7)) & 1)).toEqual([1, 1, 0]);
    expect([config(0x11, 3).length, config(0x12, 0).length, config(0x99, 0).length]).toEqual([0, 0, 0]);
  });

  it('sends keys once, and lets go of all of them', () => {
    const type = new VirtioKeyboard({ leds() {} });
    const { offer, taken, irq } = device(type);
    offer(12);
    expect([
      type.key('KeyA', true),
      type.key('KeyA', true),
      type.key('ShiftLeft', true),
      type.key('F24', true),
    ]).toEqual([true, true, true, false]);
    expect(taken()).toEqual([
      [1, 30, 1],
      [0, 0, 0],
      [1, 42, 1],
      [0, 0, 0],
    ]);
    expect(irq.level).toBe(true);
    type.releaseAll();
    expect(taken()).toEqual([
      [1, 30, 0],
      [0, 0, 0],
      [1, 42, 0],
      [0, 0, 0],
    ]);
  });

  it('keeps events until the driver has room', () => {
    const type = new VirtioKeyboard({ leds() {} });
    const { offer, taken } = device(type);
    type.key('KeyA', true);
    expect([type.idle, taken()]).toEqual([false, []]);
    offer(1);
    expect([type.idle, taken()]).toEqual([false, [[1, 30, 1]]]);
    offer(1);
    expect([type.idle, taken()]).toEqual([true, [[0, 0, 0]]]);
  });

  it('takes the lamps', () => {
    const lamps: number[] = [];
    const { transport, status, view } = device(new VirtioKeyboard({ leds: (lit) => void lamps.push(lit) }));
    for (const [code, value] of [
      [1, 1],
      [0, 1],
      [1, 0],
    ]) {
      view.setUint16(0x9000, 0x11, true);
      view.setUint16(0x9002, code, true);
      view.setUint32(0x9004, value, true);
      status.add([[0x9000, 8]], []);
      transport.notify(1);
      expect(status.take().length).toBe(1);
    }
    expect(lamps).toEqual([4, 6, 2]);
  });
});

describe('virtio-tablet', () => {
  it('has two axes, buttons and a wheel', () => {
    const type = new VirtioTablet();
    const { config, offer, taken } = device(type);
    expect(config(0x12, 0).toString('hex')).toBe('00000000ff7f0000000000000000000000000000');
    offer(16);
    type.pointer({ x: 0.5, y: 2, buttons: 1 });
    type.pointer({ buttons: 1, wheel: 1 });
    type.pointer({ buttons: 2 });
    expect(taken()).toEqual([
      [3, 0, 16384],
      [3, 1, 32767],
      [1, 0x110, 1],
      [0, 0, 0],
      [2, 8, -1],
      [0, 0, 0],
      [1, 0x110, 0],
      [1, 0x111, 1],
      [0, 0, 0],
    ]);
  });
});

describe('virtio-mouse', () => {
  it('tells movements in counts, buttons and the wheel', () => {
    const type = new VirtioMouse();
    const { config, offer, taken } = device(type);
    expect(config(1, 0).toString()).toBe('QEMU Virtio Mouse');
    expect(config(0x11, 2).toString('hex')).toBe('0301');
    expect(config(0x11, 3).length).toBe(0);
    offer(16);
    type.pointer({ dx: 5, dy: -3, buttons: 1 });
    type.pointer({ wheel: 2, buttons: 0 });
    expect(taken()).toEqual([
      [2, 0, 5],
      [2, 1, -3],
      [1, 0x110, 1],
      [0, 0, 0],
      [1, 0x110, 0],
      [2, 8, -2],
      [0, 0, 0],
    ]);
  });
});

describe('virtio-multitouch', () => {
  // Linux, Documentation/input/multi-touch-protocol.rst, type B.
  it('gives each finger a slot while it touches', () => {
    const type = new VirtioMultitouch();
    const { config, offer, taken } = device(type, 64);
    expect([config(0x10, 0).toString('hex'), config(0x12, 0x2f).readUInt32LE(4)]).toEqual(['02', 10]);
    offer(60);
    type.touch([{ id: 77, x: 0, y: 1 }]);
    expect(taken()).toEqual([
      [3, 0x2f, 0],
      [3, 0x39, 0],
      [3, 0x35, 0],
      [3, 0x36, 0x7fff],
      [1, 0x14a, 1],
      [0, 0, 0],
    ]);
    type.touch([
      { id: 77, x: 0, y: 0 },
      { id: 78, x: 1, y: 1 },
    ]);
    expect(taken()).toEqual([
      [3, 0x2f, 0],
      [3, 0x35, 0],
      [3, 0x36, 0],
      [3, 0x2f, 1],
      [3, 0x39, 1],
      [3, 0x35, 0x7fff],
      [3, 0x36, 0x7fff],
      [0, 0, 0],
    ]);
    type.touch([{ id: 78, x: 1, y: 1 }]);
    expect(taken().slice(0, 3)).toEqual([
      [3, 0x2f, 0],
      [3, 0x39, -1],
      [3, 0x2f, 1],
    ]);
    type.touch([]);
    expect(taken()).toEqual([
      [3, 0x2f, 1],
      [3, 0x39, -1],
      [1, 0x14a, 0],
      [0, 0, 0],
    ]);
  });

  it('sees ten fingers, and no eleventh', () => {
    const type = new VirtioMultitouch();
    const { offer, taken } = device(type, 64);
    offer(60);
    type.touch(Array.from({ length: 11 }, (_, id) => ({ id, x: 0, y: 0 })));
    expect(taken().filter(([kind, code]) => kind === 3 && code === 0x39).length).toBe(10);
  });
});
