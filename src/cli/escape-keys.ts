/** What the user asked of the program itself. */
export type EscapeCommand = 'quit' | 'help' | 'monitor' | 'unknown';

const CTRL_A = 0x01;

const COMMANDS: Record<string, EscapeCommand> = { x: 'quit', h: 'help', '?': 'help', c: 'monitor' };

export const ESCAPE_HELP = `
C-a h    print this help
C-a x    exit the emulator
C-a C-a  send C-a to the guest
`;

/** Splits what is typed on a terminal into the guest's bytes and commands after Ctrl-A, as QEMU's -nographic does. */
export class EscapeKeys {
  #escaped = false;

  /** Takes typed bytes; returns those for the guest and the commands among them, in order. */
  feed(bytes: Uint8Array): { data: Uint8Array; commands: EscapeCommand[] } {
    const data: number[] = [];
    const commands: EscapeCommand[] = [];
    for (const byte of bytes) {
      if (this.#escaped) {
        this.#escaped = false;
        if (byte === CTRL_A) data.push(byte);
        else commands.push(COMMANDS[String.fromCharCode(byte)] ?? 'unknown');
      } else if (byte === CTRL_A) {
        this.#escaped = true;
      } else {
        data.push(byte);
      }
    }
    return { data: Uint8Array.from(data), commands };
  }
}
