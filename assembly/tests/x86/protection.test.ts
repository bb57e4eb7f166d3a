import { protectionProgram } from './protection.ts';

protectionProgram('protection-segments');
protectionProgram('protection-privilege');
