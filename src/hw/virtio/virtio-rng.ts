/**
 * A virtio entropy device. Specification: VIRTIO 1.2, section 5.4. Like QEMU's it has no limit of its rate unless it is given one; ours has none.
 */
import type { SavedState } from '../device.ts';
import { serve } from './serve.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const QUEUE_SIZE = 8;
/** `crypto.getRandomValues` gives at most so many bytes at once (Web Cryptography API, section 10.1.1); more than any driver asks for. */
const REQUEST_MAX = 65536;

export class VirtioRng implements VirtioType {
  readonly name = 'virtio-rng';
  readonly id = 4;
  readonly pciClass = 0x00ff00;
  readonly features = 0n;
  readonly queues = [QUEUE_SIZE];
  readonly configBytes = 0;
  private readonly random: (bytes: Uint8Array) => void;
  private host!: VirtioHost;

  /** @param options.random fills with random bytes */
  constructor({ random }: { random(bytes: Uint8Array): void }) {
    this.random = random;
  }

  connect(host: VirtioHost): void {
    this.host = host;
  }

  readConfig(): number {
    return 0;
  }

  notify(queue: number): void {
    serve(this.host, queue, (chain) => {
      const bytes = new Uint8Array(Math.min(chain.inBytes, REQUEST_MAX));
      this.random(bytes);
      chain.write(0, bytes);
      return bytes.length;
    });
  }

  /** It has no state. */
  reset(): void {}

  save(): SavedState {
    return {};
  }

  restorer(): () => void {
    return () => {};
  }
}
