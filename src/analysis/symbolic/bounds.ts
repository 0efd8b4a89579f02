// Infimum and supremum of an expression over a domain.

import type { Domain } from "../domain.ts";
import type { Bounds, EffortOptions } from "./answers.ts";
import type { Expression } from "./expression.ts";

/** Proved enclosures of the least and the greatest value of e on the domain, as tight as the budget allows. */
export function boundsOf(_e: Expression, _domain: Domain = _e.store.domain, _options: EffortOptions = {}): Bounds {
  const open = { lower: -Infinity, upper: Infinity };
  return { inf: open, sup: open, method: "none" };
}
