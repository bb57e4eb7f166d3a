/** Flash memory below 4 GiB (`-drive if=pflash`): firmware in unit 0, which ends at 4 GiB, its variables in unit 1 below it. */
import { VmError } from '../core/errors.ts';
import { FLASH_BLOCK, type FlashMemory, PflashCfi01 } from '../hw/flash/pflash-cfi01.ts';
import type { PlacedReach } from '../memory/region-table.ts';
import type { MemorySlot } from '../memory/slots.ts';
import type { Drive } from './drives.ts';
import type { PcContext } from './pc-context.ts';
import { PC_MAP } from './pc-map.ts';

/** As in QEMU: more would reach other devices. */
export const FLASH_MAX = 8 * 1048576;

/** What lies there is also seen below 1 MiB. */
const UNIT_0_MIN = PC_MAP.rom.size;

/** The flash images of a machine, unit 0 first. */
export const flashDrives = (drives: readonly Drive[]): readonly Drive[] =>
  drives.filter((drive) => drive.interface === 'pflash').sort((a, b) => a.index - b.index);

/**
 * Sizes of the flash images in bytes.
 * @throws VmError bad-image
 */
export function flashSizes(drives: readonly Drive[]): number[] {
  const sizes = flashDrives(drives).map(({ node }) => node?.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.length === 0) return sizes;
  if (
    sizes.some((size) => size === 0 || size % FLASH_BLOCK !== 0) ||
    sizes[0] < UNIT_0_MIN ||
    total > FLASH_MAX
  ) {
    throw new VmError(
      'bad-image',
      `The flash images (if=pflash) have ${sizes.join(' and ')} bytes: each must be a multiple of 4 KiB, unit 0 at least 256 KiB, and together at most 8 MiB.`,
    );
  }
  return sizes;
}

/** Attaches the flash memory; `slots` are those of its units. Returns what loads its contents, once, before the machine starts. */
export function attachFlash({ env, wiring }: PcContext, slots: readonly MemorySlot[]): () => Promise<void> {
  const { memory, log } = env;
  const units = flashDrives(env.drives).map(({ name, node }, unit) => {
    const { size, linear } = slots[unit];
    const guestBase = slots[unit].guestBase!;
    const place: { is: PlacedReach | null } = { is: null };
    const contents: FlashMemory = {
      size,
      read: (offset, length) => memory.read(guestBase + offset, length) as Uint8Array,
      write: (offset, bytes) => void memory.load(guestBase + offset, bytes),
      show: (on) => place.is?.showMemory(on ? linear : null),
    };
    const device = new PflashCfi01({ name, memory: contents, node, log });
    place.is = wiring.place(device, device.regions[0], guestBase);
    wiring.devices.push(device);
    return { name, node, guestBase, size };
  });
  return async () => {
    for (const { name, node, guestBase, size } of units) {
      const result = await node?.read(0, size);
      if (!result?.ok)
        throw new VmError('bad-image', `The image of ${name} cannot be read: ${result?.error.message}.`);
      memory.load(guestBase, result.value);
    }
  };
}
