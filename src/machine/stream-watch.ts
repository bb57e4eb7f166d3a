import type { DriveStream, VmProgress } from '../core/vm-api.ts';

/** Between two reports of the same drive, ms. */
const INTERVAL_MS = 250;

/** An image that comes over the network in pieces. */
export interface StreamedNode {
  readonly state: DriveStream;
  readonly isClosed: boolean;
  /** Called when `state` has changed. */
  onChange: (() => void) | null;
  /** Fetches what a start of the machine will read, if that is known. */
  prefetchBoot?(): void;
}

export interface StreamListener {
  stream(drive: string, state: DriveStream): void;
  progress(progress: VmProgress): void;
}

interface Watched {
  node: StreamedNode;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Of what a start reads, as it was told last. */
  told: number;
}

/** Images of a machine's drives that come over the network: tells how they come, not more often than somebody can read. */
export class StreamWatch {
  private readonly drives = new Map<string, Watched>();
  private readonly listener: StreamListener;

  constructor(listener: StreamListener) {
    this.listener = listener;
  }

  /** Follows a drive's image, instead of the one before. */
  watch(drive: string, node: StreamedNode): void {
    this.forget(drive);
    const watched: Watched = { node, timer: undefined, told: -1 };
    this.drives.set(drive, watched);
    node.onChange = () => {
      watched.timer ??= setTimeout(() => {
        watched.timer = undefined;
        this.tell(drive, watched);
      }, INTERVAL_MS);
    };
  }

  /** How a drive's image comes; undefined: it does not come over the network, or was taken out. */
  state(drive: string): DriveStream | undefined {
    const node = this.drives.get(drive)?.node;
    return node && !node.isClosed ? node.state : undefined;
  }

  stop(): void {
    for (const drive of [...this.drives.keys()]) this.forget(drive);
  }

  private forget(drive: string): void {
    const watched = this.drives.get(drive);
    if (!watched) return;
    clearTimeout(watched.timer);
    watched.node.onChange = null;
    this.drives.delete(drive);
  }

  private tell(drive: string, watched: Watched): void {
    const { state } = watched.node;
    this.listener.stream(drive, state);
    const { total, done } = state.boot;
    if (total === 0 || done === watched.told) return;
    watched.told = done;
    this.listener.progress({ step: `Fetching ahead what starts from ${drive}`, loaded: done, total });
  }
}
