// Functions known at points only: those of larger matrices, whose factorizations have no formula. Values are enclosed by verified linear
// algebra, which is enough for witnesses.

import { attempt, BudgetError, LateError } from "../../numeric/effort.ts";
import { type Interval, isEmpty, sign as signOfInterval } from "../../numeric/interval.ts";
import { log } from "../../numeric/interval-elementary.ts";
import { cholesky, factorize, determinant as floatDeterminant, solve, svd, symmetricEigen } from "../../numeric/linalg/index.ts";
import type { Witness } from "../certificate.ts";
import { type Condition, compileEnclosure, compileFloat, type Expression, type Opaque, scalarise } from "../symbolic/index.ts";
import { type Problem, sizeOfData } from "./problem.ts";
import { refuteByChords, samplePoints, simpleChord } from "./search.ts";
import type { Sampled } from "./subject.ts";
import { choleskyFactor, determinant, eigenvalues, singularValues, solution } from "./verified-matrices.ts";
import { witnessAlong } from "./witness.ts";

/** More numbers than this are not looked at one by one. */
const mostData = 100_000;

/** The function of a problem at points, or in words why it cannot be had. */
export function sampledOf(problem: Problem, deadline: number): Sampled | string {
  return attempt(deadline, "the formula could not be taken apart within the budget", () => {
    if (sizeOfData(problem) > mostData) return "the data are too many for the formula to be taken apart number by number";
    const { graph, domain, names } = problem;
    try {
      const found = scalarise(graph, { domain, names, opaque: true });
      if (found.kind !== "scalarised") return found.reason;
      return { problem, domain, ...evaluatorsOf(found.value, found.conditions, found.opaque) };
    } catch (error) {
      if (error instanceof BudgetError && !(error instanceof LateError))
        return `the formula grows beyond its budget (${error.message})`;
      throw error;
    }
  });
}

function evaluatorsOf(
  value: Expression,
  conditions: readonly Condition[],
  opaque: readonly Opaque[],
): Pick<Sampled, "floats" | "enclose"> {
  const roots = [value, ...conditions.map((c) => c.expression)];
  const stages = opaque.map((o) => ({ o, floats: compileFloat(o.inputs), enclose: compileEnclosure(o.inputs) }));
  const float = compileFloat(roots);
  const all = compileEnclosure(roots);
  return {
    floats: (x) => {
      const known = [...x];
      for (const { o, floats } of stages) known.push(...floatsOf(o, floats(known)));
      const [y, ...rest] = float(known);
      return rest.every((c, i) => holds(conditions[i], c, c)) ? y : Number.NaN;
    },
    enclose: (box) => {
      const known = [...box];
      for (const { o, enclose } of stages) {
        const inputs = enclose(known);
        const found = inputs.some(isEmpty) ? undefined : intervalsOf(o, inputs);
        if (!found || found.some(isEmpty)) return { value: { lower: -Infinity, upper: Infinity }, defined: false };
        known.push(...found);
      }
      const [y, ...rest] = all(known);
      return { value: y, defined: !isEmpty(y) && rest.every((c, i) => !isEmpty(c) && holds(conditions[i], c.lower, c.upper)) };
    },
  };
}

function holds({ relation }: Condition, lower: number, upper: number): boolean {
  if (relation === "positive") return lower > 0;
  return relation === "nonnegative" ? lower >= 0 : lower > 0 || upper < 0;
}

function intervalsOf({ kind, rows, columns }: Opaque, inputs: readonly Interval[]): readonly Interval[] | undefined {
  switch (kind) {
    case "eigenvalues":
      return eigenvalues(inputs, rows);
    case "singular values":
      return singularValues(inputs, rows, columns);
    case "solution":
      return solution(inputs.slice(0, rows * rows), inputs.slice(rows * rows), rows, columns);
    case "cholesky":
      return choleskyFactor(inputs, rows);
    default: {
      const det = determinant(inputs, rows);
      if (!det || kind === "determinant") return det && [det];
      // Neither steps nor grows without bound where it is not 0.
      if (!(det.lower > 0 || det.upper < 0)) return undefined;
      const size = det.lower > 0 ? det : { lower: -det.upper, upper: -det.lower };
      return [kind === "log determinant" ? log(size) : signOfInterval(det)];
    }
  }
}

function floatsOf({ kind, rows, columns }: Opaque, inputs: readonly number[]): ArrayLike<number> & Iterable<number> {
  const a = Float64Array.from(inputs);
  switch (kind) {
    case "eigenvalues":
      return symmetricEigen(a, rows).values;
    case "singular values":
      return svd(a, rows, columns).s;
    case "solution":
      return solve(a.slice(0, rows * rows), a.slice(rows * rows), rows, columns);
    case "cholesky":
      return cholesky(a, rows);
    case "log determinant": {
      const { factors } = factorize(a, rows);
      return [Array.from({ length: rows }, (_, i) => Math.log(Math.abs(factors[i * (rows + 1)]))).reduce((s, x) => s + x, 0)];
    }
    default: {
      const det = floatDeterminant(a, rows);
      return [kind === "determinant" ? det : Math.sign(det)];
    }
  }
}

const pointsTried = 240;
const directionsTried = 24;

/** A verified witness against convexity or concavity: between simple points, between others, and along lines where floats see one. */
export function refuteSampled(sampled: Sampled, against: "convex" | "concave", deadline: number): Witness | undefined {
  const simple = simpleChord(sampled, against);
  if (simple) return simple;
  const points = samplePoints(sampled.domain, pointsTried, 3);
  const byChords = refuteByChords(sampled, against, points, deadline);
  if (byChords) return byChords;
  const sign = against === "convex" ? 1 : -1;
  const unit = (k: number) => points[0].map((_, i) => (i === k ? 1 : 0));
  for (const x of points) {
    for (let k = 0; k < directionsTried; k++) {
      if (performance.now() > deadline) return undefined;
      const other = points[(k * 7 + 1) % points.length];
      const v = k < x.length && k < directionsTried / 2 ? unit(k) : other.map((y, i) => y - x[i]);
      const size = Math.max(...v.map(Math.abs));
      const [centre, scale] = [sampled.floats(x), Math.max(0.01, ...x.map(Math.abs))];
      const bends = [0.3, 0.01].some((step) => {
        const at = (s: number) => sampled.floats(x.map((y, i) => y + (s * step * scale * v[i]) / size));
        const [p, q] = [at(1), at(-1)];
        return sign * (centre - (p + q) / 2) > 1e-12 * (Math.abs(centre) + Math.abs(p) + Math.abs(q));
      });
      const found = bends ? witnessAlong(sampled, against, x, v) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}
