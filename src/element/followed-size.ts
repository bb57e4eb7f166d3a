import { MONITOR_MAX } from '../core/scanout.ts';

/** The least that desktops lay their windows out for. */
const LEAST = { width: 640, height: 480 };

/** Which pixels a guest is asked for as many of: `css`, of the page's, so that its text is as large as a page's; `device`, of the display's own, however small they are. */
export type Following = 'css' | 'device';

/**
 * The picture that a guest is asked for by a screen of `width` × `height` CSS pixels, in pixels of the guest; null while the screen is not to be seen. Never more than the
 * display has there (a page that is zoomed out has more of CSS), but at least VGA's: a smaller screen shows a larger picture of its own shape. Lines are whole words of
 * drivers, multiples of 8.
 *
 * @param density the display's pixels for each of CSS
 */
export function followedSize(
  width: number,
  height: number,
  density: number,
  following: Following,
): { width: number; height: number } | null {
  if (!(width > 0 && height > 0)) return null;
  const taken = following === 'device' ? density : Math.min(density, 1);
  const enlarged = Math.max(1, LEAST.width / (width * taken), LEAST.height / (height * taken));
  const pixels = (length: number): number =>
    Math.min(Math.floor(length * taken * enlarged + 1e-6), MONITOR_MAX);
  const whole = pixels(width);
  return { width: whole - (whole % 8), height: pixels(height) };
}
