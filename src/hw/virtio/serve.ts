import type { Chain } from './ring.ts';
import type { VirtioHost } from './virtio.ts';

/** What is handled before the page's other work gets a turn, bytes, and what a chain counts for beside its own: some 2 ms. */
const TURN_BYTES = 8 << 20;
const CHAIN_BYTES = 8192;

/**
 * Answers the chains of a queue, one after the other, for devices that answer at once. Then interrupts the driver if it wants to know.
 * @param handle gives how many bytes it has written; `charge` counts bytes that it has moved beside those of the chain
 */
export function serve(
  host: VirtioHost,
  queue: number,
  handle: (chain: Chain, charge: (bytes: number) => void) => number,
): void {
  const ring = host.ring(queue);
  if (!ring) return;
  let left = TURN_BYTES;
  const charge = (bytes: number): void => {
    left -= bytes;
  };
  do {
    ring.mute();
    for (let chain = ring.pop(); chain; chain = ring.pop()) {
      left -= CHAIN_BYTES + chain.outBytes + chain.inBytes;
      ring.push(chain, handle(chain, charge));
      // A driver that gives buffers back as fast as it gets them would keep the page for ever.
      if (left <= 0 && host.again(queue)) return host.signal(queue);
    }
  } while (host.running && ring.listen());
  host.signal(queue);
}
