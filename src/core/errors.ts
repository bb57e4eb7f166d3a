import type { VmErrorCode } from './vm-api.ts';

/** A host failure with a message that says what to do. Guest mistakes are never errors: they are logged and counted. */
export class VmError extends Error {
  override readonly name = 'VmError';
  readonly code: VmErrorCode;

  /** @param message one line, for people: what is wrong and what to do about it */
  constructor(code: VmErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
