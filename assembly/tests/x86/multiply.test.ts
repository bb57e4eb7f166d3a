import { conformance } from './conformance.ts';

conformance('muldiv32');
conformance('muldiv64');
conformance('cmpxchg32');
conformance('cmpxchg64');
conformance('decimal32');
