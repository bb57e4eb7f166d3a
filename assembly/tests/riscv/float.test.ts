import { conformance } from './conformance.ts';

conformance('rv64f');
conformance('rv64d');
conformance('rv64f-fused');
conformance('rv64d-fused');
conformance('rv64f-convert');
conformance('rv64d-convert');
conformance('float-sweep');
