/** What a PC's firmware finds in CMOS memory. */

const KIB = 1024;
const MIB = 1048576;
const LOW_KIB = 640;

/**
 * Bytes of CMOS memory, as QEMU 7.2 fills them in (hw/i386/pc.c, `pc_cmos_init`; Bochs's CMOS map): sizes of memory, equipment.
 * @param ramBytes RAM below 4 GiB, all there is
 */
export function pcCmos(ramBytes: number, vcpus: number): Record<number, number> {
  const low16 = (value: number): [number, number] => [value & 0xff, value >> 8];
  const [baseLow, baseHigh] = low16(LOW_KIB);
  const [extendedLow, extendedHigh] = low16(Math.min((ramBytes - MIB) / KIB, 0xffff));
  const [above16Low, above16High] = low16(Math.min(Math.max(ramBytes - 16 * MIB, 0) / (64 * KIB), 0xffff));
  return {
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
