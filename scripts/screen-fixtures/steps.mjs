// What a Linux guest of riscv64-screen is told to show, in QEMU (gen-screen-fixtures.mjs) and in Snowglobe (e2e/screens.spec.ts).

/** Devices, with QEMU's options. */
export const SCREENS = ['virtio-gpu-pci', 'virtio-gpu-device', 'bochs-display'];

/** Typed at the shell on the serial port; each ends when the shell has printed "done". */
export const SETUP =
  'dmesg -n 1; for m in /lib/modules/*.ko; do insmod $m; done; echo 0 > /sys/class/graphics/fbcon/cursor_blink';

const colours = Array.from(
  { length: 8 },
  (_, i) =>
    `\\033[3${i}mforeground ${i}\\033[0m \\033[4${7 - i}mbackground ${7 - i}\\033[0m \\033[1;3${i}mbold ${i}\\033[0m\\r\\n`,
);

export const PICTURES = [
  {
    name: 'text',
    command: `printf '\\033[2J\\033[H\\033[?25l${colours.join('')}' > /dev/tty1; seq 1000 1600 | xargs -n 20 > /dev/tty1`,
  },
  // 128 times 45,000 bytes of numbers are more than the 4,096,000 of 1280 by 800 pixels.
  {
    name: 'pixels',
    command:
      'seq 1000 9999 > /tmp/a; for i in 1 2 3 4 5 6 7; do cat /tmp/a /tmp/a > /tmp/b; mv /tmp/b /tmp/a; done; dd if=/tmp/a of=/dev/fb0 bs=64000 count=64',
  },
];
