import { VmError } from '../core/errors.ts';

/** What is said where a part of the page does not come: there is no network, or a newer build has other parts. */
export const PART_MISSING =
  'A part of this page could not be loaded. Check your connection, then reload the page.';

/** @throws VmError not-found */
export function refusePart(cause: unknown): never {
  throw new VmError('not-found', PART_MISSING, { cause });
}
