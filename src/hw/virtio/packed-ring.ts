/**
 * A packed virtqueue: one ring of descriptors that driver and device write in turn, and two event suppression structures.
 * Specification: VIRTIO 1.2, section 2.8.
 *
 * A descriptor is available when its AVAIL flag is the ring's wrap counter and its USED flag is not; it is used when both are. Flags are loaded and stored
 * with `Atomics`, before and after the rest of the descriptor.
 */
import {
  area,
  Chain,
  DESC_INDIRECT,
  DESC_NEXT,
  DESC_WRITE,
  DESCRIPTOR_BYTES,
  INDIRECT_MAX,
  Ring,
  type RingOptions,
  type RingStatus,
} from './ring.ts';

const DESC_AVAIL = 0x80;
const DESC_USED = 0x8000;
/** Halves of a descriptor, in 16-bit words, where its identifier and its flags lie. */
const ID_HALF = 6;
const FLAGS_HALF = 7;
const DESCRIPTOR_WORDS = 4;

/** Event suppression: an offset with a wrap counter in bit 15, then flags. */
const EVENT_OFFSET = 0;
const EVENT_FLAGS = 1;
const EVENT_ENABLE = 0;
const EVENT_DISABLE = 1;
const EVENT_AT = 2;
const WRAP = 0x8000;

export class PackedRing extends Ring {
  private readonly words: Uint32Array;
  private readonly halves: Uint16Array;
  private readonly driverEvent: Uint16Array;
  private readonly deviceEvent: Uint16Array;
  /** Positions in the ring, each with its wrap counter in bit 15. */
  private next = WRAP;
  private usedNext = WRAP;
  /** Where used descriptors went when an interrupt was last thought about, and how many have since. */
  private signalled = WRAP;
  private fresh = 0;
  /** Of each chain that the device has, as they lay in the ring; and how many there are in all. */
  private readonly descriptors = new Map<Chain, Uint32Array>();
  private taken = 0;

  private constructor(
    options: RingOptions,
    areas: Record<'ring' | 'driver' | 'device', NonNullable<ReturnType<typeof area>>>,
  ) {
    super(options);
    this.words = areas.ring.u32;
    this.halves = areas.ring.u16;
    this.driverEvent = areas.driver.u16;
    this.deviceEvent = areas.device.u16;
  }

  /** Null if its areas do not lie in RAM as section 2.8.10 wants them. */
  static open(options: RingOptions): PackedRing | null {
    const { memory, size, descriptors, driver, device } = options;
    const areas = {
      ring: area(memory, descriptors, DESCRIPTOR_BYTES * size, 16),
      driver: area(memory, driver, 4, 4),
      device: area(memory, device, 4, 4),
    };
    const { ring, driver: driverArea, device: deviceArea } = areas;
    return ring && driverArea && deviceArea
      ? new PackedRing(options, { ring, driver: driverArea, device: deviceArea })
      : null;
  }

  private flagsAt(position: number): number {
    return Atomics.load(this.halves, (position & ~WRAP) * 8 + FLAGS_HALF);
  }

  private isAvailable(position: number): boolean {
    const flags = this.flagsAt(position);
    const wrap = (position & WRAP) !== 0;
    return ((flags & DESC_AVAIL) !== 0) === wrap && ((flags & DESC_USED) !== 0) !== wrap;
  }

  /** The position `count` entries after another one. */
  private after(position: number, count: number): number {
    const index = (position & ~WRAP) + count;
    return index < this.size ? (position & WRAP) | index : ((position & WRAP) ^ WRAP) | (index - this.size);
  }

  override pop(): Chain | null {
    const replayed = this.again.shift();
    if (replayed !== undefined) return this.chain(Uint32Array.from(replayed));
    if (!this.isAvailable(this.next)) return null;
    const descriptors = this.take(this.next);
    const chain = descriptors && this.chain(descriptors);
    if (chain) this.next = this.after(this.next, chain.entries);
    return chain;
  }

  /** Copies the descriptors of a chain: those that lie side by side (2.8.6). Null: there is no end of them. */
  private take(position: number): Uint32Array | null {
    let entries = 1;
    while (this.flagsAt(this.after(position, entries - 1)) & DESC_NEXT) {
      if (++entries > this.size) {
        this.options.fail('a chain that is longer than the queue');
        return null;
      }
    }
    const descriptors = new Uint32Array(entries * DESCRIPTOR_WORDS);
    for (let i = 0; i < entries; i++) {
      const at = (this.after(position, i) & ~WRAP) * DESCRIPTOR_WORDS;
      descriptors.set(this.words.subarray(at, at + DESCRIPTOR_WORDS), i * DESCRIPTOR_WORDS);
    }
    return descriptors;
  }

  /** @param descriptors as they lay in the ring */
  private chain(descriptors: Uint32Array): Chain | null {
    const { fail, memory, indirect } = this.options;
    const entries = descriptors.length / DESCRIPTOR_WORDS;
    if (this.taken + entries > this.size) {
      fail('more chains than the queue has descriptors');
      return null;
    }
    // The last one has the identifier (2.8.6).
    const chain = new Chain(this, memory, descriptors[descriptors.length - 1] & 0xffff);
    chain.entries = entries;
    const wrong =
      (descriptors[3] >>> 16) & DESC_INDIRECT
        ? this.addTable(chain, descriptors, indirect && entries === 1)
        : this.addEntries(chain, descriptors);
    if (wrong !== null) {
      fail(wrong);
      return null;
    }
    this.outstanding.add(chain);
    this.descriptors.set(chain, descriptors);
    this.taken += entries;
    return chain;
  }

  private addEntries(chain: Chain, words: Uint32Array): string | null {
    for (let word = 0; word < words.length; word += DESCRIPTOR_WORDS) {
      const flags = words[word + 3] >>> 16;
      if (flags & DESC_INDIRECT) return 'an indirect descriptor within a chain';
      const address = words[word] + words[word + 1] * 2 ** 32;
      const wrong = chain.add(address, words[word + 2], (flags & DESC_WRITE) !== 0);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  /** An indirect table, whose entries are used one after the other (2.8.7). */
  private addTable(chain: Chain, [low, high, length]: Uint32Array, allowed: boolean): string | null {
    const address = low + high * 2 ** 32;
    const fits = allowed && length > 0 && length % DESCRIPTOR_BYTES === 0 && length <= INDIRECT_MAX;
    const bytes = fits ? this.options.memory.read(address, length) : null;
    if (!bytes) return `an indirect table of ${length} bytes at 0x${address.toString(16)}`;
    const table = new DataView(bytes.buffer);
    for (let at = 0; at < length; at += DESCRIPTOR_BYTES) {
      const start = table.getUint32(at, true) + table.getUint32(at + 4, true) * 2 ** 32;
      const writable = (table.getUint16(at + 14, true) & DESC_WRITE) !== 0;
      const wrong = chain.add(start, table.getUint32(at + 8, true), writable);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  protected override giveBack(chain: Chain, written: number): void {
    this.descriptors.delete(chain);
    this.taken -= chain.entries;
    const index = this.usedNext & ~WRAP;
    this.words[index * 4 + 2] = written;
    this.halves[index * 8 + ID_HALF] = chain.id;
    const flags = (this.usedNext & WRAP ? DESC_AVAIL | DESC_USED : 0) | (written > 0 ? DESC_WRITE : 0);
    Atomics.store(this.halves, index * 8 + FLAGS_HALF, flags);
    this.usedNext = this.after(this.usedNext, chain.entries);
    this.fresh += chain.entries;
  }

  override mute(): void {
    Atomics.store(this.deviceEvent, EVENT_FLAGS, EVENT_DISABLE);
  }

  override listen(): boolean {
    if (this.options.eventIndex) {
      Atomics.store(this.deviceEvent, EVENT_OFFSET, this.next);
      Atomics.store(this.deviceEvent, EVENT_FLAGS, EVENT_AT);
    } else Atomics.store(this.deviceEvent, EVENT_FLAGS, EVENT_ENABLE);
    return this.isAvailable(this.next);
  }

  override takeInterrupt(): boolean {
    const { signalled, fresh } = this;
    this.signalled = this.usedNext;
    this.fresh = 0;
    if (fresh === 0) return false;
    // A fence between what was pushed and what the driver wants now: the store in `push` is one.
    const flags = Atomics.load(this.driverEvent, EVENT_FLAGS) & 3;
    if (flags !== EVENT_AT || !this.options.eventIndex) return flags !== EVENT_DISABLE;
    // 2.8.9: it lies among the entries that were written, counted from the first of them.
    const event = Atomics.load(this.driverEvent, EVENT_OFFSET);
    const round = (event & WRAP) === (signalled & WRAP) ? 0 : this.size;
    const distance = (event & ~WRAP) + round - (signalled & ~WRAP);
    return distance >= 0 && distance < fresh;
  }

  override status(): RingStatus {
    let unseen = 0;
    for (let at = this.next; unseen < this.size && this.isAvailable(at); at = this.after(at, 1)) {
      if ((this.flagsAt(at) & DESC_NEXT) === 0) unseen++;
    }
    return {
      size: this.size,
      unseen,
      inDevice: this.inDevice,
      available: this.next,
      used: this.usedNext,
    };
  }

  /** With each chain its descriptors: those of chains that ended since may lie over them in the ring (2.8). */
  override save(): number[] {
    const { next, usedNext, signalled, fresh } = this;
    const chains = [...this.again, ...this.descriptors.values()];
    return [next, usedNext, signalled, fresh, ...chains.flatMap((words) => [words.length, ...words])];
  }

  /** Whether `save` of a ring of this size can have given these numbers. */
  static fits(size: number, words: readonly number[]): boolean {
    const [next, used, signalled, fresh] = words;
    const inside = (position: number): boolean => position < 0x10000 && (position & ~WRAP) < size;
    const chains = savedChains(words);
    return (
      words.length >= 4 &&
      fresh <= size &&
      [next, used, signalled].every(inside) &&
      chains !== null &&
      chains.flat().length <= size * DESCRIPTOR_WORDS
    );
  }

  override restore(words: readonly number[]): void {
    [this.next, this.usedNext, this.signalled, this.fresh] = words;
    this.again = savedChains(words) ?? [];
  }
}

/** The descriptors of each chain that was saved. @returns null: there cannot be such ones */
function savedChains(words: readonly number[]): number[][] | null {
  const chains: number[][] = [];
  for (let at = 4; at < words.length; at += 1 + words[at]) {
    const chain = words.slice(at + 1, at + 1 + words[at]);
    if (chain.length !== words[at] || chain.length === 0 || chain.length % DESCRIPTOR_WORDS !== 0)
      return null;
    chains.push(chain);
  }
  return chains;
}
