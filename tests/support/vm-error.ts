import { VmError } from '../../src/core/errors.ts';

/** The code and message of the VmError that an action throws, `code: message`. */
export function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VmError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}
