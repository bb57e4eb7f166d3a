/** The mark: a shell prompt under glass, in falling snow. */

const FLAKES: readonly (readonly [x: number, y: number, r: number, seconds: number, delay: number])[] = [
  [20, 16, 1.1, 7, 0],
  [27, 8, 0.8, 9, -3],
  [33, 18, 1.2, 8, -5],
  [40, 10, 0.9, 10, -1],
  [45, 20, 1.1, 7.5, -6],
  [24, 28, 0.8, 9.5, -8],
  [37, 27, 0.7, 11, -4],
];

/** @param snow whether the flakes fall; they rest for people who prefer less motion */
export function logo(size: number, snow = false): string {
  const flakes = FLAKES.map(
    ([x, y, r, seconds, delay]) =>
      `<circle cx="${x}" cy="${y}" r="${r}"${snow ? ` class="flake" style="animation-duration:${seconds}s;animation-delay:${delay}s"` : ''}/>`,
  ).join('');
  return `<svg viewBox="0 0 64 64" width="${size}" height="${size}" aria-hidden="true" class="logo">
  <defs>
    <radialGradient id="glass-${size}" cx=".36" cy=".28" r=".85"><stop offset="0" stop-color="#2f5d94"/><stop offset=".6" stop-color="#16305a"/><stop offset="1" stop-color="#0c1c38"/></radialGradient>
    <clipPath id="globe-${size}"><circle cx="32" cy="28" r="23"/></clipPath>
  </defs>
  <circle cx="32" cy="28" r="24" fill="url(#glass-${size})" stroke="#9fcfff" stroke-width="1.6"/>
  <g clip-path="url(#globe-${size})">
    <path d="M4 42c9-5 17-5 28-2s20 3 29-1v20H4z" fill="#eaf4ff"/>
    <g fill="#fff">${flakes}</g>
  </g>
  <path d="M22.5 22.5l7 6-7 6M33.5 34.5h9" fill="none" stroke="#bfe3ff" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"/>
  <path d="M17 14a21 21 0 0 1 9-6" fill="none" stroke="#fff" stroke-opacity=".65" stroke-width="2" stroke-linecap="round"/>
  <path d="M17.5 49.5h29l4 9.2a1.6 1.6 0 0 1-1.5 2.3H15a1.6 1.6 0 0 1-1.5-2.3z" fill="#c1884f"/>
  <path d="M16 53.4h32l1 2.4H15z" fill="#8f5f34"/>
</svg>`;
}
