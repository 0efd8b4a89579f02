// The sign of an expression on a domain.

import type { Domain } from "../domain.ts";
import type { EffortOptions, SignResult } from "./answers.ts";
import { type Expression, isZero, quickSign } from "./expression.ts";

/** The sign of e on the domain (which lies in that of e's store), proved; "unknown" where the budget did not suffice. */
export function signOf(e: Expression, _domain: Domain = e.store.domain, _options: EffortOptions = {}): SignResult {
  if (isZero(e)) return { sign: "zero", method: "normal form" };
  const s = quickSign(e);
  if (!s) return { sign: "unknown", method: "none" };
  if (s.lower >= 0) return { sign: s.zero ? "nonnegative" : "positive", method: "signs of parts" };
  return { sign: s.zero ? "nonpositive" : "negative", method: "signs of parts" };
}
