/** The host's fused multiply-add, which Wasm has only as an option: src/worker/fma.ts. */

/** x × y + z rounded once, to nearest even; a NaN on a host that cannot. */
@external("env", "fma")
export declare function hostFma(x: f64, y: f64, z: f64): f64;

/** 1 + 2^-52, whose square is 1 + 2^-51 + 2^-104: the last term is lost if the product is rounded by itself. */
const ABOVE_ONE: f64 = 1.0000000000000002;

export function hostFmaIsFused(): bool {
  return hostFma(ABOVE_ONE, ABOVE_ONE, -1.0000000000000004) == 4.930380657631324e-32;
}
