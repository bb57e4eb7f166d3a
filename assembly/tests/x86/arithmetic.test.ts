import { conformance } from './conformance.ts';

conformance('alu32');
conformance('alu64');
conformance('unary32');
conformance('unary64');
conformance('shift32');
conformance('shift64');
