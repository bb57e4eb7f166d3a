/** Steps of src/hw/input/fixtures/vmport.json: accesses to VMware's backdoor, and what a person did between them. */
import type { PointerInput } from '../../src/core/vm-api.ts';

export interface VmPortStep {
  /** EAX, EBX, ECX, EDX, ESI, EDI before and after. */
  registers: number[];
  answer: number[];
  /** OUT instead of IN. */
  out?: boolean;
}

export interface PointerStep {
  pointer: {
    x?: number;
    y?: number;
    dx?: number;
    dy?: number;
    down?: string[];
    up?: string[];
    wheel?: number;
  };
}

/** Bits of PointerInput.buttons. */
const BUTTONS: Record<string, number> = { left: 1, right: 2, middle: 4 };

/**
 * What the page tells the machine for such a step. QEMU makes two events of a notch of the wheel: the notch, and then what is so after it.
 * @param held buttons before
 */
export function pointerEvents(
  { pointer: { x, y, dx, dy, down = [], up = [], wheel } }: PointerStep,
  held: number,
): { events: PointerInput[]; down: number } {
  let buttons = held;
  for (const name of down) buttons |= BUTTONS[name];
  for (const name of up) buttons &= ~BUTTONS[name];
  const place = x === undefined || y === undefined ? { dx, dy } : { x: x / 0x7fff, y: y / 0x7fff };
  const after = { ...place, buttons } as PointerInput;
  return { events: wheel === undefined ? [after] : [{ ...after, wheel }, after], down: buttons };
}
