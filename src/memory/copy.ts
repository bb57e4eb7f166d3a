/**
 * Copies bytes out of shared memory. TextDecoder, crypto.subtle.digest, Blob, ImageData, CompressionStream and
 * IndexedDB refuse views of a SharedArrayBuffer; this is the one place that makes ordinary bytes of them.
 */
export function copyShared(view: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(view.byteLength);
  copy.set(view);
  return copy;
}
