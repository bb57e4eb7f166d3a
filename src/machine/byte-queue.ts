/** A queue of bytes that grows as needed. */
export class ByteQueue {
  private bytes = new Uint8Array(256);
  private head = 0;
  private tail = 0;

  get length(): number {
    return this.tail - this.head;
  }

  push(byte: number): void {
    if (this.tail === this.bytes.length) this.makeRoom(1);
    this.bytes[this.tail++] = byte;
  }

  append(more: Uint8Array): void {
    if (this.tail + more.length > this.bytes.length) this.makeRoom(more.length);
    this.bytes.set(more, this.tail);
    this.tail += more.length;
  }

  shift(): number | null {
    return this.head === this.tail ? null : this.bytes[this.head++];
  }

  /** Empties the queue and returns what was in it, as a copy. */
  takeAll(): Uint8Array<ArrayBuffer> {
    const all = this.bytes.slice(this.head, this.tail);
    this.head = 0;
    this.tail = 0;
    return all;
  }

  /** Moves the content to the front, into a larger array if it would still be more than half full. */
  private makeRoom(count: number): void {
    const length = this.length;
    let capacity = this.bytes.length;
    while (2 * (length + count) > capacity) capacity *= 2;
    const next = capacity === this.bytes.length ? this.bytes : new Uint8Array(capacity);
    next.set(this.bytes.subarray(this.head, this.tail));
    this.bytes = next;
    this.head = 0;
    this.tail = length;
  }
}
