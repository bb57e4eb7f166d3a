/** The gallery's addresses: `?gallery` is the calendar, `?door=7` one of its doors. */

export interface GalleryAddress {
  /** Null: the calendar. */
  door: number | null;
  /** What the address says in the place of a door's number, if it is none. */
  unknown?: string;
}

/** Null: the address is none of the gallery's. */
export function parseGalleryAddress(search: string): GalleryAddress | null {
  const params = new URLSearchParams(search);
  const text = params.get('door');
  if (text === null) return params.has('gallery') ? { door: null } : null;
  const number = /^\s*0?([1-9]|1\d|2[0-4])\s*$/.exec(text);
  return number ? { door: Number(number[1]) } : { door: null, unknown: text };
}

export const CALENDAR = '?gallery';
export const doorAddress = (door: number): string => `?door=${door}`;
