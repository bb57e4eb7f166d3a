import { MONITOR_MAX } from '../core/scanout.ts';

/** The least that desktops lay their windows out for. */
const LEAST = { width: 640, height: 480 };

/**
 * The picture that a guest is asked for by a screen of `width` × `height` CSS pixels, in pixels of the guest; null while the screen is not to be seen. As many as the
 * display has there, but at least VGA's: a smaller screen shows a larger picture of its own shape. Lines are whole words of drivers, multiples of 8.
 */
export function followedSize(
  width: number,
  height: number,
  density: number,
): { width: number; height: number } | null {
  if (!(width > 0 && height > 0)) return null;
  const enlarged = Math.max(1, LEAST.width / (width * density), LEAST.height / (height * density));
  const pixels = (length: number): number =>
    Math.min(Math.floor(length * density * enlarged + 1e-6), MONITOR_MAX);
  const whole = pixels(width);
  return { width: whole - (whole % 8), height: pixels(height) };
}
