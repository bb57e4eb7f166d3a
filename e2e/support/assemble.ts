/** Bytes of machine code with labels and short jumps. */

export type Part = number | { label: string } | { to: string };

/** A place that jumps lead to. */
export const label = (name: string): Part => ({ label: name });
/** The displacement of a short jump. */
export const to = (name: string): Part => ({ to: name });

export function assemble(parts: readonly Part[]): number[] {
  const places = new Map<string, number>();
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'object' && 'label' in part) places.set(part.label, at);
    else at++;
  }
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === 'number') bytes.push(part);
    else if ('to' in part) bytes.push((places.get(part.to)! - bytes.length - 1) & 0xff);
  }
  return bytes;
}
