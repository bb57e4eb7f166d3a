import { encodeName, hasByteEscapes } from '../core/byte-names.ts';

/** A path whose names may have bytes that are no UTF-8, for node:fs. @throws Error on a host that has no such names */
export function hostPath(path: string): string | Buffer {
  if (!hasByteEscapes(path)) return path;
  if (process.platform === 'win32') throw new Error('the host takes no such name');
  return Buffer.from(encodeName(path));
}
