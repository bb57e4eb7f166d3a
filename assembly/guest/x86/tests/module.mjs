// The x86 frontend, for its tests.
import { join } from 'node:path';
import { root } from '../../../../scripts/lib/project.mjs';
import { loadFrontend as load } from '../../tests/frontend.mjs';

/** Folder of the frontend's sources. */
export const folder = join(root, 'assembly/guest/x86');

export const loadFrontend = () => load('x86');
