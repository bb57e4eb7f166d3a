import { describe, expect, it } from 'vitest';
import type { PageRun } from '../core/scanout.ts';
import {
  COMM_REQUEST,
  COMM_RUN_STATE,
  DISPLAY_HARVESTED,
  DISPLAY_REGISTERS,
  REQUEST_HARVEST,
  RUN_STATE_RUNNING,
  VM_DISPLAY_EVENTS,
} from '../memory/layout.gen.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import type { BoardDisplay } from './board.ts';
import { DisplayHub } from './display-hub.ts';
import { MachineScreen } from './screen.ts';
import type { Session } from './session.ts';

/** A machine with a card whose log the vCPU keeps, and one that says by itself what changed. */
function machine() {
  const memory = new VmMemory({
    vcpus: 1,
    slots: [{ name: 'ram', kind: 'ram', guestBase: 0, size: 0x10000 }],
    icount: null,
  });
  const taken: Record<string, PageRun[]> = { card: [{ first: 1, count: 1 }], gpu: [{ first: 2, count: 2 }] };
  const sizes: string[] = [];
  const display = (name: string, logged: boolean): BoardDisplay => ({
    name,
    logged,
    dirty: { take: () => taken[name] },
    scanout: () => ({ kind: 'blank', width: logged ? 640 : 800, height: 480 }),
    ...(!logged && {
      resize: (width: number, height: number) => void sizes.push(`${width}x${height}`),
      cursor: () => ({ x: 1, y: 2, width: 0, height: 0, pixels: new Uint8ClampedArray() }),
    }),
  });
  const displays = [display('card', true), display('gpu', false)];
  const screen = new MachineScreen();
  const displayHub = new DisplayHub(memory, displays[0], () => screen.changed());
  const session = { memory, displayHub, board: { displays } } as unknown as Session;
  return { memory, screen, session, sizes, hub: displayHub };
}

describe('a machine with two screens', () => {
  it('shows the first, and the other one when it is chosen, also after a restart', () => {
    const { screen, session } = machine();
    expect([screen.consoles, screen.console]).toEqual([[], 0]);
    screen.connect(session);
    expect([screen.consoles, screen.scanout().width, screen.cursor()]).toEqual([['card', 'gpu'], 640, null]);
    let changes = 0;
    screen.onChange(() => changes++);
    void screen.frame();
    screen.console = 1;
    expect([screen.scanout().width, changes, screen.cursor()?.x]).toEqual([800, 1, 1]);
    screen.connect(null);
    screen.connect(machine().session);
    expect(screen.scanout().width).toBe(800);
    screen.console = 7;
    expect(screen.console).toBe(1);
    screen.console = -1;
    expect(screen.console).toBe(1);
  });

  it('asks the vCPU for its log where it keeps one, and nobody where it does not', async () => {
    const { memory, screen, session, hub } = machine();
    screen.connect(session);
    // As it is while the vCPU runs.
    memory.store(memory.vcpu(0) + COMM_RUN_STATE, RUN_STATE_RUNNING);
    const asked = () => memory.load(memory.vcpu(0) + COMM_REQUEST) & REQUEST_HARVEST;
    const card = screen.frame();
    expect(asked()).toBe(REQUEST_HARVEST);
    memory.withdrawAll(REQUEST_HARVEST);
    Atomics.or(memory.i32, VM_DISPLAY_EVENTS >> 2, DISPLAY_HARVESTED);
    hub.look();
    expect(await card).toEqual([{ first: 1, count: 1 }]);
    screen.console = 1;
    expect(await screen.frame()).toEqual([{ first: 2, count: 2 }]);
    expect(asked()).toBe(0);
    let changes = 0;
    screen.onChange(() => changes++);
    Atomics.or(memory.i32, VM_DISPLAY_EVENTS >> 2, DISPLAY_REGISTERS);
    hub.look();
    expect(changes).toBe(1);
  });

  it('tells the guest the size that is wished, if a monitor could have it', () => {
    const { screen, session, sizes } = machine();
    screen.connect(session);
    screen.resize(800, 600);
    expect(sizes).toEqual([]);
    screen.console = 1;
    expect(sizes).toEqual(['800x600']);
    for (const [width, height] of [
      [0, 600],
      [5000, 600],
      [800.5, 600],
      [Number.NaN, 600],
    ])
      screen.resize(width, height);
    expect(sizes).toEqual(['800x600']);
    screen.resize(1024, 768);
    expect(sizes.at(-1)).toBe('1024x768');
  });
});
