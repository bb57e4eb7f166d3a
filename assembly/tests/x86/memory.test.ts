import { conformance } from './conformance.ts';

conformance('stack32');
conformance('stack64');
conformance('string32');
conformance('string64');
conformance('address32');
conformance('address64');
