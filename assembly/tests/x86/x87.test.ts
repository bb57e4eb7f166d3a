import { describe } from 'vitest';
import { unfinished } from './conformance.ts';

describe('fixtures whose instructions are not all translated yet', () => {
  unfinished('x87-arith32');
  unfinished('x87-arith64');
  unfinished('x87-memory32');
  unfinished('x87-memory64');
  unfinished('x87-functions32');
  unfinished('x87-functions64');
});
