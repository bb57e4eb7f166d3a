/** What a machine's images have in common while it exists: the cache, how published ones come, and what is read from them. */
import type { BlockNode } from '../block/block-node.ts';
import { RecordingNode } from '../block/filter/recording-node.ts';
import { BrowserCache } from '../block/stream/browser-cache.ts';
import { hasIndexedDb } from '../core/indexed-db.ts';
import type { Log } from '../core/log.ts';
import type { BootRecording, DriveStream } from '../core/vm-api.ts';
import type { ImageContext, OverlaidDisk } from './image-context.ts';
import { type StreamListener, StreamWatch } from './stream-watch.ts';

/** Bytes of the pieces that are counted: file systems read in less, but seldom one such piece and not the next. */
const RECORDED_UNIT = 64 << 10;

export interface MachineImagesOptions extends StreamListener {
  signal: AbortSignal;
  /** Bytes that the browser may keep. */
  cacheBytes: number;
  recordReads: boolean;
  log: Log;
}

export class MachineImages {
  private readonly options: MachineImagesOptions;
  private readonly streams: StreamWatch;
  private readonly recorded = new Map<string, RecordingNode>();
  private readonly overlaid = new Map<string, OverlaidDisk>();
  /** Of `overlaid`, those that the machine has left open at its end. */
  private readonly held = new Set<string>();
  /** What disks that went elsewhere have left behind. */
  private readonly left: BlockNode[] = [];
  private cache: BrowserCache | null = null;

  constructor(options: MachineImagesOptions) {
    this.options = options;
    this.streams = new StreamWatch(options);
  }

  /** Opens the cache, if there is to be one. A machine starts without it too. */
  async open(): Promise<void> {
    const { cacheBytes, log } = this.options;
    if (cacheBytes === 0 || !hasIndexedDb()) return;
    const opened = await BrowserCache.open(cacheBytes);
    if (opened.ok) this.cache = opened.value;
    else log.warn('cache', `nothing is kept for the next start: ${opened.error.message}`);
  }

  get context(): ImageContext & { signal: AbortSignal } {
    const { signal, recordReads } = this.options;
    return {
      signal,
      cache: this.cache,
      onProgress: (progress) => this.options.progress(progress),
      streamed: (drive, node) => {
        this.streams.watch(drive, node);
        node.prefetchBoot?.();
      },
      overlaid: (drive, disk) => void this.overlaid.set(drive, disk),
      ...(recordReads && { record: (drive: string, node: BlockNode) => this.record(drive, node) }),
    };
  }

  private record(drive: string, node: BlockNode): BlockNode {
    const recorded = new RecordingNode(node, RECORDED_UNIT);
    this.recorded.set(drive, recorded);
    return recorded;
  }

  /** A drive whose writes are in memory; undefined: it is none, or has been moved. */
  inMemory(drive: string): OverlaidDisk | undefined {
    return this.overlaid.get(drive);
  }

  /** The machine has ended. @returns whether the drive's writes are in memory: it stays open, so that they can be kept, until all is closed */
  hold(drive: string): boolean {
    if (this.overlaid.has(drive)) this.held.add(drive);
    return this.held.has(drive);
  }

  /**
   * A drive's writes go elsewhere from now on.
   * @param left what nothing reads any more once the requests of now are over
   * @returns whether the drive was left open, so that it is the caller's to close
   */
  moved(drive: string, left: BlockNode | null): boolean {
    this.overlaid.delete(drive);
    if (left) this.left.push(left);
    return this.held.delete(drive);
  }

  /** How a drive's image comes; undefined: it does not come over the network. */
  stream(drive: string): DriveStream | undefined {
    return this.streams.state(drive);
  }

  recording(): BootRecording {
    const drives: BootRecording['drives'] = {};
    for (const [drive, { size, reads }] of this.recorded) drives[drive] = { size, reads: [...reads] };
    return { type: 'snowglobe-boot', version: 1, unit: RECORDED_UNIT, drives };
  }

  /** Call it when all images are closed. */
  async close(): Promise<void> {
    this.streams.stop();
    const held = [...this.held].flatMap((drive) => this.overlaid.get(drive)?.place ?? []);
    this.held.clear();
    this.overlaid.clear();
    await Promise.all([...held, ...this.left.splice(0)].map((node) => node.close()));
    await this.cache?.close();
  }
}
