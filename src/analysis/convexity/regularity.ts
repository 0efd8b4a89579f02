// Whether a function of several variables is analytic inside its domain, or everywhere but at one point.

import { hessian, simplify } from "../symbolic/index.ts";
import { signOn } from "./cones.ts";
import { constantMatrix, provePositive } from "./psd.ts";
import { guardsOf } from "./regular.ts";
import { remaining, type Subject } from "./subject.ts";

/**
 * "analytic"; "off a point": continuous, and analytic but for one point, which takes nothing from a proof by second derivatives, for a
 * chord through it is a limit of chords past it. √u with u ≥ 0 strictly convex is such: u vanishes at one point at most.
 */
export function regularityOf(subject: Subject): "analytic" | "off a point" | "unknown" {
  const { interior, guards, problem } = subject;
  const open = guards.filter(
    ({ expression }) => signOn(expression, interior, Math.max(1, remaining(subject, 0.2 / guards.length))).sign !== "positive",
  );
  if (open.length === 0) return "analytic";
  if (open.length > 1 || problem.coordinates < 2) return "unknown";
  const [{ expression, exponent }] = open;
  if (exponent === undefined || exponent.numerator < 0n) return "unknown";
  const { sign } = signOn(expression, interior, Math.max(1, remaining(subject, 0.2)));
  if (sign !== "nonnegative" || guardsOf(expression).length > 0) return "unknown";
  const matrix = hessian(expression, problem.coordinates).map((row) => row.map(simplify));
  if (!constantMatrix(matrix)) return "unknown";
  const definite = provePositive(matrix, interior, problem.names, performance.now() + remaining(subject, 0.2));
  return definite && "definite" in definite && definite.definite ? "off a point" : "unknown";
}
