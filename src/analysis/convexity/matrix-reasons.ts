// Why a function of a matrix has no curvature by the rules: what the matrix would have to be, and what the function of its eigenvalues.

import type { Node } from "../../graph/node.ts";
import { type Composition, callName, formulaOf } from "../composition/index.ts";

/** The reason, in words; undefined where the operation is none on matrices, or its matrix is not the reason. */
export function matrixReason(top: Node, of: Composition, label: string, written: string | undefined): string | undefined {
  const name = callName(top);
  if (name === "logdet" || name === "inv" || name === "solve") {
    const [matrix] = top.inputs;
    const fact = of.matrixFact(matrix);
    const text = written ?? formulaOf(matrix, 4);
    if (fact && (fact.positive === 2 || fact.negative === 2)) {
      if (name === "logdet") {
        return `${label} is concave and increasing in the order of Loewner, so that ${text} would have to be affine or concave in it; it is not shown to be`;
      }
      return name === "inv" && !fact.concave
        ? `the inverse is convex and decreasing in the order of Loewner, so that ${text} would have to be affine or concave in it; it is not shown to be`
        : undefined;
    }
    const rule = name === "logdet" ? `${label} is concave` : "the inverse is convex in the order of Loewner";
    return `${rule} where its matrix is positive definite; ${text} is not shown to be, on this domain`;
  }
  if (name === "det") {
    const rows = top.inputs[0].shape[0];
    return rows === 1
      ? undefined
      : `the determinant is neither convex nor concave; where the matrix is positive definite and affine, its logarithm is concave, and its power to at most 1/${rows} as a float64 number`;
  }
  const spectrum = of.spectrumIn(top);
  return spectrum && spectralReason(top, spectrum, of, label, written);
}

function spectralReason(top: Node, spectrum: Node, of: Composition, label: string, written?: string): string {
  const matrix = spectrum.inputs[0].inputs[0];
  const text = written ?? formulaOf(matrix, 4);
  if (spectrum.inputs[0].op.name === "svd") {
    const affine = of.entriesOf(matrix).every((e) => e.convex && e.concave);
    return affine
      ? "a function of the singular values is convex in the matrix where it is convex and increasing in each and does not change where they change places, which is not shown of this one"
      : `functions of singular values are known to be convex in affine matrices; ${text} is not shown to be affine`;
  }
  const fact = of.matrixFact(matrix);
  const kind = fact?.convex ? "convex" : fact?.concave ? "concave" : undefined;
  if (fact?.convex && fact.concave) {
    return top === spectrum || top.op.name === "slice"
      ? "of the eigenvalues of a symmetric matrix only the largest is convex and only the smallest concave"
      : "a function of the eigenvalues is convex in the matrix where it is convex and does not change where they change places, which is not shown of this one";
  }
  const known = kind ? `it is ${kind} in the order of Loewner` : "it is not shown to be either";
  const extreme = /max|largest/.test(label) ? "convex" : /min|smallest/.test(label) ? "concave" : undefined;
  return extreme
    ? `${label} is ${extreme} and increasing in the order of Loewner, so that ${text} would have to be affine or ${extreme} in it; ${known}`
    : `eigenvalues are convex or concave functions of affine matrices, increasing ones also of matrices that bend alike in the order of Loewner; ${text} is not affine, and ${known}`;
}
