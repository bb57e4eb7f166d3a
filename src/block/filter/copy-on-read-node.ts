import { type BlockResult, type Eventually, outside } from '../block-node.ts';
import { request, type Steps, Turnstile, take } from '../request.ts';
import { FilterNode } from './filter-node.ts';

/** Whole units are copied, so that small reads do not scatter an image. */
const UNIT = 64 * 1024;

/** What is read and comes from a backing file is written into the image, and comes from there the next time. */
export class CopyOnReadNode extends FilterNode {
  /** Copies wait for writes and for one another: an old copy must not land on new bytes. */
  private readonly turn = new Turnstile();

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    if (this.readOnly || length === 0) return this.file.read(offset, length);
    return request(this.turn.alone(() => this.copying(offset, length)));
  }

  private *copying(offset: number, length: number): Steps<Uint8Array> {
    const { file } = this;
    const end = Math.min(file.size, Math.ceil((offset + length) / UNIT) * UNIT);
    for (let at = offset - (offset % UNIT); at < end; ) {
      const status = yield* take(file.blockStatus(at, end - at));
      if (!status.allocated && file.backing) {
        const bytes = (yield* take(file.read(at, status.length))).slice();
        yield* take(file.write(at, bytes));
      }
      at += status.length;
    }
    return yield* take(file.read(offset, length));
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    const source = { bytes };
    const { file } = this;
    const result = request(
      this.turn.alone(function* (): Steps<null> {
        return yield* take(file.write(offset, source.bytes));
      }),
    );
    if (result instanceof Promise) source.bytes = bytes.slice();
    return result;
  }

  override writeZeroes(
    offset: number,
    length: number,
    options?: { unmap?: boolean },
  ): Eventually<BlockResult> {
    const { file } = this;
    return request(
      this.turn.alone(function* (): Steps<null> {
        return yield* take(file.writeZeroes(offset, length, options));
      }),
    );
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    const { file } = this;
    return request(
      this.turn.alone(function* (): Steps<null> {
        return yield* take(file.discard(offset, length));
      }),
    );
  }
}
