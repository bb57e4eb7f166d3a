import { TEST_TIERS } from '../harness.ts';
import { protectionProgram } from './protection.ts';

protectionProgram('protection-segments');
protectionProgram('protection-privilege');
// Page faults under tier check, too: its replay walks no tables.
protectionProgram('protection-paging', [...TEST_TIERS, 'check']);
protectionProgram('protection-pae');
