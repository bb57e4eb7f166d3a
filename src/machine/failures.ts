/** What a machine fails with, told so that a person knows what to do, with the guest's registers where they help. */
import { VmError } from '../core/errors.ts';
import type { VmErrorCode } from '../core/vm-api.ts';
import { RESULT_DIFFERENCE, RESULT_TRAP_LOOP } from '../memory/layout.gen.ts';
import type { Session } from './session.ts';

/** What run() failed with: a worker that is gone says so itself, a trap inside the accelerator is named with the guest's registers. */
export async function crashError(session: Session, error: unknown): Promise<unknown> {
  if (error instanceof VmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // The state in the shared memory outlives the trap, but the instance may be in no shape to read it.
  const registers = await session.vcpu.describe().catch(() => 'The registers could not be read.');
  return new VmError(
    'internal',
    `The accelerator failed while it ran the guest (${message}). Start the machine again, and please report it.\n${registers}`,
    { cause: error },
  );
}

/** What a run() that ended for no reason of the guest or the host ended with: the error of its RESULT_*. */
export async function hangError(session: Session, result: number): Promise<VmError> {
  const code: VmErrorCode = result === RESULT_TRAP_LOOP ? 'guest-hang' : 'internal';
  const what =
    code === 'guest-hang'
      ? 'The guest hangs: it traps in its own trap handler for ever. Reset the machine, or choose another kernel.'
      : result === RESULT_DIFFERENCE
        ? 'The tiers of the accelerator differ (--tier check). Please report it, with all that follows.'
        : `The accelerator met a state it cannot continue from (result ${result}). Please report it.`;
  return new VmError(code, `${what}\n${await session.vcpu.describe()}`);
}

/** Anything that was thrown as an error with a code. */
export function asVmError(error: unknown): VmError {
  if (error instanceof VmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new VmError('internal', `Something went wrong inside the machine: ${message}`, { cause: error });
}
