// What the engines build on is there in a browser: SIMD, and shared memory in an isolated page.

import { checks } from "./checks.ts";

export function run() {
  const { check, result } = checks();
  check("the page is isolated from other origins", globalThis.crossOriginIsolated);
  check(
    "memory can be shared",
    new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer,
  );
  check("WebAssembly has SIMD", WebAssembly.validate(simdModule));
  check("there is no Node", !("process" in globalThis));
  return result();
}

/** (func (result v128) i32.const 0  i8x16.splat) */
const simdModule = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
);
