/** `info registers` in QEMU's words. */
import type { Registers } from './target.ts';
export declare function registersText(arch: string, registers: Registers): string;
