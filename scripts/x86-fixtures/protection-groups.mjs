// All programs of protection, by the name of their fixture.
import { paging32, pagingPae } from './protection-paging.mjs';
import { privilege, segments } from './protection-segments.mjs';

export const PROTECTION_GROUPS = {
  'protection-segments': segments,
  'protection-privilege': privilege,
  'protection-paging': paging32,
  'protection-pae': pagingPae,
};
