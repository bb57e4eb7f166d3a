/** Instructions that a fixture tells apart from real hardware, as `<group>: <instruction>`; an entry that passes fails the run. */
export const KNOWN_FAILURES: ReadonlySet<string> = new Set([]);
