// Exact eliminations in proofs, multiplied out.

import { add, format, isZero, mul, parseRational, type Rational, sign, zero } from "../../numeric/exact/rational.ts";
import type { JsonData } from "../certificate.ts";

/** The matrix of rational numbers of this name in a proof's data. */
export function fieldMatrix(data: JsonData | undefined, name: string): Rational[][] | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const rows = (data as { readonly [key: string]: JsonData | undefined })[name];
  if (!Array.isArray(rows)) return undefined;
  return rows.map((row) => (Array.isArray(row) ? row : [row]).map((x) => parseRational(String(x))));
}

/** directions·matrix·directionsᵀ = diag(values) with values ≥ 0, and the directions are independent. */
export function multipliesOut(data: JsonData | undefined): boolean {
  const matrix = fieldMatrix(data, "matrix");
  const directions = fieldMatrix(data, "directions");
  const values = fieldMatrix(data, "values")?.map(([v]) => v);
  if (!matrix || !directions || !values) return false;
  const dot = (a: readonly Rational[], b: readonly Rational[]) => a.reduce((sum, x, i) => add(sum, mul(x, b[i])), zero);
  const images = directions.map((d) => matrix.map((row) => dot(row, d)));
  const diagonal = directions.every((d, i) =>
    images.every((image, j) => format(dot(d, image)) === format(i === j ? values[i] : zero)),
  );
  return diagonal && values.every((v) => sign(v) >= 0) && isRegular(directions);
}

function isRegular(rows: readonly (readonly Rational[])[]): boolean {
  const a = rows.map((row) => [...row]);
  for (let k = 0; k < a.length; k++) {
    const pivot = a.findIndex((row, i) => i >= k && !isZero(row[k]));
    if (pivot < 0) return false;
    [a[k], a[pivot]] = [a[pivot], a[k]];
    for (let i = k + 1; i < a.length; i++) {
      if (isZero(a[i][k])) continue;
      const [p, q] = [a[k][k], a[i][k]];
      a[i] = a[i].map((x, j) => add(mul(p, x), mul({ numerator: -q.numerator, denominator: q.denominator }, a[k][j])));
    }
  }
  return true;
}
