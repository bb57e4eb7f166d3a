import type { RunnerConfig } from '../core/runner-api.ts';

/** Images that lie in memory as a whole before the first instruction. Disks are read where the guest reads them. */
const KEYS = ['bios', 'kernel', 'initrd'] as const;
type Key = (typeof KEYS)[number];

/** Bytes that a page keeps, of all images together; the one that was not used for the longest time goes first. */
const BYTES_MAX = 512 * 1048576;

/** Boot images that a page holds for its next machines. What cannot be fetched is left to the machine, which says what is wrong. */
export class KeptImages {
  readonly #images = new Map<string, Uint8Array>();

  /** The images of a configuration, to be put in the place of their URLs. */
  async of(config: RunnerConfig): Promise<{ [key in Key]?: Uint8Array }> {
    const images: { [key in Key]?: Uint8Array } = {};
    await Promise.all(
      KEYS.map(async (key) => {
        const url = config[key];
        if (url === undefined || (key === 'bios' && (url === 'none' || url === 'default'))) return;
        const bytes = await this.#get(url);
        if (bytes) images[key] = bytes;
      }),
    );
    return images;
  }

  async #get(url: string): Promise<Uint8Array | null> {
    const known = this.#images.get(url);
    if (known) {
      this.#images.delete(url);
      this.#images.set(url, known);
      return known;
    }
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.#images.set(url, bytes);
    let sum = 0;
    for (const [kept, { length }] of [...this.#images].reverse()) {
      sum += length;
      if (sum > BYTES_MAX) this.#images.delete(kept);
    }
    return bytes;
  }
}
