import { RECORD } from '../store/disk-file.ts';
import { BufferCount } from '../stream/buffer-count.ts';

/** Records that are kept: 32 MiB; half as many where their buffers hold more than that, and fewer where they hold twice as much. */
export const CACHED_RECORDS = 512;
const CACHED_BYTES = CACHED_RECORDS * RECORD;

/** What the store or the base of a disk has, by record, those used last the longest. Records that share a buffer never change. */
export class RecordCache {
  private readonly records = new Map<number, Uint8Array>();
  private readonly buffers = new BufferCount();

  get(index: number): Uint8Array | undefined {
    const record = this.records.get(index);
    if (!record) return undefined;
    this.records.delete(index);
    this.records.set(index, record);
    return record;
  }

  set(index: number, record: Uint8Array): void {
    this.delete(index);
    this.records.set(index, record);
    this.buffers.add(record);
    while (this.full) this.delete(this.records.keys().next().value!);
  }

  delete(index: number): void {
    const record = this.records.get(index);
    if (!record) return;
    this.records.delete(index);
    this.buffers.remove(record);
  }

  clear(): void {
    this.records.clear();
    this.buffers.clear();
  }

  private get full(): boolean {
    const { size } = this.records;
    const { bytes } = this.buffers;
    return (
      size > CACHED_RECORDS || (bytes > CACHED_BYTES && size > CACHED_RECORDS / 2) || bytes > 2 * CACHED_BYTES
    );
  }
}
