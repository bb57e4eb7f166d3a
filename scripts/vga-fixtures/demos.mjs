/** The demos for a PC's screen, images/vga-*, each with the frames at which its picture is compared with QEMU's. */
const demo = (name, ...frames) => ({ name, frames, kept: 0xff });

export const DEMOS = [
  demo('vga-scroll', 90),
  demo('vga-plasma', 75),
  demo('vga-card', 70),
  demo('vga-cga', 37),
  demo('vga-fire', 120),
  demo('vga-mode-x', 61),
  demo('vga-moire', 40),
  demo('vga-mandelbrot', 70),
  // QEMU widens 15-bit colours by zeros.
  { name: 'vga-high-color', frames: [20], kept: 0xf8 },
  demo('vga-high-color', 140, 270),
  demo('vga-true-color', 33),
];

/** Where the number of the last frame stands on the disk: 32 bits; 0 means that there is none. */
export const LAST_FRAME_AT = 3;

/** A demo's disk that stops at a frame. */
export function stopAt(disk, frame) {
  const copy = Uint8Array.from(disk);
  new DataView(copy.buffer).setUint32(LAST_FRAME_AT, frame, true);
  return copy;
}

/** The name of a picture among those that were recorded. */
export const pictureName = ({ name }, frame) => `${name} ${frame}`;
