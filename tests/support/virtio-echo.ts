import type { VirtioHost, VirtioType } from '../../src/hw/virtio/virtio.ts';

/** A virtio device with two queues for tests: answers each chain with the bytes it was sent; holds them back while `holding`. */
export class Echo implements VirtioType {
  readonly name = 'virtio-echo';
  readonly id = 42;
  readonly pciClass = 0xff0000;
  readonly features = 1n << 3n;
  readonly queues = [16, 16];
  readonly configBytes = 8;
  host!: VirtioHost;
  holding = false;
  notified = 0;

  connect(host: VirtioHost): void {
    this.host = host;
  }

  readConfig(offset: number): number {
    return offset + 1;
  }

  notify(queue: number): void {
    this.notified++;
    const ring = this.host.ring(queue)!;
    do {
      ring.mute();
      for (let chain = this.holding ? null : ring.pop(); chain; chain = ring.pop()) {
        const bytes = chain.read(0, Math.min(chain.outBytes, chain.inBytes));
        chain.write(0, bytes);
        ring.push(chain, bytes.length);
      }
    } while (!this.holding && this.host.running && ring.listen());
    this.host.signal(queue);
  }

  reset(): void {}

  save() {
    return {};
  }

  restorer() {
    return () => {};
  }
}
