import { conformance } from './conformance.ts';

conformance('mmu-sv39');
conformance('mmu-sv48');
conformance('mmu-sv57');
conformance('pmp');
