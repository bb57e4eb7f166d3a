import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PointerInput, TouchInput, Vm } from '../core/vm-api.ts';
import { MachineInput, type TouchMode } from './machine-input.ts';

const PICTURE = { width: 400, height: 200 };

beforeAll(() => vi.stubGlobal('WheelEvent', class {}));

/** A picture of 400 by 200 CSS pixels, of a guest with a tablet or a touch screen. */
function touching(mode: TouchMode, has: { absolute?: boolean; multitouch?: boolean }) {
  const told: PointerInput[] = [];
  const touches: (readonly TouchInput[])[] = [];
  const input = {
    absolute: false,
    multitouch: false,
    ...has,
    pointer: (event: PointerInput) => told.push(event),
    touch: (fingers: readonly TouchInput[]) => touches.push(fingers),
  };
  const machine = new MachineInput(
    () => ({ input }) as unknown as Vm,
    { leave() {}, paste() {} },
    { before: () => false, pasted() {} },
  );
  machine.touchMode = mode;
  const element = {
    getBoundingClientRect: () => PICTURE,
    getRootNode: () => ({ pointerLockElement: null }),
  };
  const finger = (type: string, x: number, y: number, pointerId = 1, timeStamp = 0): void => {
    const event = { pointerType: 'touch', type: `pointer${type}`, pointerId, timeStamp, buttons: 1 };
    machine.pointer({ ...event, clientX: x, clientY: y, currentTarget: element } as unknown as PointerEvent, {
      x,
      y,
      ...PICTURE,
    });
  };
  return { told, touches, finger };
}

describe('fingers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are where an absolute pointer is, unless they shall be a trackpad', () => {
    const { told, finger } = touching('auto', { absolute: true });
    finger('down', 399, 0);
    finger('up', 399, 0);
    expect(told.at(-1)).toEqual({ x: 1, y: 0, buttons: 1 });
    vi.advanceTimersByTime(200);
    expect(told.at(-1)).toEqual({ x: 1, y: 0, buttons: 0 });
  });

  it('press a button for as long as a hand would, but not while the next tap begins', () => {
    const { told, finger } = touching('auto', { absolute: true });
    finger('down', 0, 0);
    finger('up', 0, 0);
    vi.advanceTimersByTime(40);
    expect(told.at(-1)).toEqual({ x: 0, y: 0, buttons: 1 });
    finger('down', 399, 199);
    expect(told.slice(-2)).toEqual([
      { x: 0, y: 0, buttons: 0 },
      { x: 1, y: 1, buttons: 0 },
    ]);
    finger('up', 399, 199);
    vi.advanceTimersByTime(1000);
    expect(told.slice(4)).toEqual([
      { x: 1, y: 1, buttons: 1 },
      { x: 1, y: 1, buttons: 0 },
    ]);
  });

  it('move an absolute pointer from where it is on a trackpad, and click there', () => {
    const { told, finger } = touching('trackpad', { absolute: true });
    finger('down', 10, 10);
    finger('move', 110, 60);
    finger('up', 110, 60, 1, 1000);
    expect(told).toEqual([{ x: 0.75, y: 0.75, buttons: 0 }]);
    finger('down', 10, 10);
    finger('up', 10, 10);
    vi.advanceTimersByTime(200);
    expect(told.slice(1)).toEqual([
      { x: 0.75, y: 0.75, buttons: 1 },
      { x: 0.75, y: 0.75, buttons: 0 },
    ]);
    finger('down', 0, 0);
    finger('move', 4000, -4000);
    expect(told.at(-1)).toEqual({ x: 1, y: 0, buttons: 0 });
  });

  it('turn the wheel by twos on a trackpad', () => {
    const { told, finger } = touching('trackpad', { absolute: true });
    finger('down', 10, 100, 1);
    finger('down', 50, 100, 2);
    finger('move', 10, 70, 1);
    finger('move', 50, 70, 2);
    expect(told).toEqual([{ x: 0.5, y: 0.5, wheel: 1, buttons: 0 }]);
  });

  it('go to the guest’s touch screen, unless they shall be a trackpad', () => {
    const screen = touching('auto', { absolute: true, multitouch: true });
    screen.finger('down', 0, 199);
    screen.finger('up', 0, 199);
    expect(screen.touches).toEqual([[{ id: 1, x: 0, y: 1 }], []]);
    const pad = touching('trackpad', { multitouch: true });
    pad.finger('down', 0, 0);
    pad.finger('move', 5, 7);
    expect(pad.touches).toEqual([]);
    expect(pad.told).toEqual([{ dx: 5, dy: 7, buttons: 0 }]);
  });
});

/** A machine's keyboard: what goes down (`+`) and up (`-`), and what is typed. */
function keyboard(platform = 'Linux x86_64') {
  vi.stubGlobal('navigator', { platform });
  const told: string[] = [];
  let light = (_: number): void => {};
  const key = (code: string, down: boolean): boolean => told.push(`${down ? '+' : '-'}${code}`) > 0;
  const input = {
    key,
    press: (codes: readonly string[]) => told.push(`press ${codes.join(' ')}`),
    releaseKeys: () => told.push('release'),
    type: (text: string, layout: string) => told.push(`type ${text} ${layout}`),
    onLeds: (listener: (lit: number) => void) => {
      light = listener;
      return () => {};
    },
  };
  const vm = { input } as unknown as Vm;
  const machine = new MachineInput(
    () => vm,
    { leave() {}, paste() {} },
    { before: () => false, pasted() {} },
  );
  machine.attach(vm);
  const press = (
    code: string,
    down: boolean,
    more: Partial<KeyboardEvent> & { caps?: boolean } = {},
  ): boolean =>
    machine.key(code, down, {
      key: '',
      repeat: false,
      ctrlKey: false,
      altKey: false,
      metaKey: false,
      shiftKey: false,
      timeStamp: 0,
      ...more,
      getModifierState: () => more.caps ?? false,
    } as unknown as KeyboardEvent);
  return { machine, told, press, light: (lit: number) => light(lit) };
}

describe('keys', () => {
  it('go down and up by their place; repeats are the guest’s own', () => {
    const { told, press } = keyboard();
    expect(press('KeyA', true, { key: 'q' })).toBe(true);
    expect(press('KeyA', true, { key: 'q', repeat: true })).toBe(true);
    press('KeyA', false, { key: 'q' });
    expect(told).toEqual(['+KeyA', '-KeyA']);
  });

  it('of AltGr on Windows come without the Control that nobody pressed', () => {
    const { told, press } = keyboard('Win32');
    press('ControlLeft', true, { key: 'Control', timeStamp: 100 });
    press('AltRight', true, { key: 'AltGraph', timeStamp: 100, ctrlKey: true });
    expect(told).toEqual(['+ControlLeft', '-ControlLeft', '+AltRight']);
  });

  it('that have no place are typed, by the guest’s layout', () => {
    const { machine, told, press } = keyboard();
    machine.layout = 'fr';
    expect(press('', true, { key: 'é' })).toBe(true);
    expect(press('', false, { key: 'é' })).toBe(true);
    expect(press('Unidentified', true, { key: 'Unidentified' })).toBe(false);
    expect(press('', true, { key: 'c', ctrlKey: true })).toBe(false);
    expect(told).toEqual(['type é fr']);
  });

  it('on a Mac: Caps Lock is pressed whenever it changes, and what is pressed with Command is let go', () => {
    const { told, press } = keyboard('MacIntel');
    press('CapsLock', true);
    press('CapsLock', false);
    expect(told.splice(0)).toEqual(['press CapsLock', 'press CapsLock']);
    press('MetaLeft', true, { metaKey: true });
    press('KeyC', true, { key: 'c', metaKey: true });
    press('MetaLeft', false);
    expect(told).toEqual(['+MetaLeft', '+KeyC', '-KeyC', '-MetaLeft']);
  });

  it('bring Caps Lock along that was pressed elsewhere, once, of a guest that has lamps', () => {
    const { machine, told, press, light } = keyboard();
    press('KeyA', true, { caps: true });
    expect(told.splice(0)).toEqual(['+KeyA']);
    light(0);
    machine.blur();
    press('KeyB', true, { caps: true });
    press('KeyC', true, { caps: true });
    expect(told.splice(0)).toEqual(['release', 'press CapsLock', '+KeyB', '+KeyC']);
    light(4);
    machine.blur();
    press('KeyD', true, { caps: true });
    expect(told).toEqual(['release', '+KeyD']);
  });
});
