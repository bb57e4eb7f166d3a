import { conformance } from './conformance.ts';

conformance('x87-arith32');
conformance('x87-arith64');
conformance('x87-memory32');
conformance('x87-memory64');
conformance('x87-functions32');
conformance('x87-functions64');
conformance('x87-edges32');
conformance('x87-edges64');
conformance('x87-rounds64');
