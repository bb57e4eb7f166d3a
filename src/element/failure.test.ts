import { describe, expect, it } from 'vitest';
import { VmError } from '../core/errors.ts';
import type { VmErrorCode } from '../core/vm-api.ts';
import { describeFailure, failureDetails, missingFeature, toVmError } from './failure.ts';

const CODES: VmErrorCode[] = [
  'not-isolated',
  'unsupported',
  'bad-config',
  'not-found',
  'bad-image',
  'too-large',
  'out-of-memory',
  'worker-died',
  'guest-hang',
  'internal',
];

describe('the words for a failure', () => {
  it.each(CODES)('%s has a title of its own and an advice that ends in a full stop', (code) => {
    const failure = describeFailure(new VmError(code, 'What happened.'));
    expect(failure).toMatchObject({ code, message: 'What happened.' });
    expect(failure.title).toMatch(/^\S.{8,60}[^.]$/);
    expect(failure.advice).toMatch(/\.$/);
  });

  it('gives no two codes the same title', () => {
    const titles = CODES.map((code) => describeFailure({ code, message: '' }).title);
    expect(new Set(titles).size).toBe(CODES.length);
  });

  it('tells which headers isolate a page', () => {
    const { advice } = describeFailure({ code: 'not-isolated', message: '' });
    expect(advice).toContain('Cross-Origin-Opener-Policy: same-origin');
    expect(advice).toContain('Cross-Origin-Embedder-Policy: require-corp');
  });
});

describe('toVmError', () => {
  it('keeps a VmError, also one that lost its class on the way', () => {
    const error = new VmError('too-large', 'Too large.');
    expect(toVmError(error)).toBe(error);
    expect(toVmError({ code: 'bad-image', message: 'Cut short.' })).toMatchObject({
      code: 'bad-image',
      message: 'Cut short.',
    });
  });

  it('makes anything else an internal error with its text', () => {
    expect(toVmError(new TypeError('x is not a function'))).toMatchObject({
      code: 'internal',
      message: 'x is not a function',
    });
    expect(toVmError('boom')).toMatchObject({ code: 'internal', message: 'boom' });
    expect(toVmError({ code: 'ENOENT', message: 'gone' }).code).toBe('internal');
    expect(toVmError({ code: 'toString', message: 'x' }).code).toBe('internal');
    expect(toVmError(undefined).code).toBe('internal');
  });
});

describe('missingFeature', () => {
  const full = {
    crossOriginIsolated: true,
    SharedArrayBuffer,
    WebAssembly,
    Worker: class {},
    Atomics: { waitAsync() {} },
  };

  it('finds nothing missing in a current, isolated page', () => {
    expect(missingFeature(full)).toBeNull();
  });

  it.each([
    [{ crossOriginIsolated: false }, 'not-isolated'],
    [{ SharedArrayBuffer: undefined }, 'not-isolated'],
    [{ WebAssembly: undefined }, 'unsupported'],
    [{ Worker: undefined }, 'unsupported'],
    [{ Atomics: {} }, 'unsupported'],
  ])('without %o: %s', (lack, code) => {
    expect(missingFeature({ ...full, ...lack })?.code).toBe(code);
  });
});

describe('failureDetails', () => {
  const failure = describeFailure({ code: 'bad-image', message: 'The kernel is cut short.' });

  it('holds what a report needs, and of a file only its name', () => {
    const text = failureDetails(failure, {
      config: {
        arch: 'riscv64',
        memory: 512,
        kernel: new File(['secret'], 'vmlinux'),
        initrd: 'https://a.example/initrd.gz',
      },
      report: null,
      screen: 'OpenSBI v1.6',
      userAgent: 'Browser/1',
    });
    expect(text).toContain('bad-image');
    expect(text).toContain('The kernel is cut short.');
    expect(text).toContain('memory: 512');
    expect(text).toContain('kernel: (file) vmlinux');
    expect(text).toContain('initrd: https://a.example/initrd.gz');
    expect(text).toContain('Browser/1');
    expect(text).toContain('OpenSBI v1.6');
    expect(text).not.toContain('secret');
  });
});
