/** Where `virt` has virtio devices: its virtio-mmio slots, and PCI. */
import { VmError } from '../core/errors.ts';
import { EcamHost, EcamRoot } from '../hw/pci/ecam-host.ts';
import { PciBus } from '../hw/pci/pci-bus.ts';
import { INTERRUPT_ACK, VirtioMmio } from '../hw/virtio/virtio-mmio.ts';
import { VirtioMmioSlot } from '../hw/virtio/virtio-mmio-slot.ts';
import { pciConfigPlace } from '../memory/pci-config.ts';
import type { BoardEnv } from './board.ts';
import { type DevicePlan, isOn } from './devices.ts';
import { VIRT_IRQ, VIRT_MAP } from './virt-map.ts';
import { attachPciDevices, createVirtio, type VirtioParts } from './virtio-devices.ts';
import type { Wiring } from './wiring.ts';

/** Gives each device its slot: the one its bus names, else the highest that is free, as in QEMU. */
function placeDevices(plans: readonly DevicePlan[]): Map<number, DevicePlan> {
  const slots = new Map<number, DevicePlan>();
  const { count } = VIRT_MAP.virtio;
  const named = (plan: DevicePlan): number | null =>
    plan.properties['bus'] === undefined ? null : Number(plan.properties['bus'].at(-1));
  for (const plan of plans) {
    const slot = named(plan);
    if (slot === null) continue;
    if (slots.has(slot))
      throw new VmError(
        'bad-config',
        `-device ${plan.type}: there is a device at virtio-mmio-bus.${slot} already.`,
      );
    slots.set(slot, plan);
  }
  for (const plan of plans.filter((one) => named(one) === null)) {
    let slot = count - 1;
    while (slots.has(slot)) slot--;
    if (slot < 0)
      throw new VmError('bad-config', `-device ${plan.type}: all ${count} virtio-mmio slots are taken.`);
    slots.set(slot, plan);
  }
  return slots;
}

/** Attaches devices and empty slots. */
export function attachVirtioMmio(env: Omit<BoardEnv, 'images'>, wiring: Wiring, parts: VirtioParts): void {
  const { memory, log, later } = env;
  const slots = placeDevices(
    (env.devices ?? []).filter(({ type, transport }) => transport === 'mmio' && type !== 'ramfb'),
  );
  for (let slot = 0; slot < VIRT_MAP.virtio.count; slot++) {
    const base = VIRT_MAP.virtio.base + slot * VIRT_MAP.virtio.stride;
    const plan = slots.get(slot);
    if (!plan) {
      wiring.attach([base], (shadow) => new VirtioMmioSlot({ shadow, log }));
      continue;
    }
    wiring.attachLatched(base, VIRT_IRQ.virtio + slot, INTERRUPT_ACK, (shadow, latch) => {
      return new VirtioMmio({
        type: createVirtio(plan, env, parts),
        memory,
        shadow,
        latch,
        log,
        packed: isOn(plan, 'packed'),
        later,
      });
    });
  }
}

const PCI_LINES = 4;

/** Attaches the PCI host with its devices. There is no controller for messages: interrupts are lines. */
export function attachPciHost(env: Omit<BoardEnv, 'images'>, wiring: Wiring, parts: VirtioParts): void {
  const lines = Array.from({ length: PCI_LINES }, (_, line) => wiring.irq(VIRT_IRQ.pci + line));
  const bus = new PciBus({
    swizzle: (slot, pin) => (slot + pin) % PCI_LINES,
    route: (line, level) => lines[line].set(level),
    place: (devfn) => pciConfigPlace(env.vm, devfn),
  });
  const { base, size } = VIRT_MAP.pci;
  wiring.attach([base], () => new EcamHost({ bus, size }));
  wiring.attachPci(bus, 0, [], new EcamRoot());
  attachPciDevices(env, wiring, bus, 1, parts);
}
