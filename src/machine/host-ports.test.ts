import { describe, expect, it } from 'vitest';
import { Log } from '../core/log.ts';
import { AGENT_CHARDEV } from './devices.ts';
import { HostPorts } from './host-ports.ts';

/** A virtio-serial's ports: the agent's, and one that is a stream. */
function ports() {
  const port = { console: false, shared: false };
  const plans = [
    { ...port, name: 'com.redhat.spice.0', chardev: AGENT_CHARDEV },
    { ...port, name: 'data', chardev: 'data' },
  ];
  const ends = new HostPorts(
    [{ type: 'virtio-serial', transport: 'pci', ports: plans, drive: null, properties: {} }],
    { device: () => null, hold() {}, release() {}, copied() {}, log: new Log() },
  );
  const [agent, data] = ends.ends;
  const read = (count = Number.POSITIVE_INFINITY): number[] => {
    const bytes: number[] = [];
    for (let byte = agent.take(); byte !== null; byte = bytes.length < count ? agent.take() : null)
      bytes.push(byte);
    return bytes;
  };
  const write = (...words: number[]): void => {
    for (const byte of new Uint8Array(Uint32Array.from(words).buffer)) agent.transmit(byte);
    agent.flush();
  };
  return { ...ends, clipboard: ends.clipboard!, agent, data, read, write };
}

describe('the port of the SPICE agent', () => {
  it.each([
    ['is opened again', [true]],
    ['is closed, or its device reset', [false, true]],
  ])('forgets what the agent before has not read when it %s', (_, then) => {
    const { agent, clipboard, read, write } = ports();
    agent.opened(true);
    const hello = read();
    expect(hello.length).toBeGreaterThan(0);
    // ANNOUNCE_CAPABILITIES with CLIPBOARD_BY_DEMAND, and a REQUEST of the text.
    write(1, 28, 1, 6, 0, 0, 8, 0, 1 << 5);
    clipboard.write('a text of which half is read');
    write(1, 24, 1, 8, 0, 0, 4, 1);
    read(40);
    expect(agent.waiting).toBeGreaterThan(0);
    for (const open of then) agent.opened(open);
    expect(read()).toEqual(hello);
  });

  it('leaves the other ports alone: what was written before the guest opened them waits', () => {
    const { data } = ports();
    data.write('early');
    data.opened(true);
    expect(data.waiting).toBe(5);
  });
});
