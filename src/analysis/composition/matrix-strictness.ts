// Terms that are strictly convex functions of a matrix: −log det X and tr(D·X⁻¹) with a positive diagonal D, of a positive definite affine X.

import { type Interval, neg } from "../../numeric/interval.ts";
import { isAffine } from "./entries.ts";
import { callName } from "./normalise.ts";
import type { Propagation } from "./propagate.ts";
import type { Row, RowReader } from "./rows.ts";
import type { Term } from "./terms.ts";

/** The entries of the matrices in which the terms (of a concave function, their negatives) are strictly convex. */
export function strictRows(
  terms: readonly Term[],
  sign: -1 | 0 | 1,
  { entriesOf, matrices }: Propagation,
  reader: RowReader,
): readonly Row[] {
  return terms.flatMap((term) => {
    const name = callName(term.node);
    if (name !== "logdet" && name !== "inv") return [];
    const [x] = term.node.inputs;
    const weights = sign < 0 ? term.weights.map(neg) : term.weights;
    const n = x.shape[0];
    const counts = (w: Interval, at: number) =>
      name === "logdet" ? w.upper < 0 : at % (n + 1) === 0 ? w.lower > 0 : w.lower === 0 && w.upper === 0;
    if (sign === 0 || matrices?.factOf(x).positive !== 2 || !weights.every(counts)) return [];
    return (entriesOf(x).every(isAffine) && reader.rowsOf(x)) || [];
  });
}
