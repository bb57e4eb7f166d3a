import { describe } from 'vitest';
import { unfinished } from './conformance.ts';

describe('fixtures whose instructions are not all translated yet', () => {
  unfinished('mmx32');
  unfinished('mmx64');
  unfinished('sse-int32');
  unfinished('sse-int64');
  unfinished('sse-text32');
  unfinished('sse-text64');
  unfinished('sse-f32-32');
  unfinished('sse-f32-64');
  unfinished('sse-f64-64');
  unfinished('sse-convert32');
  unfinished('sse-convert64');
});
