import { conformance } from './conformance.ts';

conformance('bits32');
conformance('bits64');
conformance('bmi32');
conformance('bmi64');
