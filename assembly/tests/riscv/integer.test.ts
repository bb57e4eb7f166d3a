import { conformance } from './conformance.ts';

conformance('rv64i');
conformance('rv64i-memory');
conformance('rv64m');
conformance('rv64zb');
conformance('integer-sweep');
