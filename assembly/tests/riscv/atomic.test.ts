import { conformance } from './conformance.ts';

conformance('rv64a');
