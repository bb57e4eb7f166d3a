/** A folder shared with the guest by 9P over virtio. Specification: VIRTIO 1.2 has only its number (5); QEMU's and Linux's headers (virtio_9p.h). */
import type { Log } from '../../core/log.ts';
import type { SavedState, StateReader } from '../device.ts';
import type { FileTree } from './file-tree.ts';
import { NinePServer } from './nine-p-server.ts';
import { serve } from './serve.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const F_MOUNT_TAG = 1n;
const QUEUE_SIZE = 128;
/** Bytes of the shortest message and of an error. */
const MESSAGE_MIN = 7;
const ERROR_BYTES = 11;

export class Virtio9p implements VirtioType {
  readonly name = 'virtio-9p';
  readonly id = 9;
  readonly pciClass = 0x000200;
  readonly features = F_MOUNT_TAG;
  readonly queues = [QUEUE_SIZE];
  readonly configBytes: number;
  private readonly tag: Uint8Array;
  private readonly server: NinePServer;
  private readonly log: Log;
  private host!: VirtioHost;

  /** @param options.tag what the guest mounts, at most 32 bytes; @param options.now nanoseconds since 1970 */
  constructor({ tree, tag, log, now }: { tree: FileTree; tag: string; log: Log; now(): bigint }) {
    this.tag = new TextEncoder().encode(tag);
    this.configBytes = 2 + this.tag.length;
    this.server = new NinePServer({ tree, now });
    this.log = log;
  }

  connect(host: VirtioHost): void {
    this.host = host;
  }

  readConfig(offset: number): number {
    return offset < 2 ? (this.tag.length >> (8 * offset)) & 0xff : this.tag[offset - 2];
  }

  notify(queue: number): void {
    serve(this.host, queue, (chain) => {
      if (chain.outBytes < MESSAGE_MIN || chain.outBytes > this.server.limit || chain.inBytes < ERROR_BYTES) {
        this.log.guestError(
          this.name,
          `a message of ${chain.outBytes} bytes, with room for ${chain.inBytes}`,
        );
        return 0;
      }
      const answer = this.server.handle(chain.read(0, chain.outBytes), chain.inBytes);
      const length = Math.min(answer.length, chain.inBytes);
      chain.write(0, answer.subarray(0, length));
      return length;
    });
  }

  reset(): void {
    this.server.reset();
  }

  /** Without the files, which are the host's. */
  save(): SavedState {
    const { messageMax, fids } = this.server.save();
    return { messageMax, fids: JSON.stringify(fids) };
  }

  restorer(reader: StateReader): () => void {
    const messageMax = reader.uint('messageMax', 32);
    const fids = parseFids(reader.text('fids'));
    if (!fids) throw reader.error('fids', 'a list of numbers and paths');
    return () => this.server.restore({ messageMax, fids });
  }
}

function parseFids(text: string): [number, string][] | null {
  try {
    const list: unknown = JSON.parse(text);
    const fits = (one: unknown): one is [number, string] =>
      Array.isArray(one) && one.length === 2 && Number.isInteger(one[0]) && typeof one[1] === 'string';
    return Array.isArray(list) && list.every(fits) ? list : null;
  } catch {
    return null;
  }
}
