/** Alignment of memory slots in linear memory, in bytes. */
export const RAM_BASE_ALIGNMENT = 65536;

/** What a board asks for: a piece of the guest's physical memory that lies in the shared memory. */
export interface SlotRequest {
  /** Name for messages: `ram`, `mrom`. */
  name: string;
  kind: 'ram' | 'rom';
  /** Guest-physical base address; null for memory that the board maps by itself, and that no device reaches. */
  guestBase: number | null;
  /** Size in bytes. */
  size: number;
}

/** A slot with its place in linear memory. */
export interface MemorySlot extends SlotRequest {
  readonly linear: number;
}

/** Bytes a slot takes in linear memory. */
export function slotBytes(size: number): number {
  return Math.ceil(size / RAM_BASE_ALIGNMENT) * RAM_BASE_ALIGNMENT;
}
