/** The host's fused multiply-add, which Wasm has only as an option: src/worker/fma.ts. */

/** x × y + z rounded once, to nearest even; a NaN on a host that cannot. */
@external("env", "fma")
export declare function hostFma(x: f64, y: f64, z: f64): f64;
