import type { Chain } from './ring.ts';
import type { VirtioHost } from './virtio.ts';

/**
 * Answers the chains of a queue, one after the other, for devices that answer at once. Then interrupts the driver if it wants to know.
 * @param handle gives how many bytes it has written
 */
export function serve(host: VirtioHost, queue: number, handle: (chain: Chain) => number): void {
  const ring = host.ring(queue);
  if (!ring) return;
  do {
    ring.mute();
    for (let chain = ring.pop(); chain; chain = ring.pop()) ring.push(chain, handle(chain));
  } while (host.running && ring.listen());
  host.signal(queue);
}
