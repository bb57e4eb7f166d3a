import { conformance } from './conformance.ts';

conformance('csr');
conformance('traps');
