import { conformance } from './conformance.ts';

conformance('zicbo');
