// Stands in for the native engine in the build for Node, where index.ts is a file of its own: it is read when the engine is first
// asked for, and importing Gradus need not wait for what few programs use.

import { fail, GradusError } from "../../graph/errors.ts";
import type { Engine } from "../engine.ts";
import { modules } from "./node.ts";

type Native = Pick<typeof import("./index.ts"), "nativeEngine" | "nativeMissing">;

let loaded: Native | undefined;

function load(): Native {
  if (loaded) return loaded;
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function")
    fail("engine", "native: compiled C needs Node 20.16 or later.");
  try {
    // What is compiled is asked for by functions that return at once, so that import() will not do.
    const native: Native = modules().createRequire(import.meta.url)("./native.js");
    loaded = native;
    return native;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return fail(
      "engine",
      `native: native.js is not beside ${import.meta.url} (${reason}). If Gradus was bundled into another file, leave it outside of the bundle.`,
    );
  }
}

/** C compiled for this processor; needs Node, a C compiler and the package koffi. */
export const nativeEngine: Engine = { name: "native", compile: (graph, options) => load().nativeEngine.compile(graph, options) };

/** What keeps the native engine from working here, with how to get it; undefined: nothing. */
export function nativeMissing(): string | undefined {
  try {
    return load().nativeMissing();
  } catch (error) {
    if (!(error instanceof GradusError)) throw error;
    return error.message;
  }
}
