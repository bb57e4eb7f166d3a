/** Ranges of bytes, ascending, with a gap between any two. */
export type ByteRanges = [start: number, end: number][];

/** Adds the bytes from `start` up to `end`. Of more than `most` ranges the two that are nearest to each other become one, with what lies between them. */
export function addRange(ranges: ByteRanges, start: number, end: number, most: number): void {
  if (start >= end) return;
  // What is written goes mostly behind what was written last.
  let first = ranges.length;
  while (first > 0 && ranges[first - 1][1] >= start) first--;
  let behind = first;
  while (behind < ranges.length && ranges[behind][0] <= end) behind++;
  const touched = ranges.slice(first, behind);
  const [from] = touched.at(0) ?? [start];
  const [, to] = touched.at(-1) ?? [0, end];
  ranges.splice(first, touched.length, [Math.min(start, from), Math.max(end, to)]);
  if (ranges.length <= most) return;
  let nearest = 1;
  const gap = (index: number): number => ranges[index][0] - ranges[index - 1][1];
  for (let index = 2; index < ranges.length; index++) if (gap(index) < gap(nearest)) nearest = index;
  ranges.splice(nearest - 1, 2, [ranges[nearest - 1][0], ranges[nearest][1]]);
}
