import { describe, expect, it } from 'vitest';
import type { MemoryPiece, PageRun, Scanout } from '../core/scanout.ts';
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
  let shown: Scanout = { kind: 'blank', width: 800, height: 480 };
  const taken: Record<string, PageRun[]> = { card: [{ first: 1, count: 1 }], gpu: [{ first: 2, count: 2 }] };
  const sizes: string[] = [];
  const display = (name: string, logged: boolean): BoardDisplay => ({
    name,
    logged,
    dirty: { take: () => taken[name] },
    scanout: () => (logged ? { kind: 'blank', width: 640, height: 480 } : shown),
    ...(!logged && {
      resize: (width: number, height: number) => void sizes.push(`${width}x${height}`),
      cursor: () => ({ x: 1, y: 2, width: 0, height: 0, pixels: new Uint8ClampedArray() }),
    }),
  });
  const displays = [display('card', true), display('gpu', false)];
  const screen = new MachineScreen();
  const displayHub = new DisplayHub(memory, displays[0], () => screen.changed());
  const session = { memory, displayHub, board: { displays } } as unknown as Session;
  const show = (scanout: Scanout) => void (shown = scanout);
  return { memory, screen, session, sizes, hub: displayHub, show };
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

  it('keeps the last picture over the end, but for one whose memory is larger than any host’s', () => {
    const { screen, session, show } = machine();
    const picture = (size: number, pieces?: MemoryPiece[]): Scanout => ({
      ...{ kind: 'graphics', width: 64, height: 2, memory: { linear: 0, size, pieces }, wrap: 4096 },
      ...{ format: 'rgb32', lines: Uint32Array.of(0, 256), doubling: 0, panning: new Uint8Array(2) },
      ...{ planes: 0, palette: new Uint32Array(256) },
    });
    screen.console = 1;
    screen.connect(session);
    show(picture(512));
    screen.connect(null);
    expect([screen.scanout().kind, screen.memory?.length]).toEqual(['graphics', 512]);
    screen.connect(session);
    // As a blob shows that has the same piece of RAM again and again.
    show(picture(2 ** 43, [{ linear: 0, length: 0x10000 }]));
    screen.connect(null);
    expect([screen.scanout(), screen.memory?.length]).toEqual([{ kind: 'blank', width: 64, height: 2 }, 0]);
  });

  it('tells the guest the size that is wished, or the nearest that a monitor has', () => {
    const { screen, session, sizes } = machine();
    screen.connect(session);
    screen.resize(800, 600);
    expect(sizes).toEqual([]);
    screen.console = 1;
    expect(sizes).toEqual(['800x600']);
    for (const [width, height] of [
      [800.5, 600],
      [Number.NaN, 600],
    ])
      screen.resize(width, height);
    expect(sizes).toEqual(['800x600']);
    screen.resize(1024, 768);
    screen.resize(5120, 2880);
    screen.resize(0, -5);
    screen.resize(3840, 5000);
    expect(sizes.slice(1)).toEqual(['1024x768', '4095x2880', '64x64', '3840x4095']);
  });
});
