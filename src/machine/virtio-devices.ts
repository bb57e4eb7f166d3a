/** Builds the types of virtio devices that options ask for; the boards put them behind a transport. */
import { VirtioBlk } from '../hw/virtio/virtio-blk.ts';
import type { VirtioType } from '../hw/virtio/virtio.ts';
import { VmError } from '../core/errors.ts';
import type { PciBus } from '../hw/pci/pci-bus.ts';
import { VirtioPci } from '../hw/virtio/virtio-pci.ts';
import type { BoardDrive, BoardEnv } from './board.ts';
import type { DevicePlan } from './devices.ts';
import type { Wiring } from './wiring.ts';

/** Puts the devices for PCI on a bus: where their `addr` says, else in the first free slot from `first` on. Returns the drives. */
export function attachVirtioPci(
  env: Omit<BoardEnv, 'images'>,
  wiring: Wiring,
  bus: PciBus,
  first: number,
): BoardDrive[] {
  const drives: BoardDrive[] = [];
  const plans = (env.devices ?? []).filter(({ transport }) => transport === 'pci');
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
    const type = createVirtio(plan, env, drives);
    const { memory, log } = env;
    wiring.attachPci(bus, devfn, [], new VirtioPci({ type, memory, log, messages: bus.message !== null }));
  }
  return drives;
}

/** Builds a device. @param drives is given the drive in it */
export function createVirtio(
  plan: DevicePlan,
  env: Omit<BoardEnv, 'images'>,
  drives: BoardDrive[],
): VirtioType {
  const { properties } = plan;
  const number = (key: string): number | undefined =>
    properties[key] === undefined ? undefined : Number(properties[key]);
  const { name, node, geometry } = env.drives.find((drive) => drive.name === plan.drive)!;
  const [queues, queueSize] = [number('num-queues'), number('queue-size')];
  drives.push({ name, media: 'disk', size: node!.size, locked: false });
  return new VirtioBlk({
    node: node!,
    geometry,
    log: env.log,
    ...(properties['serial'] !== undefined && { serial: properties['serial'] }),
    ...(queues !== undefined && { queues }),
    ...(queueSize !== undefined && { queueSize }),
    ...(env.later && { later: env.later }),
  });
}
