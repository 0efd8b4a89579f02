// A function as f = Σ ωᵢ·φᵢ(aᵢᵀw + bᵢ) + Σ ω·log Σ e^(aₖᵀw + bₖ) + what is affine + what is not understood.

import type { Node } from "../../graph/node.ts";
import type { Interval } from "../../numeric/interval.ts";
import { accumulator } from "./accumulate.ts";
import { type Derivatives, derivativesOf } from "./derivatives.ts";
import { isAffine } from "./entries.ts";
import type { Normalised } from "./normalise.ts";
import { singleAtom } from "./patterns.ts";
import type { Propagation } from "./propagate.ts";
import { type Row, rowReader } from "./rows.ts";
import { logSumExpGroups, type Term, termsOf } from "./terms.ts";

/** One φ of one row. */
export interface Piece {
  readonly row: Row;
  readonly weight: Interval;
  readonly bounds: Derivatives;
  /** Where it stands: element `at` of the term. */
  readonly term: Term;
  readonly atom: Node;
  readonly at: number;
}

export interface Group {
  readonly rows: readonly Row[];
  readonly factor: Interval;
  readonly atom: Node;
  readonly members: Int32Array;
}

export interface Sum {
  readonly pieces: readonly Piece[];
  readonly groups: readonly Group[];
  /** Gradient of the affine part, by coordinate. */
  readonly linear: readonly Interval[];
  /** Terms that are not understood. */
  readonly rest: readonly Term[];
}

export const isNothing = (w: Interval) => w.lower === 0 && w.upper === 0;

export function decompose(f: Normalised, { entriesOf }: Propagation): Sum {
  const reader = rowReader(f.offsets, entriesOf);
  const pieces: Piece[] = [];
  const groups: Group[] = [];
  const rest: Term[] = [];
  const linear = accumulator(f.coordinates);
  for (const term of termsOf(f, entriesOf)) {
    const { node, weights } = term;
    if (entriesOf(node).every(isAffine)) {
      const rows = reader.rowsOf(node);
      if (!rows) rest.push(term);
      else rows.forEach((r, i) => linear.add(r, weights[i]));
      continue;
    }
    const sums = logSumExpGroups(term);
    if (sums) {
      const [atom] = node.inputs;
      const rows = entriesOf(atom).every(isAffine) ? reader.rowsOf(atom) : undefined;
      if (!rows) rest.push(term);
      else
        for (const { group, factor } of sums)
          groups.push({ rows: Array.from(group, (i) => rows[i]), factor, atom, members: group });
      continue;
    }
    const atom = singleAtom(node, entriesOf);
    const rows = atom && reader.rowsOf(atom);
    const bounds = rows && derivativesOf(node, atom, entriesOf(atom));
    if (!atom || !rows || !bounds) {
      rest.push(term);
      continue;
    }
    rows.forEach((row, at) => {
      if (!isNothing(weights[at])) pieces.push({ row, weight: weights[at], bounds: bounds[at], term, atom, at });
    });
  }
  return { pieces, groups, linear: linear.total(), rest };
}
