import { it } from 'vitest';
import { fuzzQcow2 } from '/tmp/w/vblk/tests/support/qcow2-fuzz.ts';
it('x', () => { for (let seed = 1000; seed < 9000; seed++) { let state = Math.imul(seed, 2654435761) >>> 0;
  try { fuzzQcow2((n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 2 ** 32) * n); }); } catch (e) { console.log(seed, (e as Error).stack?.split('\n').slice(0, 8).join('\n')); } } }, 900000);
