import { protectionProgram } from './protection.ts';

protectionProgram('protection-segments');
protectionProgram('protection-privilege');
protectionProgram('protection-paging');
protectionProgram('protection-pae');
