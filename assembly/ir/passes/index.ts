/** The passes over a region's graph before it is emitted, in their order. */
import { passesCheck } from './check';
import { passDead } from './dead';
import { passFold } from './fold';
import { passProbe, probesClear } from './probe';
import { passCopy } from './region';

/** After graphBuild: copies the region's operations to where passes may rewrite them, and improves them. */
export function optimise(cpu: usize): void {
  probesClear(cpu);
  if (!passCopy(cpu)) return;
  passFold(cpu);
  passDead(cpu);
  passProbe(cpu);
  if (!ASC_NO_ASSERT) assert(passesCheck(cpu) == 0);
}
