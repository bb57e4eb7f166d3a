import { type BlockNode, type BlockResult, type Eventually, failure, success } from '../block-node.ts';
import { FilterNode } from '../filter/filter-node.ts';
import { request, type Steps, take } from '../request.ts';
import { isManifest } from '../stream/manifest.ts';
import { formatOf, PROBE_BYTES } from './probe.ts';

/** A raw image: the file's bytes as they are. */
export class RawNode extends FilterNode {
  private readonly probed: boolean;

  /**
   * @param options probed: nobody said that the image is raw. A guest that writes another format's header to the start would have its
   *   image opened as one the next time, with any file as its backing file: such writes fail.
   */
  constructor(file: BlockNode, options: { probed: boolean }) {
    super(file);
    this.probed = options.probed;
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    if (!this.probed || offset >= PROBE_BYTES) return this.file.write(offset, bytes);
    const head = bytes.slice(0, Math.max(0, PROBE_BYTES - offset));
    const found = request(this.formatAfter(offset, head));
    if (found instanceof Promise) {
      const kept = bytes.slice();
      return found.then((result) => (result.ok ? this.file.write(offset, kept) : result));
    }
    return found.ok ? this.file.write(offset, bytes) : found;
  }

  private *formatAfter(offset: number, bytes: Uint8Array): Steps<null> {
    const head = new Uint8Array(Math.min(PROBE_BYTES, this.size));
    if (offset > 0) head.set(yield* take(this.file.read(0, Math.min(offset, head.length))));
    head.set(bytes.subarray(0, head.length - offset), offset);
    const format = isManifest(head) ? 'published' : formatOf(head);
    return yield* take(
      format === null || format === 'raw'
        ? success(null)
        : failure(
            'io',
            `the guest wrote the header of a ${format} image to a disk whose format nobody gave: use format=raw`,
          ),
    );
  }
}
