/** Builds the types of virtio devices that options ask for; the boards put them behind a transport. */
import { VirtioBlk } from '../hw/virtio/virtio-blk.ts';
import type { VirtioType } from '../hw/virtio/virtio.ts';
import type { BoardDrive, BoardEnv } from './board.ts';
import type { DevicePlan } from './devices.ts';

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
