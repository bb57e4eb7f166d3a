import { conformance } from './conformance.ts';

conformance('interrupts');
