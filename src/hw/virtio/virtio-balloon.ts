/**
 * A virtio memory balloon with free page reporting. Specification: VIRTIO 1.2, section 5.5.
 *
 * Memory that the guest gives away, or reports as free, is filled with zeros: the browser takes no part of a shared memory back, so nothing else can be
 * done with it, but zeros compress well in a snapshot. A hinting queue for migration is not there.
 */
import type { SavedState, SavedValue, StateReader } from '../device.ts';
import type { Chain } from './ring.ts';
import { serve } from './serve.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const F_STATS_VQ = 1n << 1n;
const F_DEFLATE_ON_OOM = 1n << 2n;
const F_REPORTING = 1n << 5n;

const QUEUE_INFLATE = 0;

const QUEUE_STATS = 2;

const QUEUE_SIZE = 128;
const PAGE = 4096;
/** Bytes of one report that are cleared: Linux sends 32 blocks of at most 4 MiB. The buffers may be the same memory again and again. */
const REPORT_MAX = 128 << 20;
const CONFIG_NUM_PAGES = 0;
const CONFIG_ACTUAL = 4;
const CONFIG_BYTES = 8;

/** A statistic: tag and 64-bit value, packed. */
const STAT_BYTES = 10;
/** Names by tag, as in QEMU's monitor (5.5.6.4). */
export const BALLOON_STATS = [
  'swap-in',
  'swap-out',
  'major-faults',
  'minor-faults',
  'free-memory',
  'total-memory',
  'available-memory',
  'disk-caches',
  'hugetlb-allocations',
  'hugetlb-failures',
] as const;

export type BalloonStats = Partial<Record<(typeof BALLOON_STATS)[number], number>>;

export class VirtioBalloon implements VirtioType {
  readonly name = 'virtio-balloon';
  readonly id = 5;
  readonly pciClass = 0x00ff00;
  readonly features: bigint;
  readonly queues: readonly number[];
  readonly configBytes = CONFIG_BYTES;
  /** What the guest said last of its memory, bytes and counts. */
  stats: BalloonStats = {};
  private readonly config = new DataView(new ArrayBuffer(CONFIG_BYTES));
  private readonly reporting: number | null;
  private host!: VirtioHost;
  /** The statistics buffer, which the device gives back when it wants new ones (5.5.6.3). */
  private statsChain: Chain | null = null;
  /** Bytes that were reported as free since the device was reset. */
  reported = 0;

  /** @param options.reporting whether the guest reports free pages; @param options.deflateOnOom whether it may take pages back by itself */
  constructor({
    reporting = false,
    deflateOnOom = false,
  }: { reporting?: boolean; deflateOnOom?: boolean } = {}) {
    this.features = F_STATS_VQ | (deflateOnOom ? F_DEFLATE_ON_OOM : 0n) | (reporting ? F_REPORTING : 0n);
    this.reporting = reporting ? QUEUE_STATS + 1 : null;
    this.queues = Array.from({ length: reporting ? 4 : 3 }, () => QUEUE_SIZE);
  }

  connect(host: VirtioHost): void {
    this.host = host;
  }

  /** Pages of 4 KiB that the guest is to give away. */
  set target(pages: number) {
    this.config.setUint32(CONFIG_NUM_PAGES, pages, true);
    this.host.configChanged();
  }

  get target(): number {
    return this.config.getUint32(CONFIG_NUM_PAGES, true);
  }

  /** Pages that it has given away. */
  get actual(): number {
    return this.config.getUint32(CONFIG_ACTUAL, true);
  }

  /** Asks the guest for new statistics. */
  refresh(): void {
    const chain = this.statsChain;
    if (!chain?.live) return;
    this.statsChain = null;
    chain.ring.push(chain, 0);
    this.host.signal(QUEUE_STATS);
  }

  readConfig(offset: number): number {
    return this.config.getUint8(offset);
  }

  writeConfig(offset: number, size: number, value: number): void {
    if (offset === CONFIG_ACTUAL && size === 4) this.config.setUint32(CONFIG_ACTUAL, value, true);
  }

  notify(queue: number): void {
    if (queue === QUEUE_STATS) return this.takeStats();
    serve(this.host, queue, (chain) => {
      if (queue === this.reporting) this.takeReport(chain);
      else if (queue === QUEUE_INFLATE) this.inflate(chain);
      // Pages that come back (queue 1) need nothing: they were there all the time.
      return 0;
    });
  }

  /** Page numbers of 32 bits (5.5.6.1). */
  private inflate(chain: Chain): void {
    const bytes = chain.read(0, Math.min(chain.outBytes, PAGE) & ~3);
    for (const page of new Uint32Array(bytes.buffer))
      this.clear(this.host.memory.view(page * PAGE, PAGE, true));
  }

  /** The buffers themselves are the free pages (5.5.6.7). */
  private takeReport(chain: Chain): void {
    let left = REPORT_MAX;
    for (const bytes of chain.in) {
      // What is beyond stays as it is, which a driver without page poison has to expect of any reported page.
      if (bytes.length > left) break;
      this.clear(bytes);
      left -= bytes.length;
    }
    this.reported += chain.inBytes;
  }

  private clear(bytes: Uint8Array | null): void {
    if (!bytes) return;
    bytes.fill(0);
    this.host.memory.written(bytes);
  }

  private takeStats(): void {
    const ring = this.host.ring(QUEUE_STATS);
    if (!ring) return;
    do {
      for (let chain = ring.pop(); chain; chain = ring.pop()) {
        // There is one buffer; a driver that offers more gets the older ones back.
        if (this.statsChain?.live) ring.push(this.statsChain, 0);
        this.statsChain = chain;
        this.readStats(chain.read(0, Math.min(chain.outBytes, PAGE)));
      }
    } while (this.host.running && ring.listen());
    this.host.signal(QUEUE_STATS);
  }

  private readStats(bytes: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(bytes.buffer);
    this.stats = {};
    for (let at = 0; at + STAT_BYTES <= bytes.length; at += STAT_BYTES) {
      const name = BALLOON_STATS[view.getUint16(at, true)];
      if (name) this.stats[name] = Number(view.getBigUint64(at + 2, true));
    }
  }

  /** The target is the host's wish, and survives (2.4 leaves it to the device). */
  reset(): void {
    this.config.setUint32(CONFIG_ACTUAL, 0, true);
    this.stats = {};
    this.statsChain = null;
    this.reported = 0;
  }

  save(): SavedState {
    const state: Record<string, SavedValue> = { target: this.target, actual: this.actual };
    return state;
  }

  restorer(reader: StateReader): () => void {
    const [target, actual] = [reader.uint('target', 32), reader.uint('actual', 32)];
    return () => {
      this.config.setUint32(CONFIG_NUM_PAGES, target, true);
      this.config.setUint32(CONFIG_ACTUAL, actual, true);
    };
  }
}
