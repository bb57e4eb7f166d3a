/** Icons of the toolbar: 16 × 16, drawn with the current colour. */

const svg = (body: string) =>
  `<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" ` +
  `stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${body}</svg>`;

export const ICONS = {
  start: svg('<path d="M4.5 2.8v10.4L13 8z" fill="currentColor"/>'),
  pause: svg('<path d="M5.5 3v10M10.5 3v10" stroke-width="2.2"/>'),
  reset: svg('<path d="M13 8a5 5 0 1 1-1.6-3.7"/><path d="M13.2 1.8v3h-3"/>'),
  power: svg('<path d="M8 1.8v6"/><path d="M4.6 4a5.2 5.2 0 1 0 6.8 0"/>'),
  paste: svg(
    '<rect x="3" y="3" width="10" height="11" rx="1.5"/><path d="M6 3V2h4v1.8H6z"/><path d="M5.8 7.5h4.4M5.8 10.3h3"/>',
  ),
  size: svg(
    '<rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.5"/><path d="M9 5.5h2.5V8M7 10.5H4.5V8"/>',
  ),
  fullscreen: svg('<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>'),
  screen: svg('<rect x="1.8" y="2.8" width="12.4" height="8.6" rx="1.5"/><path d="M5.5 13.8h5"/>'),
  serial: svg(
    '<rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.5"/><path d="M4.6 6l2 2-2 2M8.6 10.2h2.8"/>',
  ),
  scale: svg(
    '<rect x="1.8" y="7.2" width="6.8" height="6" rx="1"/><path d="M5 4.6V3.2h9.2v8.6h-2.4M9.2 6.6l2.4-1.4"/>',
  ),
  camera: svg('<path d="M2 5.2h2.8L6 3.4h4l1.2 1.8H14v7.6H2z"/><circle cx="8" cy="8.8" r="2.2"/>'),
  sound: svg(
    '<path d="M2.5 6.2h2.3L8 3.4v9.2L4.8 9.8H2.5z" fill="currentColor"/><path d="M10.4 5.8a3 3 0 0 1 0 4.4M12.3 4a5.6 5.6 0 0 1 0 8"/>',
  ),
  muted: svg(
    '<path d="M2.5 6.2h2.3L8 3.4v9.2L4.8 9.8H2.5z" fill="currentColor"/><path d="M10.6 6.2l3.6 3.6M14.2 6.2l-3.6 3.6"/>',
  ),
  both: svg(
    '<rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.5"/><path d="M8.6 3v10M11 6.2h1.4M11 9h1.4"/>',
  ),
  more: svg(
    '<g fill="currentColor" stroke="none"><circle cx="3.4" cy="8" r="1.4"/><circle cx="8" cy="8" r="1.4"/><circle cx="12.6" cy="8" r="1.4"/></g>',
  ),
  close: svg('<path d="M4 4l8 8M12 4l-8 8"/>'),
} as const;

export type IconName = keyof typeof ICONS;
