import { conformance } from './conformance.ts';

conformance('mmx32');
conformance('mmx64');
conformance('sse-int32');
conformance('sse-int64');
conformance('sse-text32');
conformance('sse-text64');
conformance('sse-f32-32');
conformance('sse-f32-64');
conformance('sse-f64-64');
conformance('sse-convert32');
conformance('sse-convert64');
conformance('sse-quick64');
