import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SerialStream } from '../core/vm-api.ts';
import { SerialHub } from './serial-hub.ts';

type Listener = Parameters<SerialStream['onData']>[0];

function port() {
  const listeners = new Set<Listener>();
  const written: (Uint8Array | string)[] = [];
  return {
    written,
    listeners,
    emit: (text: string) => [...listeners].map((listener) => listener(new TextEncoder().encode(text))),
    onData(listener: Listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write: (data: Uint8Array | string) => void written.push(data),
  };
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('SerialHub', () => {
  // Browsers have it, Node has not.
  const reported = vi.fn();
  beforeEach(() => void vi.stubGlobal('reportError', reported));
  afterEach(() => void vi.unstubAllGlobals());

  it('gives each listener bytes of its own, which it may transfer away', () => {
    const hub = new SerialHub();
    const kept: Uint8Array[] = [];
    hub.onData((bytes) => void structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] }));
    hub.onData((bytes) => void kept.push(bytes));
    const source = port();
    hub.attach(source);
    source.emit('snow');
    expect(kept.map(decode)).toEqual(['snow']);
  });

  it('takes it that a listener in JavaScript returns what it has collected', async () => {
    const hub = new SerialHub();
    let text = '';
    hub.onData(((bytes: Uint8Array): unknown => (text += decode(bytes))) as Listener);
    const source = port();
    hub.attach(source);
    await Promise.all(source.emit('snow'));
    expect(text).toBe('snow');
    expect(reported).not.toHaveBeenCalled();
  });

  it('keeps its listeners while machines change behind it', () => {
    const hub = new SerialHub();
    const heard: string[] = [];
    hub.onData((bytes) => void heard.push(decode(bytes)));
    const first = port();
    const second = port();
    hub.attach(first);
    first.emit('one');
    hub.attach(second);
    first.emit('late');
    second.emit('two');
    hub.attach(null);
    expect(heard).toEqual(['one', 'two']);
    expect(first.listeners.size + second.listeners.size).toBe(0);
  });

  it('writes to the machine of the moment, and to nobody when there is none', () => {
    const hub = new SerialHub();
    hub.write('lost');
    const target = port();
    hub.attach(target);
    hub.write('typed');
    expect(target.written).toEqual(['typed']);
  });

  it('passes back-pressure on: settled only when every listener has digested', async () => {
    const hub = new SerialHub();
    const target = port();
    hub.attach(target);
    expect(target.emit('nobody listens')).toEqual([undefined]);
    let digest = () => {};
    hub.onData(() => new Promise((resolve) => (digest = resolve)));
    hub.onData(() => {});
    const [pending] = target.emit('bytes');
    const settled = vi.fn();
    const done = (pending as Promise<void>).then(settled);
    await Promise.resolve();
    expect(settled).not.toHaveBeenCalled();
    digest();
    await done;
    expect(settled).toHaveBeenCalled();
  });

  it('does not let a failing listener keep bytes from the others or hold the guest back', async () => {
    const hub = new SerialHub();
    const target = port();
    hub.attach(target);
    const heard = vi.fn();
    hub.onData(() => {
      throw new Error('first');
    });
    hub.onData(() => Promise.reject(new Error('second')));
    const stop = hub.onData(heard);
    await Promise.all(target.emit('x'));
    expect(heard).toHaveBeenCalledTimes(1);
    expect(reported.mock.calls.map(([error]) => error.message)).toEqual(['first', 'second']);
    stop();
    stop();
    await Promise.all(target.emit('y'));
    expect(heard).toHaveBeenCalledTimes(1);
  });
});
