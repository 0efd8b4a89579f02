// Convexity by composition: what is known of the whole from what is known of its parts, on the graph of tensors as it was traced.

import { fail } from "../../graph/errors.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { constantData } from "../../graph/structural.ts";
import type { Interval } from "../../numeric/interval.ts";
import type { Finding } from "../certificate.ts";
import { usedConstants } from "../constants.ts";
import { type Domain, everywhere } from "../domain.ts";
import type { Entries } from "./entries.ts";
import type { MatrixFact } from "./matrices.ts";
import { normalise } from "./normalise.ts";
import { proofOf } from "./proof.ts";
import { isDefinedThroughout, propagate } from "./propagate.ts";
import { type CheckedTerms, checkedTerms, constantsOf } from "./smoothness.ts";
import { spectralReader } from "./spectral.ts";

export { type Entry, isAffine, isConstantEntry, joinEntries } from "./entries.ts";
export { callName } from "./normalise.ts";
export { checkCompositionProof, formulaOf } from "./proof.ts";

/**
 * What composition establishes of a function of one output element, traced in float64 (constants are the numbers they are). Coordinates of the domain are
 * all elements of all parameters in order, row by row. Only "yes" is ever answered, with a proof that checkCompositionProof accepts; what
 * is not established is absent. Within a budget (effort.ts) constants are what was found of them in time. Throws an analysis error where the output is no scalar or the domain has another number of coordinates.
 */
export function compositionFinding(graph: Graph, domain: Domain): Finding {
  const f = normalise(graph);
  if (sizeOf(f.output.shape) !== 1) {
    fail(
      "analysis",
      `the function returns ${sizeOf(f.output.shape)} numbers; a certificate needs one. Reduce with sum() or mean().`,
    );
  }
  if (domain.box.length !== f.coordinates) {
    fail("analysis", `the domain has ${domain.box.length} coordinates, the function ${f.coordinates}.`);
  }
  if (!hasFiniteConstants(graph)) return {};
  const propagation = propagate(f, domain);
  // Where an operation may have no value, nothing is claimed.
  if (!isDefinedThroughout(f.nodes, propagation)) return {};
  const [e] = propagation.entriesOf(f.output);
  const answer = (wanted: "convex" | "concave") =>
    e[wanted] ? { [wanted]: { answer: "yes" as const, method: "composition", proof: proofOf(f, propagation, wanted) } } : {};
  const affine = e.convex && e.concave;
  const constants = constantsOf(f, propagation, domain, e.convex ? 1 : e.concave ? -1 : 0);
  return { ...answer("convex"), ...answer("concave"), ...constants, ...(affine && { strict: false }) };
}

/**
 * What the terms of a function prove of its constants, for checks; `bends`: 1 for one that is convex by composition, −1 concave, 0 neither.
 * undefined where composition claims nothing of it.
 */
export function termsForCheck(graph: Graph, domain: Domain): (CheckedTerms & { readonly bends: -1 | 0 | 1 }) | undefined {
  const f = normalise(graph);
  if (sizeOf(f.output.shape) !== 1 || !hasFiniteConstants(graph)) return undefined;
  const propagation = propagate(f, domain);
  if (!isDefinedThroughout(f.nodes, propagation)) return undefined;
  const [e] = propagation.entriesOf(f.output);
  const bends = e.convex ? 1 : e.concave ? -1 : 0;
  return { ...checkedTerms(f, propagation, domain, bends), bends };
}

export interface Composition {
  /** The output, normalised: calls spelled out, common forms replaced by their names. */
  readonly output: Node;
  /** What the rules establish of a node at or below the output, entry by entry. */
  entriesOf(node: Node): Entries;
  /** What is known of a matrix [n, n]. */
  matrixFact(node: Node): MatrixFact | undefined;
  /** The one vector of eigenvalues or singular values through which alone a node depends on parameters. */
  spectrumIn(node: Node): Node | undefined;
  /** Whether every operation is proved to have a value everywhere inside the domain, and no constant is infinite. */
  isDefined(): boolean;
}

/** What composition establishes of a function of any number of elements, and of its parts. */
export function composition(graph: Graph, domain: Domain): Composition {
  const f = normalise(graph);
  const propagation = propagate(f, domain);
  return {
    output: f.output,
    entriesOf: propagation.entriesOf,
    matrixFact: (node) => propagation.matrices?.factOf(node),
    spectrumIn: spectralReader().spectrumIn,
    isDefined: () => hasFiniteConstants(graph) && isDefinedThroughout(f.nodes, propagation),
  };
}

/** Rules of real numbers hold of none of them where an infinite constant is calculated with. */
const hasFiniteConstants = ({ outputs }: Graph) =>
  usedConstants(outputs).every((node) => constantData(node).every((x) => Number.isFinite(x)));

/** An interval that contains every value of a function of one output element on a box, by interval arithmetic on its graph. */
export function coordinateRanges(graph: Graph, box: readonly Interval[]): Interval {
  const f = normalise(graph);
  const { entriesOf } = propagate(f, { ...everywhere(box.length), box });
  return entriesOf(f.output)[0].range;
}
