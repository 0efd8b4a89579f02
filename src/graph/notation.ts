// Ways of writing an operation that many have in common.

import type { Notation } from "./primitive.ts";

/** f(x, y); in TeX with another name if need be. */
// @__NO_SIDE_EFFECTS__
export function asFunction(name: string, tex = String.raw`\operatorname{${name}}`): Notation {
  return { text: (...xs) => `${name}(${xs.join(", ")})`, tex: (...xs) => `${tex}(${xs.join(", ")})` };
}

/** sum(x), ∑ x. */
// @__NO_SIDE_EFFECTS__
export function asReduction(name: string, tex: string): Notation {
  return { text: (x) => `${name}(${x})`, tex: (x) => `${tex} ${x}` };
}
