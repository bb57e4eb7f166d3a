/**
 * The host's fused multiply-add. Wasm's relaxed SIMD (f64x2.relaxed_madd, Core Specification 3.0) may round once or twice, the same way for
 * the life of the process; where it rounds once, the core uses it. It lies in a module of its own, because not every engine knows it.
 */

type Fma = (x: number, y: number, z: number) => number;

/** A module that exports one function (func (export "f") (param f64 f64 f64) (result f64) …) with the given body. */
function moduleOf(...body: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7c, 0x7c, 0x7c, 0x01, 0x7c],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
    ...[0x0a, body.length + 4, 0x01, body.length + 2, 0x00, ...body, 0x0b],
  );
}

function functionOf(module: Uint8Array<ArrayBuffer>): Fma {
  return new WebAssembly.Instance(new WebAssembly.Module(module)).exports.f as Fma;
}

/** The first lane of f64x2.relaxed_madd of the parameters. */
const FUSED = moduleOf(
  ...[0x20, 0x00, 0xfd, 0x14, 0x20, 0x01, 0xfd, 0x14, 0x20, 0x02, 0xfd, 0x14],
  ...[0xfd, 0x87, 0x02, 0xfd, 0x21, 0x00],
);
/** f64.const nan: Wasm too, since a call of JavaScript costs more than what it saves. */
const NONE = moduleOf(0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f);

/** x × y + z rounded once, or a function that always gives NaN where the engine has none. */
export function hostFma(): Fma {
  if (WebAssembly.validate(FUSED)) {
    const fma = functionOf(FUSED);
    // (1 + 2^-52)² = 1 + 2^-51 + 2^-104: the last term is lost if the product is rounded by itself.
    const x = 1 + Number.EPSILON;
    if (fma(x, x, -(1 + 2 * Number.EPSILON)) === 2 ** -104) return fma;
  }
  return functionOf(NONE);
}
