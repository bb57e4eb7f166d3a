import { describe, expect, it } from 'vitest';
import { ByteQueue } from './byte-queue.ts';
import { PanicWatch } from './panic-watch.ts';
import { SERIAL_HIGH_WATER, SerialPort } from './serial-port.ts';

function fixture() {
  const calls: string[] = [];
  const port = new SerialPort({
    inputReady: () => calls.push('input'),
    hold: () => calls.push('hold'),
    release: () => calls.push('release'),
    firstOutput: () => calls.push('first'),
    failed: (error) => calls.push(`failed ${(error as Error).message}`),
  });
  const send = (count: number): void => {
    for (let i = 0; i < count; i++) port.transmit(i & 0xff);
    port.flush();
  };
  return { port, calls, send };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('SerialPort output', () => {
  it('comes in batches, to every listener, as bytes of its own', () => {
    const { port, calls, send } = fixture();
    const batches: Uint8Array[] = [];
    port.onData((bytes) => void batches.push(bytes));
    const off = port.onData((bytes) => void batches.push(bytes));
    send(3);
    port.flush();
    off();
    send(1);
    expect(batches.map((b) => [...b])).toEqual([[0, 1, 2], [0, 1, 2], [0]]);
    expect(batches[0].buffer).not.toBe(batches[1].buffer);
    expect(calls).toEqual(['first']);
  });

  it('is no error for a listener in JavaScript that returns what it has collected', () => {
    const { port, calls, send } = fixture();
    let text = '';
    const collect = (bytes: Uint8Array): unknown => (text += [...bytes].join(' '));
    port.onData(collect as (bytes: Uint8Array) => void);
    send(3);
    expect(text).toBe('0 1 2');
    expect(calls).toEqual(['first']);
  });

  it('is flushed by itself before it grows without bound', () => {
    const { port } = fixture();
    let received = 0;
    port.onData((bytes) => void (received += bytes.length));
    for (let i = 0; i < SERIAL_HIGH_WATER; i++) port.transmit(65);
    expect(received).toBe(SERIAL_HIGH_WATER);
  });

  it('holds the guest from 64 KiB of undigested bytes on, and releases it below', async () => {
    const { port, calls, send } = fixture();
    const resolvers: (() => void)[] = [];
    port.onData(() => new Promise<void>((resolve) => resolvers.push(resolve)));
    send(SERIAL_HIGH_WATER - 1);
    expect(calls).toEqual(['first']);
    send(1);
    expect(calls).toEqual(['first', 'hold']);
    resolvers[1]();
    await settle();
    expect(calls).toEqual(['first', 'hold', 'release']);
    resolvers[0]();
    await settle();
    expect(calls).toEqual(['first', 'hold', 'release']);
  });

  it('goes on to the others when a listener throws or rejects, and does not hold the guest for it', async () => {
    const { port, calls, send } = fixture();
    port.onData(() => {
      throw new Error('one');
    });
    port.onData(() => Promise.reject(new Error('two')));
    let received = 0;
    port.onData((bytes) => void (received += bytes.length));
    send(SERIAL_HIGH_WATER);
    await settle();
    expect(received).toBe(SERIAL_HIGH_WATER);
    expect(calls).toEqual(['first', 'failed one', 'hold', 'failed two', 'release']);
  });
});

describe('SerialPort input', () => {
  it('queues text as UTF-8 and bytes as they are, and says that there is some', () => {
    const { port, calls } = fixture();
    port.write('é');
    port.write(Uint8Array.of(1, 2));
    port.write('');
    expect(calls).toEqual(['input', 'input']);
    expect([port.take(), port.take(), port.take(), port.take(), port.take()]).toEqual([
      0xc3,
      0xa9,
      1,
      2,
      null,
    ]);
  });
});

describe('ByteQueue', () => {
  it('keeps order and content over growth and reuse', () => {
    const queue = new ByteQueue();
    const expected: number[] = [];
    const seen: number[] = [];
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 37; i++) {
        queue.push((round * 37 + i) & 0xff);
        expected.push((round * 37 + i) & 0xff);
      }
      queue.append(Uint8Array.of(round & 0xff, 1));
      expected.push(round & 0xff, 1);
      for (let i = 0; i < 29; i++) seen.push(queue.shift()!);
    }
    expect(queue.length).toBe(200 * 10);
    seen.push(...queue.takeAll());
    expect(seen).toEqual(expected);
    expect([queue.length, queue.shift()]).toEqual([0, null]);
  });
});

describe('PanicWatch', () => {
  function watch(...chunks: string[]): string[] {
    const seen: string[] = [];
    const panic = new PanicWatch((line) => seen.push(line));
    for (const chunk of chunks) panic.feed(new TextEncoder().encode(chunk));
    return seen;
  }

  it.each([
    ['Kernel panic - not syncing: Fatal exception\n'],
    ['[    3.141592] Kernel panic - not syncing: Fatal exception\r\n'],
    ['[    3.141592][    T1] Kernel panic - not syncing: Fatal exception\n'],
    ['<0>[    3.141592] Kernel panic - not syncing: Fatal exception\n'],
  ])('finds %j', (text) => {
    expect(watch(text)).toEqual(['Kernel panic - not syncing: Fatal exception']);
  });

  it('finds a line that arrives in pieces', () => {
    expect(watch('boot\r\n[  1.0] Kernel pa', 'nic - not sync', 'ing: x\r', '\nmore\n')).toEqual([
      'Kernel panic - not syncing: x',
    ]);
  });

  it.each([
    ['echo Kernel panic - not syncing: no\n'],
    ['---[ end Kernel panic - not syncing: no ]---\n'],
    ['Kernel panic - not syncing: unfinished line'],
    [`${'x'.repeat(5000)}Kernel panic - not syncing: no\n`],
  ])('does not take %j for one', (text) => {
    expect(watch(text)).toEqual([]);
  });
});
