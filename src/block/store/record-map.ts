/**
 * What a layer of a stored disk has of each record. Two bits a record, in pages that are stored beside the records, so that a disk is opened
 * without reading its keys, and a range of zeros costs a page and no records.
 *
 * ```
 * page p, byte b:  records p*4096 + b*4 … +3, the first in bits 0-1
 * ```
 */

/** The layer has nothing: what lies below it shows. */
export const NONE = 0;
/** The layer has zeros, and nothing is stored for them. */
export const ZERO = 1;
/** The record is stored. */
export const DATA = 2;
export type RecordState = typeof NONE | typeof ZERO | typeof DATA;
/** The record is stored, in one value with those beside it. */
export const JOINED = 3;
export type StoredState = RecordState | typeof JOINED;

export const PAGE_BYTES = 1024;
export const PAGE_RECORDS = PAGE_BYTES * 4;

export class RecordMap {
  private readonly pages = new Map<number, Uint8Array>();
  private stored = 0;

  /** Records that are stored. */
  get count(): number {
    return this.stored;
  }

  /** Takes a page that was read. */
  load(page: number, bytes: Uint8Array): void {
    this.pages.set(page, bytes);
    for (const byte of bytes) {
      for (let bits = byte; bits !== 0; bits >>= 2) if ((bits & 3) >= DATA) this.stored++;
    }
  }

  /** Whether a page may say anything of a record. */
  has(page: number): boolean {
    return this.pages.has(page);
  }

  get(index: number): RecordState {
    return shown(this.place(index));
  }

  /** Its state, and of a stored record how. */
  place(index: number): StoredState {
    const page = this.pages.get(Math.floor(index / PAGE_RECORDS));
    if (!page) return NONE;
    const within = index % PAGE_RECORDS;
    return ((page[within >> 2] >> ((within & 3) * 2)) & 3) as StoredState;
  }

  /** @returns the page that changed; null: none did */
  set(index: number, state: StoredState): number | null {
    const before = this.place(index);
    if (before === state) return null;
    const number = Math.floor(index / PAGE_RECORDS);
    let page = this.pages.get(number);
    if (!page) this.pages.set(number, (page = new Uint8Array(PAGE_BYTES)));
    const within = index % PAGE_RECORDS;
    const shift = (within & 3) * 2;
    page[within >> 2] = (page[within >> 2] & ~(3 << shift)) | (state << shift);
    this.stored += Number(state >= DATA) - Number(before >= DATA);
    return number;
  }

  /** A page as it is stored; null: it says nothing of any record. */
  page(number: number): Uint8Array | null {
    const page = this.pages.get(number);
    return page?.some((byte) => byte !== 0) ? page : null;
  }

  /** Indices of the records in a state other than NONE, in ascending order. */
  *entries(): Generator<[index: number, state: RecordState]> {
    for (const number of [...this.pages.keys()].sort((a, b) => a - b)) {
      const page = this.pages.get(number)!;
      for (let i = 0; i < PAGE_RECORDS; i++) {
        const state = ((page[i >> 2] >> ((i & 3) * 2)) & 3) as StoredState;
        if (state !== NONE) yield [number * PAGE_RECORDS + i, shown(state)];
      }
    }
  }
}

const shown = (state: StoredState): RecordState => (state === JOINED ? DATA : state);
