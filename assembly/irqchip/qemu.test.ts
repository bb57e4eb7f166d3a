/** The chips against QEMU's, access by access at the same times: tests/fixtures/qemu.txt, recorded by scripts/gen-irqchip-fixtures.mjs. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Chips, loadChips } from './tests/module.ts';

/** From the RDTSC to the access, in instructions. */
const ACCESS_AFTER = 4n;
/** From the interrupt to the RDTSC of its handler. */
const HANDLER_AFTER = 6n;
/** QEMU's PIT begins a count at the write, ours at the last tick of the clock; and its interrupt comes a tick after the output. */
const TIMER_NS = 2n * 839n;
const PM_TICKS = 1;
/** QEMU's port 0x61 toggles the refresh bit with every read. */
const REFRESH = 0x10;

interface Step {
  operation: string;
  operands: number[];
  at: bigint;
  answer: number | null;
  text: string;
}

function parse(): Map<string, Step[]> {
  const scenarios = new Map<string, Step[]>();
  let steps: Step[] = [];
  for (const text of readFileSync(new URL('./tests/fixtures/qemu.txt', import.meta.url), 'utf8').split(
    '\n',
  )) {
    if (text.startsWith('[')) scenarios.set(text.slice(1, -1), (steps = []));
    else if (text && !text.startsWith('#')) {
      const words = text.split(' ');
      const answer = words.pop()!;
      const at = BigInt(words.pop()!.slice(1));
      const [operation, ...operands] = words;
      steps.push({
        operation: operation!,
        operands: operands.map((word) => Number.parseInt(word, 16)),
        at,
        answer: answer === '-' ? null : Number.parseInt(answer, 16),
        text,
      });
    }
  }
  return scenarios;
}

/** What differs in a step, or null. */
function compare(pc: Chips, { operation, operands: [a = 0, b = 0], at, answer }: Step): string | null {
  if (operation === 'halt') {
    pc.at(pc.now);
    const deadline = pc.deadline();
    const due = at - HANDLER_AFTER;
    const late = deadline < due ? due - deadline : deadline - due;
    if (pc.take() >= 0) return 'an interrupt that did not wait';
    if (late > TIMER_NS) return `due at ${deadline} instead of ${due}`;
    const vector = pc.at(deadline).take();
    if (vector !== answer) return `vector ${vector.toString(16)}`;
    pc.at(at);
    return null;
  }
  pc.at(at + ACCESS_AFTER);
  const differs = (value: number) => (value >>> 0 === answer ? null : (value >>> 0).toString(16));
  switch (operation) {
    case 'out':
      pc.out8(a, b);
      return null;
    case 'write':
      pc.write(a, b);
      return null;
    case 'line':
      pc.line(a, b !== 0);
      return null;
    case 'in':
      return a === 0x61 && (pc.in8(a) | REFRESH) === (answer! | REFRESH) ? null : differs(pc.in8(a));
    case 'read':
      return differs(pc.read(a));
    case 'take':
      return differs(pc.take());
    case 'count': {
      const value = pc.out8(0x43, b).in8(a) | (pc.in8(a) << 8);
      const off = (value - answer!) & 0xffff;
      return off <= 2 || off >= 0xfffe ? null : value.toString(16);
    }
    case 'in32': {
      const off = (pc.in32(a) - answer!) & 0xffffff;
      return off <= PM_TICKS || off >= 0x1000000 - PM_TICKS ? null : pc.in32(a).toString(16);
    }
    case 'out32':
    case 'wait':
      return null;
    default:
      throw new Error(`unknown operation ${operation}`);
  }
}

const makeChips = await loadChips();

describe("QEMU's chips", () => {
  for (const [name, steps] of parse()) {
    it(`${name}: ${steps.length} operations`, () => {
      const pc = makeChips();
      const found: string[] = [];
      steps.forEach((step, i) => {
        const difference = compare(pc, step);
        if (difference !== null) found.push(`${i}: ${step.text}: ${difference}`);
      });
      expect(found.slice(0, 10), `${found.length} differences`).toEqual([]);
    });
  }
});
