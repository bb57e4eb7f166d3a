import { closeSync, openSync, writeSync } from 'node:fs';
import { UsageError } from '../command/usage-error.ts';

/** A file that gets what a guest's port says; what was in it is gone, as with QEMU's. */
export class ChardevFile {
  readonly #file: number;
  readonly #path: string;

  /** @throws UsageError if it cannot be written */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, 'w');
    } catch (error) {
      throw new UsageError(`-chardev file,path=${path}: ${(error as Error).message}`);
    }
  }

  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      process.stderr.write(`snowglobe: ${this.#path}: ${(error as Error).message}\n`);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
