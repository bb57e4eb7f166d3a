/** Instructions that a fixture tells apart from real hardware, as `<group>: <instruction>`; an entry that passes fails the run. */
export const KNOWN_FAILURES: ReadonlySet<string> = new Set([
  // Each raises #GP or #PF where the manual has #SS for the stack, and #GP for an operand that begins canonical and ends not.
  'stack64: noncanonical',
]);
