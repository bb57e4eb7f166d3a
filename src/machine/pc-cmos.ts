/** What a PC's firmware finds in CMOS memory. */

const KIB = 1024;
const MIB = 1048576;
const LOW_KIB = 640;

/**
 * Bytes of CMOS memory, as QEMU 7.2 fills them in (hw/i386/pc.c, `pc_cmos_init`; Bochs's CMOS map): sizes of memory, equipment.
 * @param ramBytes RAM below 4 GiB, all there is
 * @param bootOrder letters of drives
 */
export function pcCmos(ramBytes: number, vcpus: number, bootOrder: string): Record<number, number> {
  const low16 = (value: number): [number, number] => [value & 0xff, value >> 8];
  const [baseLow, baseHigh] = low16(LOW_KIB);
  const [extendedLow, extendedHigh] = low16(Math.min((ramBytes - MIB) / KIB, 0xffff));
  const [above16Low, above16High] = low16(Math.min(Math.max(ramBytes - 16 * MIB, 0) / (64 * KIB), 0xffff));
  return {
    ...bootOrderBytes(bootOrder),
    // Equipment: a mathematics coprocessor, a mouse port.
    20: 0x06,
    21: baseLow,
    22: baseHigh,
    23: extendedLow,
    24: extendedHigh,
    48: extendedLow,
    49: extendedHigh,
    52: above16Low,
    53: above16High,
    95: vcpus - 1,
  };
}

/** Drives as firmware numbers them. */
const DRIVES: Readonly<Record<string, number>> = { a: 1, c: 2, d: 3, n: 4 };

/** The first three drives to boot from, half a byte each; bit 0 of byte 0x38, cleared: a floppy's boot sector needs its signature. */
export function bootOrderBytes(order: string): Record<number, number> {
  const [first = 0, second = 0, third = 0] = [...order].map((letter) => DRIVES[letter]);
  return { 56: third << 4, 61: first | (second << 4) };
}
