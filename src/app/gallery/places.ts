/** Where the doors are on the picture: shuffled, as on calendars of cardboard, and the same each time. */

/** Doors in the rows of a wide picture; 0 leaves the picture as it is, door 24 takes two by two. */
const WIDE = [
  [13, 5, 20, 0, 9, 16],
  [2, 18, 11, 7, 22, 4],
  [0, 8, 24, 24, 14, 1],
  [19, 6, 24, 24, 3, 21],
  [10, 15, 23, 12, 17, 0],
];

const NARROW = [
  [13, 5, 20],
  [9, 16, 2],
  [18, 11, 7],
  [22, 8, 4],
  [24, 24, 14],
  [24, 24, 1],
  [6, 19, 3],
  [10, 21, 15],
  [23, 12, 17],
];

/** `row / column / row / column`, as grid-area takes it. */
function areaOf(door: number, rows: readonly (readonly number[])[]): string {
  const top = rows.findIndex((row) => row.includes(door));
  const left = rows[top].indexOf(door);
  const bottom = rows.findLastIndex((row) => row.includes(door));
  const right = rows[top].lastIndexOf(door);
  return `${top + 1} / ${left + 1} / ${bottom + 2} / ${right + 2}`;
}

/** A door's place on a wide picture and on a narrow one. */
export const placeOf = (door: number): { wide: string; narrow: string } => ({
  wide: areaOf(door, WIDE),
  narrow: areaOf(door, NARROW),
});
