/** The passes over a region's graph before it is emitted, in their order. */
import { passCopy } from './region';
import { passDead } from './dead';
import { passFold } from './fold';

/** After graphBuild: copies the region's operations to where passes may rewrite them, and improves them. */
export function optimise(cpu: usize): void {
  if (!passCopy(cpu)) return;
  passFold(cpu);
  passDead(cpu);
}
