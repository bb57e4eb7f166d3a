import * as L from '../../src/memory/layout.gen.ts';

/**
 * The vCPU's side of the boundary, driven by a test on the page's own thread: loads and stores at guest-physical
 * addresses go through region table, shadow registers, ring and exits exactly as the layout describes. Where the core
 * would sleep in Atomics.wait, this awaits.
 */
export class FakeVcpu {
  readonly memory: WebAssembly.Memory;
  readonly i32: Int32Array;
  readonly view: DataView;
  readonly area: number;
  /** How often each way to a register was taken. */
  readonly taken = { shadow: 0, stale: 0, posted: 0, doorbell: 0, exit: 0, ringFull: 0 };

  constructor(memory: WebAssembly.Memory, index = 0) {
    this.memory = memory;
    this.area = L.VCPU_BASE + index * L.VCPU_STRIDE;
    this.i32 = new Int32Array(memory.buffer, 0, (this.area + L.VCPU_STRIDE) / 4);
    this.view = new DataView(memory.buffer);
  }

  async load(physical: number, size: number): Promise<number> {
    const region = this.region(physical);
    const offset = physical - region.base;
    if (region.kind !== L.REGION_KIND_MMIO) return this.little(region.linear + offset, size);
    const reach = this.reach(region, offset);
    if (
      reach !== null &&
      this.view.getUint8(reach + L.REACH_READ) === L.REACH_SHADOW &&
      size <= region.spacing
    ) {
      if (!this.isStale(reach)) {
        this.taken.shadow++;
        const value = this.view.getBigUint64(reach + L.REACH_SHADOW_VALUE, true);
        return Number(BigInt.asUintN(8 * size, value >> BigInt(8 * (offset % region.spacing))));
      }
      this.taken.stale++;
    }
    await this.exit(L.EXIT_MMIO_READ, region.device, offset, size, 0n);
    return Number(this.view.getBigUint64(this.area + L.COMM_EXIT_VALUE, true));
  }

  async store(physical: number, value: number | bigint, size: number): Promise<void> {
    const region = this.region(physical);
    const offset = physical - region.base;
    const reach = this.reach(region, offset);
    const kind = reach === null ? L.REACH_EXIT : this.view.getUint8(reach + L.REACH_WRITE);
    const deferred = reach !== null && kind === L.REACH_DEFERRED && this.mayWait(reach, BigInt(value), size);
    if (reach !== null && (kind === L.REACH_POSTED || deferred)) {
      await this.roomInRing();
      this.post(region.device, offset, size, BigInt(value), !deferred);
      this.markStale(region, reach);
    } else if (reach !== null && kind === L.REACH_DOORBELL) {
      const last = this.view.getUint32(reach + L.REACH_DOORBELL_COUNT, true) - 1;
      this.ringDoorbell(
        this.view.getUint32(reach + L.REACH_DOORBELL_FIRST, true) + Math.min(Number(value), last),
      );
    } else {
      await this.exit(L.EXIT_MMIO_WRITE, region.device, offset, size, BigInt(value));
    }
  }

  /** Puts an entry into the ring, which must have room. */
  post(device: number, offset: number, size: number, value: bigint, wake = true): void {
    this.taken.posted++;
    const tail = this.word(L.COMM_RING_TAIL);
    const entry = this.area + L.CPU_RING + ((tail >>> 0) % L.RING_ENTRIES) * L.RING_STRIDE;
    this.view.setUint32(entry + L.RING_DEVICE, device, true);
    this.view.setUint32(entry + L.RING_SIZE, size, true);
    this.view.setBigUint64(entry + L.RING_OFFSET, BigInt(offset), true);
    this.view.setBigUint64(entry + L.RING_VALUE, value, true);
    Atomics.store(this.i32, (this.area + L.COMM_RING_TAIL) >> 2, tail + 1);
    if (wake) this.wakePage(false);
  }

  ringDoorbell(number: number): void {
    this.taken.doorbell++;
    Atomics.or(this.i32, (L.DOORBELL_BITS >> 2) + (number >> 5), 1 << (number & 31));
    this.wakePage(false);
  }

  async exit(kind: number, device: number, offset: number, size: number, value: bigint): Promise<void> {
    this.taken.exit++;
    this.view.setUint32(this.area + L.COMM_EXIT_KIND, kind, true);
    this.view.setUint32(this.area + L.COMM_EXIT_DEVICE, device, true);
    this.view.setBigUint64(this.area + L.COMM_EXIT_OFFSET, BigInt(offset), true);
    this.view.setUint32(this.area + L.COMM_EXIT_SIZE, size, true);
    this.view.setBigUint64(this.area + L.COMM_EXIT_VALUE, value, true);
    Atomics.store(this.i32, (this.area + L.COMM_EXIT_PENDING) >> 2, 1);
    this.wakePage(true);
    await this.until(L.COMM_EXIT_PENDING, (pending) => pending === 0);
  }

  wakePage(always: boolean): void {
    Atomics.add(this.i32, L.VM_PAGE_WAKE >> 2, 1);
    if (always || Atomics.load(this.i32, L.VM_PAGE_AWAKE >> 2) === 0)
      Atomics.notify(this.i32, L.VM_PAGE_WAKE >> 2, 1);
  }

  /** Entries posted and not yet handled. */
  get ringLength(): number {
    return (this.word(L.COMM_RING_TAIL) - this.word(L.COMM_RING_HEAD)) >>> 0;
  }

  word(offset: number): number {
    return Atomics.load(this.i32, (this.area + offset) >> 2);
  }

  setWord(offset: number, value: number): void {
    Atomics.store(this.i32, (this.area + offset) >> 2, value);
    Atomics.notify(this.i32, (this.area + offset) >> 2);
  }

  /** Waits until a word of the communication block satisfies `ready`. */
  async until(offset: number, ready: (value: number) => boolean): Promise<void> {
    for (;;) {
      const value = this.word(offset);
      if (ready(value)) return;
      const wait = Atomics.waitAsync(this.i32, (this.area + offset) >> 2, value, 1000);
      if (wait.async && (await wait.value) === 'timed-out')
        throw new Error(`nobody answered: word ${offset} is ${value}`);
    }
  }

  private async roomInRing(): Promise<void> {
    while (this.ringLength >= L.RING_ENTRIES) {
      this.taken.ringFull++;
      Atomics.store(this.i32, (this.area + L.COMM_RING_WAITING) >> 2, 1);
      this.wakePage(true);
      const head = this.word(L.COMM_RING_HEAD);
      if (this.ringLength >= L.RING_ENTRIES) await this.until(L.COMM_RING_HEAD, (now) => now !== head);
      Atomics.store(this.i32, (this.area + L.COMM_RING_WAITING) >> 2, 0);
    }
  }

  private region(physical: number) {
    const count = this.view.getUint32(L.VM_REGION_COUNT, true);
    for (let i = count - 1; i >= 0; i--) {
      const at = L.REGION_TABLE + i * L.REGION_STRIDE;
      const u32 = (offset: number): number => this.view.getUint32(at + offset, true);
      const base = Number(this.view.getBigUint64(at + L.REGION_BASE, true));
      const size = Number(this.view.getBigUint64(at + L.REGION_SIZE, true));
      if (physical < base || physical >= base + size) continue;
      return {
        base,
        kind: u32(L.REGION_KIND),
        linear: u32(L.REGION_LINEAR),
        device: u32(L.REGION_DEVICE),
        spacing: u32(L.REGION_SPACING),
        reach: u32(L.REGION_REACH),
        count: u32(L.REGION_REACH_COUNT),
      };
    }
    throw new Error(`nothing is mapped at 0x${physical.toString(16)}`);
  }

  private reach(region: { spacing: number; reach: number; count: number }, offset: number): number | null {
    if (region.spacing === 0) return null;
    const index = Math.floor(offset / region.spacing);
    return index < region.count ? region.reach + index * L.REACH_STRIDE : null;
  }

  private staleWord(reach: number): number {
    return (this.area + L.CPU_STALE_UNTIL) / 4 + (reach - L.REACH_TABLES) / L.REACH_STRIDE;
  }

  private isStale(reach: number): boolean {
    return ((this.i32[this.staleWord(reach)] - this.word(L.COMM_RING_HEAD)) | 0) > 0;
  }

  private markStale(region: { reach: number }, reach: number): void {
    const mask = this.view.getBigUint64(reach + L.REACH_STALE_MASK, true);
    for (let i = 0; i < 64; i++) {
      if ((mask >> BigInt(i)) & 1n) {
        this.i32[this.staleWord(region.reach + i * L.REACH_STRIDE)] = this.word(L.COMM_RING_TAIL);
      }
    }
  }

  private mayWait(reach: number, value: bigint, size: number): boolean {
    const changed = Number(
      (this.view.getBigUint64(reach + L.REACH_SHADOW_VALUE, true) ^ value) & 0xffffffffn,
    );
    const decisive = this.view.getUint32(reach + L.REACH_DECISIVE, true);
    return size <= this.view.getUint8(reach + L.REACH_DEFERRED_WIDTH) && (changed & decisive) === 0;
  }

  private little(linear: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value += this.view.getUint8(linear + i) * 2 ** (8 * i);
    return value;
  }
}
