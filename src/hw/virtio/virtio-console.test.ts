import { describe, expect, it } from 'vitest';
import { mmioDevice, type SplitQueue, startDriver } from '../../../tests/support/virtio-driver.ts';
import { Log } from '../../core/log.ts';
import { RestoreError, StateReader } from '../device.ts';
import { VirtioConsole } from './virtio-console.ts';

const SIZE = 1n;
const MULTIPORT = 2n;
const BUFFERS = 0x8000;
const OUT = 0xc000;

class Backend {
  text = '';
  input: number[] = [];
  output(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString('latin1');
  }
  take(): number | null {
    return this.input.shift() ?? null;
  }
  readonly opens: boolean[] = [];
  opened(open: boolean): void {
    this.opens.push(open);
  }
  type(text: string): void {
    this.input.push(...Buffer.from(text));
  }
}

function console(features = SIZE | MULTIPORT, name = 'org.snow') {
  const backends = [new Backend(), new Backend()];
  const type = new VirtioConsole({
    log: new Log(),
    ports: [
      { console: true, name: null, backend: backends[0] },
      { console: false, name, backend: backends[1] },
    ],
  });
  const parts = mmioDevice(type);
  const queues = startDriver(parts.transport, parts.memory, { features, queues: 6, size: 16 });
  const { bytes } = parts.memory;
  /** Puts buffers of 64 bytes into a queue of input. */
  const offer = (queue: number, count: number): void => {
    for (let i = 0; i < count; i++) queues[queue].add([], [[BUFFERS + queue * 0x800 + i * 64, 64]]);
    parts.transport.notify(queue);
  };
  const taken = (queue: number): Buffer[] =>
    queues[queue].take().map(({ id, length }) => {
      const at = Number(queues[queue].view.getBigUint64(queues[queue].descriptors + 16 * id, true));
      return Buffer.from(bytes.slice(at, at + length));
    });
  const send = (queue: number, data: Uint8Array): void => {
    bytes.set(data, OUT);
    queues[queue].add([[OUT, data.length]], []);
    parts.transport.notify(queue);
    queues[queue].take();
  };
  const control = (id: number, event: number, value: number): void => {
    send(3, Uint8Array.of(id, 0, 0, 0, event, 0, value, 0));
  };
  return { ...parts, type, backends, queues: queues as SplitQueue[], offer, taken, send, control };
}

/** Port, event, value and what follows of control messages. */
const shown = (messages: Buffer[]): (number | string)[][] =>
  messages.map((message) => [
    message.readUInt32LE(0),
    message.readUInt16LE(4),
    message.readUInt16LE(6),
    message.subarray(8).toString('hex'),
  ]);

describe('virtio-serial', () => {
  it('shows its ports and the size of the screen', () => {
    const { transport } = console();
    expect([
      transport.deviceId,
      transport.config(0, 2),
      transport.config(2, 2),
      transport.config(4, 4),
    ]).toEqual([3, 80, 25, 2]);
  });

  it('introduces its ports to a driver that knows several (5.3.6.2)', () => {
    const { offer, taken, control, type } = console();
    offer(2, 8);
    control(0, 0, 1);
    expect(shown(taken(2))).toEqual([
      [0, 1, 1, ''],
      [1, 1, 1, ''],
    ]);
    control(0, 3, 1);
    control(1, 3, 1);
    expect(shown(taken(2))).toEqual([
      [0, 4, 1, ''],
      [0, 5, 0, '50001900'],
      [0, 6, 1, ''],
      [1, 7, 1, Buffer.from('org.snow').toString('hex')],
      [1, 6, 1, ''],
    ]);
    type.resize(132, 50);
    expect(shown(taken(2))).toEqual([[0, 5, 0, '84003200']]);
    // A port that there is not.
    control(9, 3, 1);
    expect(taken(2)).toEqual([]);
  });

  it('saves messages that wait, however long a port’s name is', () => {
    const { control, type } = console(undefined, 'n'.repeat(300));
    control(0, 0, 1);
    control(1, 3, 1);
    const state = JSON.parse(JSON.stringify({ ...type.save(), version: 1 }));
    const reader = (changed: object) => new StateReader('virtio-serial', 1, { ...state, ...changed });
    type.restorer(reader({}))();
    expect({ ...type.save(), version: 1 }).toEqual(state);
    for (const messages of [
      state.messages.slice(0, -1),
      [8, ...state.messages.slice(0, 7), 256],
      [3, 1, 2, 3],
    ])
      expect(() => type.restorer(reader({ messages }))).toThrow(RestoreError);
  });

  it('keeps control messages until there is room for them', () => {
    const { offer, taken, control } = console();
    control(0, 0, 1);
    expect(taken(2)).toEqual([]);
    offer(2, 1);
    expect(shown(taken(2))).toEqual([[0, 1, 1, '']]);
  });

  it('carries bytes both ways, to the guest while it has the port open', () => {
    const { offer, taken, control, send, backends, type } = console();
    send(1, Buffer.from('hello'));
    send(5, Buffer.from('data'));
    expect(backends.map(({ text }) => text)).toEqual(['hello', 'data']);
    offer(4, 4);
    backends[1].type('early');
    type.inputReady(1);
    expect([taken(4), type.isOpen(1)]).toEqual([[], false]);
    control(1, 6, 1);
    expect([taken(4).map(String), type.isOpen(1)]).toEqual([['early'], true]);
    backends[1].type('a'.repeat(64 + 3));
    type.inputReady(1);
    expect(taken(4).map((bytes) => bytes.length)).toEqual([64, 3]);
    control(1, 6, 0);
    expect(type.isOpen(1)).toBe(false);
    control(1, 6, 1);
    control(1, 6, 1);
    type.reset();
    expect(backends.map(({ opens }) => opens)).toEqual([[], [true, false, true, false]]);
  });

  it('keeps a buffer of the driver’s until something is typed', () => {
    const { offer, taken, control, backends, type, irq, transport } = console();
    offer(0, 1);
    control(0, 6, 1);
    transport.takeInterrupt();
    expect([taken(0), irq.level]).toEqual([[], false]);
    backends[0].type('x');
    type.inputReady(0);
    expect([taken(0).map(String), irq.level]).toEqual([['x'], true]);
    // No room: it stays with the host.
    backends[0].type('yz');
    type.inputReady(0);
    expect(backends[0].input.length).toBe(2);
    offer(0, 1);
    expect(taken(0).map(String)).toEqual(['yz']);
  });

  it('has one console for a driver that does not know ports, and the emergency write for one that knows nothing', () => {
    const { offer, taken, backends, type, transport } = console(SIZE);
    offer(0, 1);
    backends[0].type('x');
    type.inputReady(0);
    expect(taken(0).map(String)).toEqual(['x']);
    type.resize(100, 30);
    expect([transport.takeInterrupt() & 2, transport.config(0, 2), transport.config(2, 2)]).toEqual([
      2, 100, 30,
    ]);
    transport.status = 0;
    transport.writeConfig(8, 4, 0x21);
    expect(backends[0].text).toBe('!');
  });
});
