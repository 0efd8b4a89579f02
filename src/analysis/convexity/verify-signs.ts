// Bounds of constants by the signs of exact expressions: K² − ‖∇f‖², L·I ∓ ∇²f and ∇²f − μ·I, multiplied out, with the theorems of the checker
// (checker/signs.ts). Of few variables.

import { exactly, isZero, mul, neg, type Rational, sign as signR } from "../../numeric/exact/rational.ts";
import { type Arithmetic, constantPolynomial, type Fraction, scaled } from "../checker/fractions.ts";
import { isNonnegative, isPositive, type Region, signsOfFraction } from "../checker/signs.ts";
import { beyond, isContinuous, regionOfDomain, resolvedIn, smoothnessIn } from "../checker/smooth.ts";
import { type Expression, gradient, hessian } from "../symbolic/index.ts";
import { inOrder } from "../symbolic/traverse.ts";
import type { Checked, ConstantName } from "./checked-function.ts";

const one = constantPolynomial(exactly(1));
const whole = (c: Rational): Fraction => ({ top: constantPolynomial(c), bottom: one });
const turned = ({ top, bottom }: Fraction): Fraction => ({ top: scaled(top, exactly(-1)), bottom });

/** Whether the claim holds: an upper bound of L or of the Lipschitz constant, a lower bound of μ. */
export function holdsBySigns(f: Checked, name: ConstantName, claimed: number): boolean {
  const { subject, domain, bends } = f;
  const a = f.arithmetic();
  const n = f.problem.coordinates;
  if (!subject || !a || n > 4 || !Number.isFinite(claimed) || (name !== "lipschitz" && n > 2)) return false;
  if (domain.box.some(({ lower, upper }) => lower === upper)) return false;
  const region = regionOfDomain(domain, a);
  const { value } = subject;
  const smooth = resolvedIn(value, isContinuous(value) ? region : beyond(region, domain), a);
  if (!smooth) return false;
  const c = exactly(claimed);
  if (name === "lipschitz") {
    if (!isPiecewiseAnalytic(smooth, region, a)) return false;
    const squares = gradient(smooth, n).map((e) => a.power(a.of(e), exactly(2)));
    const rest = squares.reduce((sum, g) => a.add(sum, turned(g)), whole(mul(c, c)));
    return isNonnegative(signsOfFraction(rest, region, a));
  }
  const how = smoothnessIn(smooth, region, a);
  if (!how || (how === "differentiable" && n > 1)) return false;
  const entries = hessian(smooth, n).map((row) => row.map((e) => a.of(e)));
  /** Whether s·∇²f + d·I is positive semidefinite. */
  const semidefinite = (s: 1 | -1, d: Rational): boolean => {
    const moved = entries.map((row, i) =>
      row.map((e, j) => {
        const own = s > 0 ? e : turned(e);
        return i === j && !isZero(d) ? a.add(own, whole(d)) : own;
      }),
    );
    if (!moved.every((row, i) => isNonnegative(signsOfFraction(row[i], region, a)))) return false;
    if (n === 1) return true;
    const minor = a.add(a.multiply(moved[0][0], moved[1][1]), turned(a.multiply(moved[0][1], moved[1][0])));
    return isNonnegative(signsOfFraction(minor, region, a));
  };
  if (name === "L") return (bends === 1 || semidefinite(1, c)) && (bends === -1 || semidefinite(-1, c));
  return (bends === 1 || bends === -1) && semidefinite(bends, neg(c));
}

/**
 * Continuous where it is defined, and analytic but where the base of a root vanishes, which is analytic and not 0 throughout: on almost every line
 * that is at finitely many points.
 */
function isPiecewiseAnalytic(e: Expression, region: Region, a: Arithmetic): boolean {
  if (!isContinuous(e)) return false;
  return inOrder([e]).every((node) => {
    if (node.kind === "function") {
      if (["abs", "max", "min"].includes(node.name)) return false;
      // Of logarithms, arcs and the like the arguments have to be inside.
      return smoothnessIn(node, region, a) !== undefined || !["log", "asin", "acos", "atanh", "acosh"].includes(node.name);
    }
    if (node.kind !== "product") return true;
    return node.factors.every(({ base, exponent }) => {
      if (exponent.denominator === 1n && exponent.numerator > 0n) return true;
      const fraction = a.of(base);
      const s = signsOfFraction(fraction, region, a);
      if (isPositive(s) || (exponent.denominator === 1n && !s.positive && !s.zero)) return true;
      if (signR(exponent) < 0 || !isNonnegative(s)) return false;
      return fraction.top.size > 0 && smoothnessIn(base, region, a) === "analytic";
    });
  });
}
