/** Kernels put time stamps and caller ids in brackets before the message; more of a line than this is not looked at. */
const LINE_MAX = 1024;
const PANIC = /^(?:<\d+>)?(?:\[[^\]]*\]\s*)*(Kernel panic - not syncing.*)$/;

/**
 * Watches a serial console for Linux's panic message at the start of a line. A heuristic: a guest that prints the same
 * text for another reason looks panicked, and one whose console is elsewhere does not.
 */
export class PanicWatch {
  private readonly onPanic: (line: string) => void;
  private line = '';

  constructor(onPanic: (line: string) => void) {
    this.onPanic = onPanic;
  }

  /** Takes the next bytes of the console; lines may be split over calls. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte !== 0x0a && byte !== 0x0d) {
        if (this.line.length < LINE_MAX) this.line += String.fromCharCode(byte);
      } else if (this.line !== '') {
        const match = PANIC.exec(this.line);
        this.line = '';
        if (match) this.onPanic(match[1]);
      }
    }
  }

  reset(): void {
    this.line = '';
  }
}
