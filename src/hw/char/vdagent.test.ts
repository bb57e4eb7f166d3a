import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Log } from '../../core/log.ts';
import { CLIPBOARD_MAX, VdAgent } from './vdagent.ts';

/** Steps of scripts/gen-vdagent-fixtures.mjs: a conversation with spice-vdagent. */
const STEPS: [string, string][] = JSON.parse(
  readFileSync(new URL('./fixtures/vdagent.json', import.meta.url), 'utf8'),
);

function start() {
  const sent: Uint8Array[] = [];
  const copied: string[] = [];
  const log = new Log();
  let unread = 0;
  const agent = new VdAgent({
    send: (bytes) => sent.push(bytes),
    unread: () => unread,
    copied: (text) => copied.push(text),
    log,
  });
  agent.opened(true);
  const setUnread = (count: number): void => {
    unread = count;
  };
  return { agent, copied, log, setUnread, hex: () => Buffer.concat(sent.splice(0)).toString('hex') };
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * at);
  return bytes;
};
const message = (type: number, body: Buffer, size = body.length): Buffer =>
  Buffer.concat([words(1, 20 + body.length, 1, type, 0, 0, size), body]);
/** An agent with CLIPBOARD_BY_DEMAND, and what else is in `more`; it asks for nothing. */
const capabilities = (more = 0): Buffer => message(6, words(0, (1 << 5) | more));
const SELECTION = 1 << 6;
const CRLF = 1 << 9;

describe('the SPICE agent', () => {
  it.each([1, 7, 1 << 20])(
    'says and hears what it did with spice-vdagent, in pieces of %d bytes',
    (piece) => {
      const { agent, copied, hex } = start();
      const heard: string[] = [];
      let said = '';
      for (const [kind, text] of STEPS) {
        if (kind === 'guest') {
          const bytes = Buffer.from(text, 'hex');
          for (let at = 0; at < bytes.length; at += piece) agent.receive(bytes.subarray(at, at + piece));
          said += hex();
        } else if (kind === 'offer') {
          agent.offer(text);
          said += hex();
        } else if (kind === 'host') {
          said ||= hex();
          expect(said).toBe(text);
          said = '';
        } else if (kind === 'copied') heard.push(text);
      }
      expect(said).toBe('');
      expect(heard).toHaveLength(2);
      expect(copied).toEqual(heard);
    },
  );

  it('keeps a text for an agent that comes later, and for one that comes again', () => {
    const { agent, hex } = start();
    agent.offer('early');
    hex();
    agent.receive(capabilities());
    const grab = message(7, words(1)).toString('hex');
    expect(hex()).toBe(grab);
    agent.opened(false);
    expect(agent.ready).toBe(false);
    agent.offer('meanwhile');
    expect(hex()).toBe('');
    agent.opened(true);
    hex();
    agent.receive(capabilities());
    expect(hex()).toBe(grab);
    agent.receive(message(8, words(1)));
    expect(hex()).toBe(message(4, Buffer.concat([words(1), Buffer.from('meanwhile')])).toString('hex'));
  });

  it('gives each guest its own ends of lines', () => {
    const { agent, copied, hex } = start();
    agent.receive(capabilities(CRLF));
    agent.offer('one\ntwo\r\nthree');
    hex();
    agent.receive(message(8, words(1)));
    expect(Buffer.from(hex(), 'hex').subarray(32).toString()).toBe('one\r\ntwo\r\nthree');
    agent.receive(message(7, words(1)));
    agent.receive(message(4, Buffer.concat([words(1), Buffer.from('four\r\nfive\0')])));
    expect(copied).toEqual(['four\nfive']);
  });

  it('answers NONE for what the clipboard does not hold: other types and selections, and what the guest copied itself', () => {
    const { agent, hex } = start();
    agent.receive(capabilities(SELECTION));
    agent.offer('text');
    hex();
    const none = (selection: number): string => message(4, words(selection, 0)).toString('hex');
    agent.receive(message(8, words(0, 2)));
    expect(hex()).toBe(none(0));
    agent.receive(message(8, words(1, 1)));
    expect(hex()).toBe(none(1));
    agent.receive(message(7, words(0, 2)));
    agent.receive(message(8, words(0, 1)));
    expect(hex()).toBe(none(0));
  });

  it('takes a text that it has asked for, once, and no other', () => {
    const { agent, copied } = start();
    const text = (said: string): Buffer => message(4, Buffer.concat([words(1), Buffer.from(said)]));
    const hasText = message(7, words(1));
    agent.receive(capabilities());
    agent.receive(text('nobody asked'));
    agent.receive(hasText);
    agent.receive(text('copied'));
    agent.receive(text('said again'));
    expect(copied.splice(0)).toEqual(['copied']);
    // Not to be had after all.
    agent.receive(hasText);
    agent.receive(message(4, words(0)));
    agent.receive(text('after all'));
    // Somebody has copied here meanwhile, or a picture there.
    agent.receive(hasText);
    agent.offer('here');
    agent.receive(text('late'));
    agent.receive(hasText);
    agent.receive(message(7, words(2)));
    agent.receive(text('before the picture'));
    // An agent that is gone.
    agent.receive(hasText);
    agent.opened(true);
    agent.receive(capabilities());
    agent.receive(text('of the one before'));
    expect(copied).toEqual([]);
    // Copied twice, before the first was asked for.
    agent.receive(Buffer.concat([hasText, hasText, text('one'), text('two')]));
    expect(copied).toEqual(['one', 'two']);
  });

  it('is bounded whatever a guest says', () => {
    const { agent, copied, hex, log, setUnread } = start();
    const broken = (bytes: Buffer): void => {
      agent.opened(true);
      agent.receive(capabilities(SELECTION));
      expect(agent.ready).toBe(true);
      hex();
      const before = log.guestErrors();
      agent.receive(bytes);
      expect([agent.ready, log.guestErrors() - before]).toEqual([false, 1]);
      // Nothing after it is looked at, until the port is opened again.
      agent.receive(message(4, Buffer.concat([words(0, 1), Buffer.from('late')])));
      expect(copied).toEqual([]);
      expect(hex()).toBe('');
    };
    broken(words(1, 0xffffffff));
    broken(words(1, 20, 2, 6, 0, 0, 8));
    broken(words(1, 20, 1, 4, 0, 0, CLIPBOARD_MAX + 9));
    broken(message(7, Buffer.alloc(3)));
    broken(message(8, words(0)));
    broken(message(4, words(0)));
    // Chunks of other ports, and empty ones, are none of ours.
    agent.opened(true);
    agent.receive(capabilities(SELECTION));
    agent.receive(Buffer.concat([words(2, 4, 0xffffffff), words(1, 0)]));
    expect(agent.ready).toBe(true);
    // A guest that asks and asks, and reads nothing.
    agent.offer('text');
    hex();
    setUnread(2 * CLIPBOARD_MAX + 1);
    agent.receive(message(8, words(0, 1)));
    // Or introduces itself and copies, or comes and goes.
    agent.receive(message(6, words(1, (1 << 5) | SELECTION)));
    agent.receive(message(7, words(0, 1)));
    expect(hex()).toBe('');
    agent.opened(false);
    agent.opened(true);
    agent.receive(capabilities(SELECTION));
    expect(hex()).toBe('');
    agent.offer('text');
    setUnread(0);
    agent.receive(message(8, words(0, 1)));
    expect(hex()).not.toBe('');
    // A text that is too long cannot be had.
    agent.offer('x'.repeat(CLIPBOARD_MAX + 1));
    hex();
    agent.receive(message(8, words(0, 1)));
    expect(hex()).toBe(message(4, words(0, 0)).toString('hex'));
  });
});
