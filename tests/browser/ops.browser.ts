// Every operation on the WASM engine against the interpreter, in a browser.

import { engineNamed } from "../../src/engines/index.ts";
import { runOpSuite } from "../../src/engines/op-suite.ts";

export function run() {
  return runOpSuite(engineNamed("wasm"));
}
