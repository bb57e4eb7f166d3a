import { describe, expect, it } from 'vitest';
import { Emitter } from './emitter.ts';
import { Log, type LogEntry } from './log.ts';

describe('Log', () => {
  it('passes on a bounded number of guest errors per source and counts all of them', () => {
    const entries: LogEntry[] = [];
    const log = new Log((entry) => entries.push(entry));
    for (let i = 0; i < 1000; i++) log.guestError('uart', `error ${i}`);
    log.guestError('rtc', 'another');
    expect(entries.filter((e) => e.source === 'uart')).toHaveLength(Log.LIMIT);
    expect(entries.filter((e) => e.source === 'rtc')).toEqual([
      { level: 'guest', source: 'rtc', message: 'another' },
    ]);
    expect([log.guestErrors('uart'), log.guestErrors('rtc'), log.guestErrors()]).toEqual([1000, 1, 1001]);
  });

  it('passes on every warning', () => {
    const entries: LogEntry[] = [];
    const log = new Log((entry) => entries.push(entry));
    for (let i = 0; i < 100; i++) log.warn('vm', 'careful');
    expect(entries).toHaveLength(100);
    expect(log.guestErrors()).toBe(0);
  });
});

describe('Emitter', () => {
  it('calls listeners in order, and not after they unsubscribed', () => {
    const emitter = new Emitter<{ tick: number }>();
    const seen: string[] = [];
    const off = emitter.on('tick', (n) => seen.push(`a${n}`));
    emitter.on('tick', (n) => seen.push(`b${n}`));
    emitter.emit('tick', 1);
    off();
    off();
    emitter.emit('tick', 2);
    emitter.clear();
    emitter.emit('tick', 3);
    expect(seen).toEqual(['a1', 'b1', 'b2']);
  });

  it('keeps one function registered twice as two subscriptions', () => {
    const emitter = new Emitter<{ tick: null }>();
    let calls = 0;
    const listener = (): void => void calls++;
    const off = emitter.on('tick', listener);
    emitter.on('tick', listener);
    off();
    emitter.emit('tick', null);
    expect(calls).toBe(1);
  });

  it('calls the others when a listener throws, and hands the failure on', () => {
    const failures: unknown[] = [];
    const emitter = new Emitter<{ tick: null }>((error) => failures.push(error));
    let called = false;
    emitter.on('tick', () => {
      throw new Error('first');
    });
    emitter.on('tick', () => {
      called = true;
    });
    emitter.emit('tick', null);
    expect(called).toBe(true);
    expect(failures).toEqual([new Error('first')]);
  });
});
