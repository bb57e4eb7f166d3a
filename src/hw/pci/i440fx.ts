/**
 * Host bridge of the 440FX chipset: which memory the processor sees between 640 KiB and 1 MiB.
 * Specification: Intel 82441FX (PMC) datasheet, sections 3.2.18 (PAM registers) and 3.2.21 (SMRAM). Timing and error registers keep
 * what is written to them and do nothing.
 */
import * as C from './config-space.ts';
import { PciFunction } from './pci-function.ts';

const PAM_0 = 0x59;
const SMRAM = 0x72;

const PAM_READ = 1;
const PAM_WRITE = 2;
const SMRAM_OPEN = 0x40;
const SMRAM_CLOSED = 0x20;
const SMRAM_LOCK = 0x10;
const SMRAM_ENABLE = 0x08;
/** The compatible segment, 0xa0000, the only one there is. */
const SMRAM_BASE = 0x02;

/** Segments of the attribute map: 0xf0000 to 0xfffff, then 16 KiB each from 0xc0000 on. */
export const PAM_SEGMENTS = 13;

/** The memory that the bridge switches. */
export interface BridgeMemory {
  /** What a segment's reads and writes reach: RAM, or PCI. */
  pam(segment: number, readsRam: boolean, writesRam: boolean): void;
  /**
   * Who sees the memory of system management mode at 0xa0000: everybody (`open`), or the processor in that mode (`enabled`).
   * D_CLS, which would hide it from that mode's data accesses, is kept and does no more than undo `open`.
   */
  smram(open: boolean, enabled: boolean): void;
}

export class I440fx extends PciFunction {
  readonly name = 'i440fx';
  private readonly memory: BridgeMemory;

  constructor(options: { memory: BridgeMemory }) {
    super({
      vendor: 0x8086,
      device: 0x1237,
      revision: 2,
      classCode: 0x060000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    this.memory = options.memory;
    const { config } = this;
    for (let at = C.HEADER_END; at < C.CONFIG_BYTES; at++) config.allow(at, 1, 0xff);
    config.define(0x57, 1, 0x10);
    config.define(SMRAM, 1, SMRAM_BASE);
    this.configChanged();
  }

  override configWrite(offset: number, size: number, value: number): void {
    const before = this.config.get(SMRAM, 1);
    this.config.write(offset, size, value);
    let smram = (this.config.get(SMRAM, 1) & ~0x87) | SMRAM_BASE;
    // Once locked, only a reset unlocks it; a lock closes it.
    if (before & SMRAM_LOCK) smram = before;
    if (smram & SMRAM_LOCK) smram &= ~SMRAM_OPEN;
    this.config.set(SMRAM, 1, smram);
    this.configChanged();
  }

  protected override configChanged(): void {
    super.configChanged();
    const { config } = this;
    for (let segment = 0; segment < PAM_SEGMENTS; segment++) {
      // PAM0's high half is for 0xf0000; each further register has two segments, the lower one in its low half.
      const shift = segment === 0 ? 4 : segment % 2 === 1 ? 0 : 4;
      const bits = config.get(PAM_0 + ((segment + 1) >> 1), 1) >> shift;
      this.memory.pam(segment, (bits & PAM_READ) !== 0, (bits & PAM_WRITE) !== 0);
    }
    const smram = config.get(SMRAM, 1);
    const enabled = (smram & SMRAM_ENABLE) !== 0;
    this.memory.smram((smram & (SMRAM_OPEN | SMRAM_CLOSED)) === SMRAM_OPEN, enabled);
  }
}
