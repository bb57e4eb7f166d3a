import { conformance } from './conformance.ts';

conformance('random-programs');
conformance('random-traps');
conformance('random-interrupts');
