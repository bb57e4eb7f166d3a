import { describe, expect, it } from 'vitest';
import { bzImage, riscvImage } from '../../tests/support/boot-files.ts';
import { HEADER_SIZE, kernelArch } from './file-kind.ts';

const header = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, HEADER_SIZE);

describe('kernelArch', () => {
  it('tells 32-bit and 64-bit x86 kernels apart, and says nothing of others', () => {
    expect(kernelArch(header(bzImage(4096)))).toBe('i386');
    expect(kernelArch(header(bzImage(4096, { is64: true })))).toBe('x86_64');
    expect(kernelArch(header(riscvImage(4096)))).toBeUndefined();
    expect(kernelArch(new Uint8Array(8))).toBeUndefined();
  });
});
