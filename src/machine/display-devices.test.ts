import { expect, it } from 'vitest';
import { driveGpu } from '../../tests/support/gpu-driver.ts';
import { Log } from '../core/log.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import type { BoardDisplay, BoardEnv } from './board.ts';
import { createGpu } from './display-devices.ts';
import { DisplayHub } from './display-hub.ts';
import { MachineScreen } from './screen.ts';
import type { Session } from './session.ts';

// Numbers of VIRTIO 1.2, section 5.7.6.7.
const CREATE_2D = 0x101;
const SET_SCANOUT = 0x103;
const TRANSFER = 0x105;
const ATTACH = 0x106;
const UPDATE_CURSOR = 0x300;
const MOVE_CURSOR = 0x301;
const BGRA = 1;
const PIXELS = 0x100000;

/** A machine's screen on the virtio-gpu that an option makes. */
function machine(properties: Record<string, string>) {
  const memory = new VmMemory({
    vcpus: 1,
    slots: [{ name: 'ram', kind: 'ram', guestBase: 0, size: 0x10000 }],
    icount: null,
  });
  const screen = new MachineScreen();
  const displays: BoardDisplay[] = [];
  const env = { log: new Log(), random() {}, screenChanged: () => screen.changed() };
  const plan = { type: 'virtio-gpu', transport: 'pci', drive: null, properties } as const;
  const gpu = createGpu(plan, env as unknown as BoardEnv, displays);
  const displayHub = new DisplayHub(memory, displays[0], () => screen.changed());
  screen.connect({ memory, displayHub, board: { displays } } as unknown as Session);
  return { screen, driver: driveGpu(gpu) };
}

it('The pointer that a guest’s driver gives a scan-out is on the machine’s screen of it, and moves there', async () => {
  const { screen, driver } = machine({ max_outputs: '2' });
  const { send, sendCursor } = driver;
  driver.view.setUint32(PIXELS + 4, 0xff_112233, true);
  send(CREATE_2D, [1, BGRA, 64, 64]);
  send(ATTACH, [1, 1, BigInt(PIXELS), 64 * 64 * 4, 0]);
  send(TRANSFER, [0, 0, 64, 64, 0n, 1, 0]);
  send(SET_SCANOUT, [0, 0, 64, 64, 0, 1]);
  send(SET_SCANOUT, [0, 0, 64, 64, 1, 1]);
  await screen.frame();
  let changes = 0;
  screen.onChange(() => changes++);

  sendCursor(UPDATE_CURSOR, [1, 20, 30, 0, 1, 0, 0, 0]);
  expect([screen.cursor(), changes]).toEqual([null, 1]);
  screen.console = 1;
  expect(screen.cursor()).toMatchObject({ x: 20, y: 30, width: 64, height: 64 });
  expect([...screen.cursor()!.pixels.subarray(4, 8)]).toEqual([0x11, 0x22, 0x33, 0xff]);

  await screen.frame();
  sendCursor(MOVE_CURSOR, [1, 40, 50, 0, 1, 0, 0, 0]);
  expect([screen.cursor()?.x, screen.cursor()?.y, changes]).toEqual([40, 50, 2]);
  sendCursor(MOVE_CURSOR, [1, 40, 50, 0, 0, 0, 0, 0]);
  expect(screen.cursor()).toBeNull();
});
