// All programs of protection, by the name of their fixture.
import { privilege, segments } from './protection-segments.mjs';

export const PROTECTION_GROUPS = {
  'protection-segments': segments,
  'protection-privilege': privilege,
};
