// Stands in for the native engine where there is no Node: the build for browsers takes this file for index.ts.

import { fail } from "../../graph/errors.ts";
import type { Engine } from "../engine.ts";

const reason = 'native: compiled C runs in Node only. Use engine: "wasm".';

export const nativeEngine: Engine = { name: "native", compile: () => fail("engine", reason) };

/** What keeps the native engine from working here. */
export function nativeMissing(): string | undefined {
  return reason;
}
