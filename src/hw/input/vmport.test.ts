import { describe, expect, it } from 'vitest';
import { type PointerStep, pointerEvents, type VmPortStep } from '../../../tests/support/vmport-steps.ts';
import { VmPort } from './vmport.ts';
import steps from './fixtures/vmport.json' with { type: 'json' };

const MAGIC = 0x564d5868;
const [EAX, EBX, ECX] = [0, 1, 2];

function makePort() {
  let registers = [0, 0, 0, 0, 0, 0];
  let nudges = 0;
  const port = new VmPort({
    registers: { get: (n) => registers[n], set: (n, value) => void (registers[n] = value) },
    ramBytes: 64 * 2 ** 20,
    nudge: () => void nudges++,
  });
  return {
    port,
    nudges: () => nudges,
    /** Registers after an access. */
    access(before: readonly number[], isOut = false): number[] {
      registers = [...before];
      if (isOut) port.regions[0].write(0, 4, registers[EAX]);
      else registers[EAX] = Number(port.regions[0].read(0, 4));
      return registers;
    },
  };
}

const call = (command: number, ebx = 0) => [MAGIC, ebx, command, 0x5658, 0, 0];
const LISTEN_ABSOLUTE = [call(41, 0x45414552), call(39, 1), call(41, 0x53424152)];

describe("VMware's backdoor", () => {
  it('answers what QEMU answers', () => {
    const { port, access } = makePort();
    let buttons = 0;
    for (const [i, step] of (steps as (VmPortStep | PointerStep)[]).entries()) {
      if ('pointer' in step) {
        const { events, down } = pointerEvents(step, buttons);
        buttons = down;
        for (const event of events) expect([i, port.pointer(event)]).toEqual([i, true]);
      } else expect([i, access(step.registers, step.out)]).toEqual([i, step.answer]);
    }
    expect(steps.length).toBeGreaterThan(150);
  });

  it('is for accesses of 32 bits at its own port', () => {
    const { port, access } = makePort();
    access(call(10));
    expect(port.regions[0].read(0, 2)).toBe(0xffff);
    expect(port.regions[0].read(0, 1)).toBe(0xff);
    expect(port.regions[0].read(1, 1)).toBe(0xff);
  });

  it('leaves the pointer to the mouse until the guest asks for it, and after a reset', () => {
    const { port, access, nudges } = makePort();
    expect(port.pointer({ x: 0.5, y: 0.5, buttons: 0 })).toBe(false);
    expect(port.absolute).toBe(false);
    for (const registers of LISTEN_ABSOLUTE) access(registers);
    expect(port.absolute).toBe(true);
    expect(port.pointer({ x: 0.5, y: 0.5, buttons: 0 })).toBe(true);
    expect(nudges()).toBe(1);
    port.reset();
    expect(port.absolute).toBe(false);
    expect(port.pointer({ x: 0.5, y: 0.5, buttons: 0 })).toBe(false);
  });

  it('keeps the newest place for a guest that reads slowly, and every click', () => {
    const { port, access } = makePort();
    for (const registers of LISTEN_ABSOLUTE) access(registers);
    for (let i = 0; i <= 1000; i++) port.pointer({ x: i / 1000, y: 0, buttons: i === 500 ? 1 : 0 });
    const words = access(call(40))[EAX] & 0xffff;
    expect(words).toBeLessThan(100);
    const events: number[][] = [];
    for (let i = 0; i < words; i += 4) events.push(access(call(39, 4)).slice(0, 4));
    expect(events.filter(([buttons]) => buttons === 0x20)).toEqual([[0x20, 32768, 0, 0]]);
    expect(events[events.length - 1]).toEqual([0, 0xfffe, 0, 0]);
  });

  it('moves the pointer for what has no place, and never beyond the edge', () => {
    const { port, access } = makePort();
    for (const registers of LISTEN_ABSOLUTE) access(registers);
    port.pointer({ x: 0.5, y: 0.5, buttons: 0 });
    port.pointer({ dx: 10, dy: -5000, buttons: 0 });
    access(call(39, 4));
    const [, x, y] = access(call(39, 4));
    expect(x / 0xfffe).toBeCloseTo(0.5 + 10 / 1024, 3);
    expect(y).toBe(0);
  });

  it('drops what a guest never reads', () => {
    const { port, access } = makePort();
    for (const registers of LISTEN_ABSOLUTE) access(registers);
    for (let i = 0; i < 2000; i++) port.pointer({ x: 0, y: 0, buttons: i & 1 });
    expect(access(call(40))[EAX]).toBe(1024);
    expect(access(call(39, 1))[ECX]).toBe(39);
    expect(access(call(10, 5))[EBX]).toBe(MAGIC);
  });
});
