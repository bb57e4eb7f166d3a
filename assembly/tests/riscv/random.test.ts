import { conformance } from './conformance.ts';

conformance('random-programs');
