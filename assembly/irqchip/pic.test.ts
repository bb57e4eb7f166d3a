/** The 8259 pair against its data sheet (Intel 231468). */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Chips, loadChips } from './tests/module.ts';

const makeChips = await loadChips();
let pc: Chips;

/** ICW1 to ICW4 of a PC: vectors 0x20 and 0x28, and ICW4 of both. */
function initialise(icw4 = 1): void {
  pc.out8(0x20, 0x11).out8(0x21, 0x20, 4, icw4);
  pc.out8(0xa0, 0x11).out8(0xa1, 0x28, 2, icw4 & ~0x10);
}

/** Pulses a line. */
function pulse(...lines: number[]): void {
  for (const line of lines) pc.line(line, true).line(line, false);
}

beforeEach(() => {
  pc = makeChips();
  // Counter 0 of the PIT would interrupt on IRQ 0: mode 0 with no count keeps its output low.
  pc.out8(0x43, 0x30);
  initialise();
});

describe('8259A', () => {
  it('serves the lowest input first, then lets only higher ones through', () => {
    pulse(7, 4, 5);
    expect(pc.take()).toBe(0x24);
    expect(pc.take()).toBe(-1);
    pulse(1);
    expect(pc.take()).toBe(0x21);
    pc.out8(0x20, 0x0b);
    expect(pc.in8(0x20)).toBe(0x12);
    pc.out8(0x20, 0x20);
    expect(pc.in8(0x20)).toBe(0x10);
    pc.out8(0x20, 0x20);
    expect(pc.take()).toBe(0x25);
    pc.out8(0x20, 0x0a);
    expect(pc.in8(0x20)).toBe(0x80);
  });

  it('gives IRQ 8 to 15 the place of IRQ 2', () => {
    pulse(3, 12);
    expect(pc.take()).toBe(0x2c);
    pulse(8);
    // The slave's request waits: input 2 is in service (no special fully nested mode).
    expect(pc.take()).toBe(-1);
    pc.out8(0xa0, 0x20).out8(0x20, 0x20);
    expect(pc.take()).toBe(0x28);
    pc.out8(0xa0, 0x20).out8(0x20, 0x20);
    expect(pc.take()).toBe(0x23);
  });

  it('lets a higher input of the slave through in special fully nested mode', () => {
    initialise(0x11);
    pulse(12);
    expect(pc.take()).toBe(0x2c);
    pulse(8);
    expect(pc.take()).toBe(0x28);
    pulse(13);
    expect(pc.take()).toBe(-1);
  });

  it('keeps a masked request and serves it when it is unmasked', () => {
    pc.out8(0x21, 0xfb).out8(0xa1, 0xff);
    pulse(6, 9);
    expect(pc.take()).toBe(-1);
    expect(pc.in8(0x21)).toBe(0xfb);
    pc.out8(0x21, 0xbb);
    expect(pc.take()).toBe(0x26);
    pc.out8(0x20, 0x66);
    pc.out8(0xa1, 0xfd);
    expect(pc.take()).toBe(0x29);
  });

  it('rotates with EOI, by specific rotation, and by setting the lowest priority', () => {
    pulse(4, 6);
    expect(pc.take()).toBe(0x24);
    // Input 4 becomes the lowest, so 6 goes before a new 4 and before 0 to 3.
    pc.out8(0x20, 0xa0);
    pulse(1, 4);
    expect(pc.take()).toBe(0x26);
    pc.out8(0x20, 0xe6);
    expect(pc.take()).toBe(0x21);
    pc.out8(0x20, 0x61);
    expect(pc.take()).toBe(0x24);
    pc.out8(0x20, 0x64);
    // Lowest 3: order 4 5 6 7 0 1 2 3.
    pc.out8(0x20, 0xc3);
    pulse(3, 1, 5);
    expect(pc.take()).toBe(0x25);
    pulse(4);
    expect(pc.take()).toBe(0x24);
  });

  it('ends by itself in automatic EOI mode, and rotates if told so', () => {
    initialise(3);
    pc.out8(0x20, 0x80);
    pulse(1, 3);
    expect(pc.take()).toBe(0x21);
    pulse(1, 6);
    expect(pc.take()).toBe(0x23);
    expect(pc.take()).toBe(0x26);
    expect(pc.take()).toBe(0x21);
    pc.out8(0x20, 0x0b);
    expect(pc.in8(0x20)).toBe(0);
  });

  it('enables all other inputs in special mask mode, and spares masked ones in a non-specific EOI', () => {
    pulse(3);
    expect(pc.take()).toBe(0x23);
    pulse(5);
    expect(pc.take()).toBe(-1);
    pc.out8(0x21, 0x08).out8(0x20, 0x68);
    expect(pc.take()).toBe(0x25);
    pc.out8(0x20, 0x20, 0x0b);
    expect(pc.in8(0x20)).toBe(0x08);
    pc.out8(0x20, 0x20);
    expect(pc.in8(0x20)).toBe(0x08);
    pc.out8(0x20, 0x48);
    pulse(6);
    expect(pc.take()).toBe(-1);
  });

  it('answers a poll as it answers INTA', () => {
    pulse(4, 10);
    pc.out8(0x20, 0x0c);
    expect(pc.in8(0x20)).toBe(0x82);
    pc.out8(0xa0, 0x0c);
    expect(pc.in8(0xa0)).toBe(0x82);
    pc.out8(0x20, 0x0b);
    expect(pc.in8(0x20)).toBe(0x04);
    pc.out8(0x20, 0x0c);
    expect(pc.in8(0x20)).toBe(0);
  });

  it('follows a level-triggered line, and answers IRQ 7 or 15 when it fell before INTA', () => {
    pc.out8(0x4d0, 0xff).out8(0x4d1, 0xff);
    expect(pc.in8(0x4d0)).toBe(0xf8);
    expect(pc.in8(0x4d1)).toBe(0xde);
    pc.line(5, true);
    expect(pc.take()).toBe(0x25);
    pc.out8(0x20, 0x20);
    expect(pc.take()).toBe(0x25);
    pc.line(5, false).out8(0x20, 0x20);
    expect(pc.take()).toBe(-1);
    expect(pc.acknowledge()).toBe(0x27);
    pc.out8(0x20, 0x0b);
    expect(pc.in8(0x20)).toBe(0);
    pc.line(10, true).line(10, false);
    expect(pc.acknowledge()).toBe(0x2f);
    expect(pc.in8(0x20)).toBe(4);
    pc.out8(0xa0, 0x0b);
    expect(pc.in8(0xa0)).toBe(0);
  });

  it('is reset by ICW1, after which an edge-triggered line has to rise anew', () => {
    pc.line(4, true).out8(0x21, 0xff).out8(0x20, 0xc3, 0x0b);
    initialise();
    expect(pc.in8(0x21)).toBe(0);
    expect(pc.in8(0x20)).toBe(0);
    expect(pc.take()).toBe(-1);
    pc.line(4, false).line(4, true);
    expect(pc.in8(0x20)).toBe(0x10);
    expect(pc.take()).toBe(0x24);
  });

  it('takes ICW2 alone in single mode without ICW4', () => {
    pc.out8(0x20, 0x12).out8(0x21, 0x43).out8(0x21, 0xef);
    expect(pc.in8(0x21)).toBe(0xef);
    pulse(4);
    expect(pc.take()).toBe(0x44);
  });
});
