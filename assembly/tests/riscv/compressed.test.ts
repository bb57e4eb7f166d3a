import { conformance } from './conformance.ts';

conformance('rv64c');
conformance('rv64c-sweep');
