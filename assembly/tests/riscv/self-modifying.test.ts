import { conformance } from './conformance.ts';

conformance('self-modifying', ['interp', 'eager']);
