/** Builds the types of virtio devices that options ask for; the boards put them behind a transport. */
import { Virtio9p } from '../hw/virtio/virtio-9p.ts';
import { VirtioBalloon } from '../hw/virtio/virtio-balloon.ts';
import { VirtioBlk } from '../hw/virtio/virtio-blk.ts';
import type { VirtioType } from '../hw/virtio/virtio.ts';
import { VmError } from '../core/errors.ts';
import type { PciBus } from '../hw/pci/pci-bus.ts';
import { Edu } from '../hw/misc/edu.ts';
import { VirtioRng } from '../hw/virtio/virtio-rng.ts';
import { VirtioConsole } from '../hw/virtio/virtio-console.ts';
import { VirtioKeyboard, VirtioMouse, VirtioMultitouch, VirtioTablet } from '../hw/virtio/virtio-input.ts';
import { VirtioPci } from '../hw/virtio/virtio-pci.ts';
import type { BoardDisplay, BoardDrive, BoardEnv, BoardInput } from './board.ts';
import { type DevicePlan, isOn } from './devices.ts';
import { attachBochsDisplay, createGpu } from './display-devices.ts';
import type { Wiring } from './wiring.ts';

/** What the host reaches of a board's virtio devices. */
export interface VirtioParts {
  drives: BoardDrive[];
  displays: BoardDisplay[];
  balloon: VirtioBalloon | null;
  serial: VirtioSerial | null;
  keyboard: VirtioKeyboard | null;
  tablet: VirtioTablet | null;
  mouse: VirtioMouse | null;
  multitouch: VirtioMultitouch | null;
  /** Devices behind PCI that firmware is to start from (`bootindex`), by their slots. */
  boot: { index: number; slot: number }[];
}

/** A `virtio-serial` with its ports. */
export interface VirtioSerial {
  console: VirtioConsole;
  /** Number of the port that has the machine's serial stream; null: none has. */
  shared: number | null;
  /** Numbers of those that have streams of their own (BoardEnv.ports), in order. */
  own: readonly number[];
}

export const noParts = (): VirtioParts => ({
  drives: [],
  displays: [],
  balloon: null,
  serial: null,
  keyboard: null,
  tablet: null,
  mouse: null,
  multitouch: null,
  boot: [],
});

/** fw_cfg's `bootorder` for firmware of a PC: Open Firmware's paths, the first one first; null: nobody asked for an order. */
export function bootOrder({ boot }: VirtioParts): Uint8Array | null {
  if (boot.length === 0) return null;
  const paths = [...boot]
    .sort((a, b) => a.index - b.index)
    .map(({ slot }) => `/pci@i0cf8/scsi@${slot.toString(16)}/disk@0,0`);
  return new TextEncoder().encode(`${paths.join('\n')}\0`);
}

/** Puts the devices for PCI on a bus: where their `addr` says, else in the first free slot from `first` on. */
export function attachPciDevices(
  env: Omit<BoardEnv, 'images'>,
  wiring: Wiring,
  bus: PciBus,
  first: number,
  parts: VirtioParts,
): void {
  // The VGA has its own place (pc-display.ts), and ramfb none.
  const plans = (env.devices ?? []).filter(
    ({ type, transport }) => transport === 'pci' && type !== 'virtio-vga' && type !== 'ramfb',
  );
  // Those that say where they go come first, so that the others find what is left.
  plans.sort(
    (a, b) => Number(a.properties['addr'] === undefined) - Number(b.properties['addr'] === undefined),
  );
  for (const plan of plans) {
    const bad = (what: string): VmError => new VmError('bad-config', `-device ${plan.type}: ${what}`);
    const [slot, fn = 0] = (plan.properties['addr'] ?? '')
      .split('.')
      .map((part) => Number.parseInt(part, 16));
    const place = Number.isNaN(slot) ? bus.freeSlot(first) : slot;
    if (place === null) throw bad('all slots of the PCI bus are taken.');
    const devfn = place * 8 + fn;
    if (place > 31 || fn > 0 || bus.at(devfn)) throw bad(`addr=${plan.properties['addr']} is not free.`);
    if (plan.type === 'bochs-display') {
      parts.displays.push(attachBochsDisplay(plan, env, wiring, bus, devfn));
      continue;
    }
    if (plan.type === 'edu') {
      attachEdu(plan, env, wiring, bus, devfn);
      continue;
    }
    const type = createVirtio(plan, env, parts);
    const bootIndex = plan.properties['bootindex'];
    if (bootIndex !== undefined) parts.boot.push({ index: Number(bootIndex), slot: place });
    const { memory, log, later } = env;
    wiring.attachPci(
      bus,
      devfn,
      [],
      new VirtioPci({
        type,
        memory,
        log,
        later,
        packed: isOn(plan, 'packed'),
        messages: bus.message !== null,
      }),
    );
  }
}

function attachEdu(
  { properties }: DevicePlan,
  { memory, clock, timers, log }: Omit<BoardEnv, 'images'>,
  wiring: Wiring,
  bus: PciBus,
  devfn: number,
): void {
  const mask = properties['dma_mask'];
  wiring.attachPci(
    bus,
    devfn,
    [],
    new Edu({
      ...{ memory, clock, timers, log, messages: bus.message !== null },
      ...(mask !== undefined && { dmaMask: BigInt(mask) }),
    }),
  );
}

/** Builds a device. @param parts is given what the host reaches of it */
export function createVirtio(
  plan: DevicePlan,
  env: Omit<BoardEnv, 'images'>,
  parts: VirtioParts,
): VirtioType {
  switch (plan.type) {
    case 'bochs-display':
    case 'edu':
    case 'virtio-vga':
    case 'ramfb':
      throw new RangeError(`${plan.type} is no virtio device`);
    case 'virtio-blk':
      return createDisk(plan, env, parts);
    case 'virtio-serial':
      return createSerial(plan, env, parts);
    case 'virtio-9p': {
      const tag = plan.properties['mount_tag'];
      const { tree } = env.folders!.find((folder) => folder.tag === tag)!;
      return new Virtio9p({ tree, tag, log: env.log, now: () => env.wallClock.now() });
    }
    case 'virtio-gpu':
      return createGpu(plan, env, parts.displays);
    case 'virtio-keyboard':
      parts.keyboard = new VirtioKeyboard({ leds: env.leds });
      return parts.keyboard;
    case 'virtio-tablet':
      parts.tablet = new VirtioTablet();
      return parts.tablet;
    case 'virtio-mouse':
      parts.mouse = new VirtioMouse();
      return parts.mouse;
    case 'virtio-multitouch':
      parts.multitouch = new VirtioMultitouch();
      return parts.multitouch;
    case 'virtio-rng':
      return new VirtioRng({ random: env.random });
    case 'virtio-balloon': {
      const reporting = isOn(plan, 'free-page-reporting');
      parts.balloon = new VirtioBalloon({ reporting, deflateOnOom: isOn(plan, 'deflate-on-oom') });
      return parts.balloon;
    }
  }
}

/** Keys and pointer go to the virtio devices whose drivers run, else to the board's own (`others`; null: it has none). */
export function virtioInput(parts: VirtioParts, others: BoardInput | null): BoardInput {
  const keyboard = (): BoardInput['keyboard'] | null => {
    return parts.keyboard?.running ? parts.keyboard : (others?.keyboard ?? null);
  };
  const running = <D extends { running: boolean }>(device: D | null): D | null =>
    device?.running ? device : null;
  const tablet = (): VirtioTablet | null => running(parts.tablet);
  return {
    keyboard: {
      key: (code, down) => keyboard()?.key(code, down) ?? false,
      releaseAll: () => keyboard()?.releaseAll(),
      get idle() {
        return keyboard()?.idle ?? true;
      },
    },
    pointer: (event) => (tablet() ?? running(parts.mouse) ?? others)?.pointer(event),
    get absolute() {
      return tablet() !== null || (!running(parts.mouse) && (others?.absolute ?? false));
    },
    touch: (fingers) => running(parts.multitouch)?.touch(fingers),
    get multitouch() {
      return running(parts.multitouch) !== null;
    },
  };
}

function createSerial(plan: DevicePlan, env: Omit<BoardEnv, 'images'>, parts: VirtioParts): VirtioConsole {
  const plans = plan.ports ?? [];
  const own = plans.flatMap((port, number) => (port && !port.shared ? [number] : []));
  const console = new VirtioConsole({
    log: env.log,
    ports: plans.map((port, number) => {
      const end = env.ports?.[own.indexOf(number)];
      const stream = port?.shared ? env.serial : end;
      if (!port || !stream) return null;
      const backend = {
        output: (bytes: Uint8Array): void => bytes.forEach((byte) => stream.transmit(byte)),
        take: () => stream.take(),
        opened: (open: boolean): void => end?.opened?.(open),
      };
      return { console: port.console, name: port.name, backend };
    }),
  });
  const shared = plans.findIndex((port) => port?.shared);
  parts.serial = { console, shared: shared < 0 ? null : shared, own };
  return console;
}

/** Bytes for the machine's serial stream have come: they go to its console if the guest listens there, else to the UART. */
export function serialInput({ serial }: VirtioParts, uart: { inputReady(): void }): void {
  if (serial && serial.shared !== null && serial.console.isOpen(serial.shared))
    serial.console.inputReady(serial.shared);
  else uart.inputReady();
}

function createDisk(plan: DevicePlan, env: Omit<BoardEnv, 'images'>, { drives }: VirtioParts): VirtioBlk {
  const { properties } = plan;
  const number = (key: string): number | undefined =>
    properties[key] === undefined ? undefined : Number(properties[key]);
  const { name, node, geometry } = env.drives.find((drive) => drive.name === plan.drive)!;
  const [queues, queueSize] = [number('num-queues'), number('queue-size')];
  const disk = new VirtioBlk({
    node: node!,
    geometry,
    log: env.log,
    ...(properties['serial'] !== undefined && { serial: properties['serial'] }),
    ...(queues !== undefined && { queues }),
    ...(queueSize !== undefined && { queueSize }),
    ...(env.later && { later: env.later }),
  });
  drives.push({
    name,
    media: 'disk',
    locked: false,
    get size() {
      return node!.size;
    },
    async resize(size) {
      const result = await node!.resize(size);
      if (result.ok) disk.resized();
      return result;
    },
  });
  return disk;
}
