/**
 * IEEE 754 binary32 and binary64 arithmetic, exact in every rounding mode and flag; see `status.ts` for
 * conventions.
 */
export * from './status';
export * from './f64-arith';
export * from './f32-arith';
export * from './compare';
export * from './convert';
export { hostFmaIsFused } from './host-fma';
