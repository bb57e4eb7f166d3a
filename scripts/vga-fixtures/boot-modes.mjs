/** Video modes as a BIOS sets them, and what modes-boot.s writes into them. */
const mode = (name, number, window, words, { mask = 0xffff, planes = 1, banks = 1 } = {}) => ({
  name,
  parameters: [
    number & 0xff,
    number >> 8,
    window & 0xff,
    window >> 8,
    words & 0xff,
    words >> 8,
    mask & 0xff,
    mask >> 8,
    planes,
    banks,
  ],
});

export const BOOT_MODES = [
  // Characters below 0x80: QEMU repeats the ninth dot of others than the VGA; attributes below 0x80: QEMU does not blink.
  mode('text 80x25', 0x03, 0xb800, 0x4000, { mask: 0x7f7f }),
  mode('text 40x25', 0x01, 0xb800, 0x4000, { mask: 0x7f7f }),
  mode('320x200, 4 colours', 0x04, 0xb800, 0x2000),
  mode('640x200, 2 colours', 0x06, 0xb800, 0x2000),
  mode('320x200, 16 colours', 0x0d, 0xa000, 0x1000, { planes: 4 }),
  mode('640x350, 16 colours', 0x10, 0xa000, 0x4000, { planes: 4 }),
  mode('640x480, 16 colours', 0x12, 0xa000, 0x5000, { planes: 4 }),
  mode('320x200, 256 colours', 0x13, 0xa000, 0x7d00),
  mode('640x480, 256 colours', 0x101, 0xa000, 0x8000, { banks: 5 }),
  mode('640x480, 16 bits', 0x111, 0xa000, 0x8000, { banks: 10 }),
  mode('1024x768, 32 bits', 0x144, 0xa000, 0x8000, { banks: 48 }),
];

/** Where the parameters stand in the sector. */
export const PARAMETERS_AT = 3;
