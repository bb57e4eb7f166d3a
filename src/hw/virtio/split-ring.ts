/**
 * A split virtqueue: descriptor table, available ring, used ring. Specification: VIRTIO 1.2, section 2.7.
 *
 * The driver runs meanwhile. Its index is loaded, and ours stored, with `Atomics`, so that what lies before them is seen (2.7.13); and since they are
 * sequentially consistent, "store our event index, then load its index" and its counterpart in the driver cannot both miss the other's store.
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

const AVAIL_FLAGS = 0;
const AVAIL_INDEX = 1;
const AVAIL_RING = 2;
const AVAIL_NO_INTERRUPT = 1;
const USED_FLAGS = 0;
const USED_INDEX = 1;
/** In 32-bit words. */
const USED_RING = 1;
const USED_NO_NOTIFY = 1;

export class SplitRing extends Ring {
  private readonly descriptors: Uint32Array;
  private readonly avail: Uint16Array;
  private readonly used: Uint16Array;
  private readonly usedWords: Uint32Array;
  /** The available ring's next entry, modulo 2^16. */
  private next = 0;
  /** The driver's index as last seen. */
  private seen = 0;
  private usedIndex = 0;
  /** The used index when an interrupt was last thought about. */
  private signalled = 0;

  private constructor(
    options: RingOptions,
    areas: Record<'desc' | 'avail' | 'used', NonNullable<ReturnType<typeof area>>>,
  ) {
    super(options);
    this.descriptors = areas.desc.u32;
    this.avail = areas.avail.u16;
    this.used = areas.used.u16;
    this.usedWords = areas.used.u32;
  }

  /** Null if its areas do not lie in RAM as section 2.7 wants them. */
  static open(options: RingOptions): SplitRing | null {
    const { memory, size, descriptors, driver, device } = options;
    const desc = area(memory, descriptors, DESCRIPTOR_BYTES * size, 16);
    const avail = area(memory, driver, 6 + 2 * size, 2);
    const used = area(memory, device, 6 + 8 * size, 4);
    return desc && avail && used ? new SplitRing(options, { desc, avail, used }) : null;
  }

  private get waiting(): number {
    return (this.seen - this.next) & 0xffff;
  }

  /** Looks at the driver's index; false: there is nothing new, or it jumped. */
  private look(): boolean {
    this.seen = Atomics.load(this.avail, AVAIL_INDEX);
    if (this.waiting <= this.size) return this.waiting > 0;
    this.options.fail(
      `the available index jumped from ${this.next} to ${this.seen}, with a queue of ${this.size}`,
    );
    this.seen = this.next;
    return false;
  }

  override pop(): Chain | null {
    const replayed = this.again.shift();
    if (replayed !== undefined) return this.chain(replayed[0]);
    if (this.waiting === 0 && !this.look()) return null;
    const head = this.avail[AVAIL_RING + (this.next % this.size)];
    this.next = (this.next + 1) & 0xffff;
    return this.chain(head);
  }

  private chain(head: number): Chain | null {
    const { fail, memory, indirect } = this.options;
    if (head >= this.size) {
      fail(`descriptor ${head} of ${this.size}`);
      return null;
    }
    if (this.refusesMore()) return null;
    const chain = new Chain(this, memory, head);
    let table = this.descriptors;
    let count = this.size;
    let index = head;
    let inTable = false;
    for (let steps = 0; ; steps++) {
      if (steps >= count) {
        fail('a chain that leads back to itself');
        return null;
      }
      const at = index * 4;
      const address = table[at] + table[at + 1] * 2 ** 32;
      const length = table[at + 2];
      const flags = table[at + 3] & 0xffff;
      const next = table[at + 3] >>> 16;
      if (flags & DESC_INDIRECT) {
        const entries = length / DESCRIPTOR_BYTES;
        // 2.7.5.3.1; a table may be longer than the queue, as Linux and QEMU have it.
        const wrong =
          !indirect || inTable || flags & DESC_NEXT || !Number.isInteger(entries) || entries === 0;
        const view = wrong ? null : memory.read(address, length <= INDIRECT_MAX ? length : -1);
        if (!view) {
          fail(`an indirect table of ${length} bytes at 0x${address.toString(16)}`);
          return null;
        }
        table = new Uint32Array(view.buffer);
        count = entries;
        index = 0;
        inTable = true;
        steps = -1;
        continue;
      }
      const wrong = chain.add(address, length, (flags & DESC_WRITE) !== 0);
      if (wrong !== null) {
        fail(wrong);
        return null;
      }
      if ((flags & DESC_NEXT) === 0) break;
      if (next >= count) {
        fail(`descriptor ${next} of ${count}`);
        return null;
      }
      index = next;
    }
    this.outstanding.add(chain);
    return chain;
  }

  protected override giveBack(chain: Chain, written: number): void {
    const at = USED_RING + 2 * (this.usedIndex % this.size);
    this.usedWords[at] = chain.id;
    this.usedWords[at + 1] = written;
    this.usedIndex = (this.usedIndex + 1) & 0xffff;
    Atomics.store(this.used, USED_INDEX, this.usedIndex);
  }

  override mute(): void {
    // With event indices the driver notifies only when it passes the one that `listen` left.
    if (!this.options.eventIndex) Atomics.store(this.used, USED_FLAGS, USED_NO_NOTIFY);
  }

  override listen(): boolean {
    if (this.options.eventIndex) Atomics.store(this.used, 2 + 4 * this.size, this.next);
    else Atomics.store(this.used, USED_FLAGS, 0);
    return this.look();
  }

  override takeInterrupt(): boolean {
    const { usedIndex, signalled } = this;
    this.signalled = usedIndex;
    if (usedIndex === signalled) return false;
    if (!this.options.eventIndex) return (Atomics.load(this.avail, AVAIL_FLAGS) & AVAIL_NO_INTERRUPT) === 0;
    const event = Atomics.load(this.avail, AVAIL_RING + this.size);
    // 2.7.10: it lies among the entries that were added.
    return ((usedIndex - event - 1) & 0xffff) < ((usedIndex - signalled) & 0xffff);
  }

  override status(): RingStatus {
    const unseen = (Atomics.load(this.avail, AVAIL_INDEX) - this.next) & 0xffff;
    return {
      size: this.size,
      unseen,
      inDevice: this.inDevice,
      available: this.next,
      used: this.usedIndex,
    };
  }

  override save(): number[] {
    const heads = [...this.outstanding].map((chain) => chain.id);
    return [this.next, this.usedIndex, this.signalled, ...this.again.flat(), ...heads];
  }

  /** Whether `save` of a ring of this size can have given these numbers. */
  static fits(size: number, words: readonly number[]): boolean {
    const [next, used, signalled, ...heads] = words;
    const indices = words.length >= 3 && [next, used, signalled].every((index) => index < 0x10000);
    return indices && heads.length <= size && heads.every((head) => head < size);
  }

  override restore([next, usedIndex, signalled, ...heads]: readonly number[]): void {
    this.next = next;
    this.seen = next;
    this.usedIndex = usedIndex;
    this.signalled = signalled;
    this.again = heads.map((head) => [head]);
  }
}
