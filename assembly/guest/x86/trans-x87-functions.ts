/** x87's transcendental instructions. SDM 2. */
import { emitX87 } from './emit-x87';
import * as H from './helpers-x87-functions';
import { x87Unavailable } from './trans-x87-control';

function call(e: usize, i: usize, helper: u32, operation: u32): bool {
  if (!x87Unavailable(e)) emitX87(e, i, helper, 0, 0, operation);
  return true;
}

export function transFsin(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Trigonometric.index, H.SINE);
}

export function transFcos(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Trigonometric.index, H.COSINE);
}

export function transFsincos(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Trigonometric.index, H.SINE_COSINE);
}

export function transFptan(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Trigonometric.index, H.TANGENT);
}

export function transFpatan(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Binary.index, H.ARCTANGENT);
}

export function transFyl2x(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Binary.index, H.LOGARITHM);
}

export function transFyl2xp1(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Binary.index, H.LOGARITHM_NEAR_1);
}

export function transF2xm1(e: usize, i: usize): bool {
  return call(e, i, H.helperX87Exponential.index, 0);
}
