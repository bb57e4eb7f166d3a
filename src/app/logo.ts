/** The mark: a shell prompt under glass, in falling snow. */

/** x, height at which it rests, radius, seconds a fall takes, seconds into its fall at the start. */
const FLAKES: readonly (readonly [x: number, y: number, r: number, seconds: number, ahead: number])[] = [
  [14, 26, 1.2, 9, 4],
  [20, 15, 1.6, 7, 1],
  [25, 36, 1.0, 10, 7],
  [28, 9, 1.2, 8, 6],
  [33, 18, 1.7, 7.5, 3],
  [38, 38, 1.0, 9.5, 1.5],
  [41, 10, 1.3, 8.5, 5.5],
  [46, 21, 1.6, 7, 3.5],
  [50, 31, 1.2, 10, 2.5],
  [17, 8, 0.9, 11, 9],
];

function flake([x, y, r, seconds, ahead]: (typeof FLAKES)[number], falling: boolean): string {
  return falling
    ? `<circle class="flake" cx="${x}" cy="0" r="${r}" style="animation-duration:${seconds}s;animation-delay:-${ahead}s"/>`
    : `<circle cx="${x}" cy="${y}" r="${r}"/>`;
}

/**
 * @param size width and height, CSS pixels
 * @param falling whether the snow falls
 */
export function logo(size: number, falling = false): string {
  return `<svg viewBox="0 0 64 64" width="${size}" height="${size}" aria-hidden="true">
  <defs>
    <radialGradient id="glass-${size}" cx=".36" cy=".28" r=".85"><stop offset="0" stop-color="#2f5d94"/><stop offset=".6" stop-color="#16305a"/><stop offset="1" stop-color="#0c1c38"/></radialGradient>
    <clipPath id="globe-${size}"><circle cx="32" cy="28" r="23"/></clipPath>
  </defs>
  <circle cx="32" cy="28" r="24" fill="url(#glass-${size})" stroke="#9fcfff" stroke-width="1.6"/>
  <g clip-path="url(#globe-${size})">
    <g fill="#fff" fill-opacity=".9">${FLAKES.map((each) => flake(each, falling)).join('')}</g>
    <path d="M4 42c9-5 17-5 28-2s20 3 29-1v20H4z" fill="#eaf4ff"/>
  </g>
  <path d="M22.5 20.5l7 6-7 6M33.5 32.5h9" fill="none" stroke="#bfe3ff" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"/>
  <path d="M14.5 17.5a21 21 0 0 1 8-8" fill="none" stroke="#fff" stroke-opacity=".6" stroke-width="1.8" stroke-linecap="round"/>
  <path d="M17.5 49.5h29l4 9.2a1.6 1.6 0 0 1-1.5 2.3H15a1.6 1.6 0 0 1-1.5-2.3z" fill="#c1884f"/>
  <path d="M16 53.4h32l1 2.4H15z" fill="#8f5f34"/>
</svg>`;
}
