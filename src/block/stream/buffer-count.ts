/** The memory of arrays that may lie in one buffer, all of which stays for any of them. */
export class BufferCount {
  /** Arrays of each buffer. */
  private readonly buffers = new Map<ArrayBufferLike, number>();
  private total = 0;

  get bytes(): number {
    return this.total;
  }

  add({ buffer }: Uint8Array): void {
    const others = this.buffers.get(buffer) ?? 0;
    this.buffers.set(buffer, others + 1);
    if (others === 0) this.total += buffer.byteLength;
  }

  /** Takes one away that was added. */
  remove({ buffer }: Uint8Array): void {
    const others = this.buffers.get(buffer)! - 1;
    if (others > 0) return void this.buffers.set(buffer, others);
    this.buffers.delete(buffer);
    this.total -= buffer.byteLength;
  }

  clear(): void {
    this.buffers.clear();
    this.total = 0;
  }
}
