/** One interrupt line of a device: it drives a level, the interrupt controller decides what that means. */
export interface IrqLine {
  set(level: boolean): void;
}

/** A request to the machine that a device makes for its guest: power-off is a request, never an exit of the process. */
export interface PowerControl {
  /** @param code exit status the guest gave, 0 if it gave none */
  powerOff(code: number): void;
  reset(): void;
}
