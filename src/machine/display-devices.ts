/** Graphics devices that options ask for, but for the VGA (pc-display.ts): their memory, and their place on the board. */
import { BOCHS_MEMORY_BYTES, BochsDisplay } from '../hw/display/bochs-display.ts';
import { RAMFB_BYTES, RAMFB_FILE, Ramfb } from '../hw/display/ramfb.ts';
import type { FwCfg } from '../hw/firmware/fw-cfg.ts';
import type { PciBus } from '../hw/pci/pci-bus.ts';
import { VirtioGpu } from '../hw/virtio/virtio-gpu.ts';
import { DirtyLog } from '../memory/dirty-log.ts';
import { DISPLAY_REGISTERS, VM_DISPLAY_EVENTS } from '../memory/layout.gen.ts';
import type { SlotRequest } from '../memory/slots.ts';
import type { BoardDisplay, BoardEnv } from './board.ts';
import { type DevicePlan, isOn, parseSize } from './devices.ts';
import type { Wiring } from './wiring.ts';

/** The monitor of a device that is not told of another one: QEMU's. */
const MONITOR = { width: 1280, height: 800 };
/** QEMU's limit of a virtio-gpu's resources, bytes. */
const HOST_MEMORY = 256 << 20;

const bochsSlot = (number: number): string => `bochs-display${number || ''}`;
const bochsPlans = (plans: readonly DevicePlan[]): DevicePlan[] =>
  plans.filter(({ type }) => type === 'bochs-display');

/** Memory slots that the devices need beside the board's own. */
export function displaySlots(plans: readonly DevicePlan[]): SlotRequest[] {
  return bochsPlans(plans).map((_, number) => ({
    name: bochsSlot(number),
    kind: 'ram',
    guestBase: null,
    size: BOCHS_MEMORY_BYTES,
  }));
}

function monitorOf(plan: DevicePlan, env: Pick<BoardEnv, 'monitor'>): { width: number; height: number } {
  const { width, height } = env.monitor ?? MONITOR;
  const { properties } = plan;
  return { width: Number(properties['xres'] ?? width), height: Number(properties['yres'] ?? height) };
}

/** Puts a bochs-display on a PCI bus. */
export function attachBochsDisplay(
  plan: DevicePlan,
  env: Omit<BoardEnv, 'images'>,
  wiring: Wiring,
  bus: PciBus,
  devfn: number,
): BoardDisplay {
  const { vm } = env;
  const slot = wiring.slot(bochsSlot(bochsPlans(env.devices ?? []).indexOf(plan)));
  const dirty = new DirtyLog(vm, slot);
  const device = new BochsDisplay({
    memory: { linear: slot.linear, size: slot.size },
    slot: slot.name,
    changed: () => void Atomics.or(vm.i32, VM_DISPLAY_EVENTS >> 2, DISPLAY_REGISTERS),
    preferred: monitorOf(plan, env),
  });
  wiring.attachPci(bus, devfn, [], device);
  return { name: device.name, dirty, logged: true, scanout: () => device.scanout() };
}

/** Builds a virtio-gpu. @param displays gets its screens */
export function createGpu(
  plan: DevicePlan,
  env: Omit<BoardEnv, 'images'>,
  displays: BoardDisplay[],
): VirtioGpu {
  const { properties } = plan;
  const gpu = new VirtioGpu({
    log: env.log,
    preferred: monitorOf(plan, env),
    outputs: Number(properties['max_outputs'] ?? 1),
    hostMemory: properties['max_hostmem'] === undefined ? HOST_MEMORY : parseSize(properties['max_hostmem']),
    edid: properties['edid'] === undefined || isOn(plan, 'edid'),
    blob: isOn(plan, 'blob'),
    random: env.random,
    changed: () => env.screenChanged?.(),
  });
  gpu.outputs.forEach((_, output) => {
    displays.push({
      name: output === 0 ? gpu.name : `${gpu.name}.${output}`,
      dirty: { take: () => gpu.takeDamage(output) },
      logged: false,
      scanout: () => gpu.scanout(output),
      cursor: () => gpu.cursor(output),
      resize: (width, height) => gpu.resize(output, width, height),
    });
  });
  return gpu;
}

/** The ramfb that options ask for, with its file. @param displays gets its screen */
export function attachRamfb(
  env: Omit<BoardEnv, 'images'>,
  fwCfg: FwCfg,
  displays: BoardDisplay[],
): { reset(): void } | null {
  if (!env.devices?.some(({ type }) => type === 'ramfb')) return null;
  const { vm, memory, log } = env;
  const dirty = new DirtyLog(vm, null);
  const ramfb = new Ramfb({
    memory,
    log,
    watch: (linear, size) => {
      dirty.watch({ linear, size });
      vm.mapChanged();
      Atomics.or(vm.i32, VM_DISPLAY_EVENTS >> 2, DISPLAY_REGISTERS);
    },
  });
  const file = new Uint8Array(RAMFB_BYTES);
  fwCfg.addWritableFile(RAMFB_FILE, file, () => ramfb.written(file));
  displays.push({ name: 'ramfb', dirty, logged: true, scanout: () => ramfb.scanout() });
  return ramfb;
}
