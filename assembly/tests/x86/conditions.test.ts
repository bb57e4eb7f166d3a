import { conformance } from './conformance.ts';

conformance('conditions32');
conformance('conditions64');
