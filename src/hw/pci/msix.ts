/**
 * MSI-X: a table of messages in a memory BAR, one for each vector. Specification: PCI Local Bus Specification 3.0, section 6.8.2.
 *
 * A vector that is masked, by its own bit or with all of them, waits in the pending bit array until it is not.
 */
import type { MmioRegion, SavedValue, StateReader } from '../device.ts';
import type { PciConfigSpace } from './config-space.ts';

const CAPABILITY_ID = 0x11;
const CAPABILITY_BYTES = 12;
const CONTROL = 2;
const CONTROL_ENABLE = 0x8000;
const CONTROL_MASK_ALL = 0x4000;
const TABLE = 4;
const PENDING = 8;

/** Words of a table entry: address, its high half, data, vector control. */
const ENTRY_WORDS = 4;
const ENTRY_DATA = 2;
const ENTRY_CONTROL = 3;
const ENTRY_MASKED = 1;

/** Bytes of the BAR, and where in it the pending bits lie. */
export const MSIX_BAR_BYTES = 0x1000;
const PENDING_OFFSET = 0x800;

export interface MsixOptions {
  config: PciConfigSpace;
  /** At most 128. */
  vectors: number;
  /** BAR that `region` lies in. */
  bar: number;
  send(address: number, data: number): void;
}

export class Msix {
  /** Table and pending bits. */
  readonly region: MmioRegion;
  readonly vectors: number;
  private readonly config: PciConfigSpace;
  private readonly send: MsixOptions['send'];
  private readonly capability: number;
  private readonly table: Uint32Array;
  private readonly pending: Set<number> = new Set();

  constructor({ config, vectors, bar, send }: MsixOptions) {
    this.config = config;
    this.vectors = vectors;
    this.send = send;
    this.table = new Uint32Array(vectors * ENTRY_WORDS);
    this.capability = config.addCapability(CAPABILITY_ID, CAPABILITY_BYTES, 'first');
    config.define(this.capability + CONTROL, 2, vectors - 1);
    config.allow(this.capability + CONTROL, 2, CONTROL_ENABLE | CONTROL_MASK_ALL);
    config.define(this.capability + TABLE, 4, bar);
    config.define(this.capability + PENDING, 4, PENDING_OFFSET | bar);
    this.region = {
      name: 'msix',
      size: MSIX_BAR_BYTES,
      accessMin: 4,
      accessMax: 4,
      spacing: 4,
      registers: [],
      read: (offset) => this.read(offset),
      write: (offset, _size, value) => this.write(offset, value),
    };
    this.reset();
  }

  /** The driver uses messages; the interrupt pin is silent then. */
  get enabled(): boolean {
    return (this.control & CONTROL_ENABLE) !== 0;
  }

  private get control(): number {
    return this.config.get(this.capability + CONTROL, 2);
  }

  /** Interrupts by a vector, now or when it is no longer masked. One that there is not does nothing. */
  notify(vector: number): void {
    if (vector >= this.vectors || !this.enabled) return;
    const at = vector * ENTRY_WORDS;
    if (this.control & CONTROL_MASK_ALL || this.table[at + ENTRY_CONTROL] & ENTRY_MASKED) {
      this.pending.add(vector);
      return;
    }
    this.send(this.table[at] + this.table[at + 1] * 2 ** 32, this.table[at + ENTRY_DATA]);
  }

  /** The configuration space is another one: what waited for a mask may go out. */
  configChanged(): void {
    if (!this.enabled || this.control & CONTROL_MASK_ALL) return;
    for (const vector of [...this.pending]) {
      this.pending.delete(vector);
      this.notify(vector);
    }
  }

  private read(offset: number): number {
    if (offset < this.table.length * 4) return this.table[offset >> 2];
    if (offset < PENDING_OFFSET) return 0;
    let bits = 0;
    const first = (offset - PENDING_OFFSET) * 8;
    for (const vector of this.pending) {
      if (vector >= first && vector < first + 32) bits += 2 ** (vector - first);
    }
    return bits;
  }

  private write(offset: number, value: number): void {
    const index = offset >> 2;
    if (index >= this.table.length) return;
    const word = index % ENTRY_WORDS;
    this.table[index] = word === 0 ? value & ~3 : word === ENTRY_CONTROL ? value & ENTRY_MASKED : value;
    if (word === ENTRY_CONTROL) this.configChanged();
  }

  /** Every vector is masked by itself (6.8.2.9). */
  reset(): void {
    this.pending.clear();
    this.table.fill(0);
    for (let at = ENTRY_CONTROL; at < this.table.length; at += ENTRY_WORDS) this.table[at] = ENTRY_MASKED;
  }

  save(): Record<string, SavedValue> {
    return { msixTable: [...this.table], msixPending: [...this.pending].sort((a, b) => a - b) };
  }

  /** Reads and checks a saved state; the function it gives takes it over, before the configuration space is. */
  restorer(reader: StateReader): () => void {
    const table = reader.uints('msixTable', 32, this.table.length);
    const pending = reader.uints('msixPending', 8, this.vectors);
    if (table.length !== this.table.length) throw reader.error('msixTable', `${this.table.length} words`);
    if (pending.some((vector) => vector >= this.vectors))
      throw reader.error('msixPending', 'vectors of the device');
    return () => {
      this.table.set(table);
      this.pending.clear();
      for (const vector of pending) this.pending.add(vector);
    };
  }
}
