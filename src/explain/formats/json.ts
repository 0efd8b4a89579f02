// An explanation as data.

import { toExactJson } from "../../train/exact-json.ts";
import type { Explanation } from "../explanation.ts";

/** JSON with all digits; NaN, the infinities and −0 are { "$number": "NaN" } and the like. */
export function jsonOf(explanation: Explanation): string {
  return toExactJson(explanation);
}
