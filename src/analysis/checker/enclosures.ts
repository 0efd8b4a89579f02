// Enclosures of the checker's polynomials over boxes, term by term. A power of a variable times an exponential of it is enclosed as the one
// hump it is, so that what decays is seen to decay on unbounded boxes.

import { type Rational, round, sign, toNumber } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import { jetsOn } from "../convexity/interval-jets.ts";
import type { Expression } from "../symbolic/index.ts";
import { variablesOf } from "../symbolic/traverse.ts";
import { type Arithmetic, type Fraction, numberOf, type Polynomial, type Term } from "./fractions.ts";

type Interval = I.Interval;
type Box = readonly Interval[];

const isNothing = (x: Interval) => x.lower === 0 && x.upper === 0;
const times = (x: Interval, y: Interval): Interval => (isNothing(x) || isNothing(y) ? I.point(0) : I.mul(x, y));
const enclosed = (r: Rational): Interval => ({ lower: round(r, "down"), upper: round(r, "up") });

/** The values of p over boxes. */
export function encloser(p: Polynomial, a: Arithmetic): (box: Box) => Interval {
  const terms = [...p.values()];
  const atoms = [...new Set(terms.flatMap((t) => t.powers.map(([at]) => at)))];
  const units = [...new Set(terms.flatMap((t) => t.exponent.map(([u]) => u)))];
  const expressions = [...atoms.map((at) => a.atoms[at].expression), ...units.map((u) => a.units[u].expression)];
  return (box) => {
    const values = valuesOf(expressions, box);
    const atom = new Map(atoms.map((at, i) => [at, values[i]]));
    const unit = new Map(units.map((u, i) => [u, values[atoms.length + i]]));
    let total = I.point(0);
    for (const t of terms) {
      const hump = humpOf(t, a, box);
      let value = enclosed(t.c);
      for (const [at, k] of t.powers) if (at !== hump?.atom) value = times(value, I.powInteger(atom.get(at) ?? I.entire, k));
      let exponent = I.point(0);
      for (const [u, r] of t.exponent)
        if (u !== hump?.unit) exponent = I.add(exponent, times(enclosed(r), unit.get(u) ?? I.entire));
      value = times(value, F.exp(exponent));
      if (hump) value = times(value, hump.value);
      if (!(value.lower <= value.upper)) return I.entire;
      total = I.add(total, value);
    }
    return total.lower <= total.upper ? total : I.entire;
  };
}

function valuesOf(expressions: readonly Expression[], box: Box): readonly Interval[] {
  const together = jetsOn(expressions, box, 0);
  return together ? together.map((j) => j.value) : expressions.map((e) => jetsOn([e], box, 0)?.[0].value ?? I.entire);
}

/** x^m·e^(c·x^j), j = 1 or 2, where a term has such factors. */
function humpOf(
  { powers, exponent }: Term,
  a: Arithmetic,
  box: Box,
): { atom: number; unit: number; value: Interval } | undefined {
  for (const [unit, c] of exponent) {
    const [only, ...more] = a.units[unit].value.top.values();
    if (more.length > 0 || a.units[unit].value.bottom.size !== 1 || only.exponent.length > 0 || only.powers.length !== 1)
      continue;
    const [[at, j]] = only.powers;
    const e = a.atoms[at].expression;
    const m = powers.find(([b]) => b === at)?.[1];
    if (e.kind !== "variable" || m === undefined || j > 2) continue;
    return { atom: at, unit, value: hump(box[e.index], m, j, c) };
  }
  return undefined;
}

/** The values of x^m·e^(c·x^j) between two bounds: those at the bounds, at 0, and where m + c·j·x^j = 0. */
function hump(x: Interval, m: number, j: number, c: Rational): Interval {
  const at = (y: Interval): Interval => times(I.powInteger(y, m), F.exp(times(enclosed(c), I.powInteger(y, j))));
  const far = (side: 1 | -1): Interval => {
    const grows = sign(c) * (j === 1 ? side : 1) > 0;
    if (!grows) return I.point(0);
    return side < 0 && m % 2 !== 0 ? I.point(-Infinity) : I.point(Infinity);
  };
  const parts = [x.lower === -Infinity ? far(-1) : at(I.point(x.lower)), x.upper === Infinity ? far(1) : at(I.point(x.upper))];
  if (I.contains(x, 0)) parts.push(I.point(0));
  const quotient = -m / (toNumber(c) * j);
  const around = (y: number): Interval => ({ lower: y - Math.abs(y) * 2 ** -40, upper: y + Math.abs(y) * 2 ** -40 });
  const turns = j === 1 ? [quotient] : quotient > 0 ? [Math.sqrt(quotient), -Math.sqrt(quotient)] : [];
  for (const y of turns.map(around)) {
    const inside = I.intersect(y, x);
    if (!I.isEmpty(inside)) parts.push(at(inside));
  }
  return I.hull(...parts);
}

/** Whether a quotient of one variable tends to 0 at −∞ (side −1) or ∞ (1): each term does, and what it is divided by is a number. */
export function tendsToZero({ top, bottom }: Fraction, side: 1 | -1, a: Arithmetic): boolean {
  const constants = [...bottom.values()].every((t) => variablesOf(...expressionsIn(t, a)).length === 0);
  return constants && [...top.values()].every((t) => vanishes(t, side, a));
}

const expressionsIn = ({ powers, exponent }: Term, a: Arithmetic): readonly Expression[] => [
  ...powers.map(([at]) => a.atoms[at].expression),
  ...exponent.map(([u]) => a.units[u].expression),
];

/** Powers of a variable and bounded factors times what falls faster than any power: e^(c·x^j), or Φ(c + d·x) far to the left. */
function vanishes({ powers, exponent }: Term, side: 1 | -1, a: Arithmetic): boolean {
  let falls = false;
  for (const [unit, r] of exponent) {
    const [only, ...more] = a.units[unit].value.top.values();
    const plain = more.length === 0 && numberOf(a.units[unit].value.bottom) !== undefined && only.exponent.length === 0;
    if (plain && only.powers.length === 0) continue;
    if (!plain || only.powers.length !== 1 || a.atoms[only.powers[0][0]].expression.kind !== "variable") return false;
    // Of several exponentials all have to fall.
    if (sign(r) * sign(only.c) * (only.powers[0][1] % 2 === 0 ? 1 : side) > 0) return false;
    falls = true;
  }
  for (const [at] of powers) {
    const atom = a.atoms[at];
    if (atom.expression.kind === "variable" || ["pi", "sin", "cos", "erf", "atan"].includes(atom.name)) continue;
    if (variablesOf(atom.expression).length === 0) continue;
    if (atom.name !== "normcdf") return false;
    const [{ top, bottom }] = atom.arguments;
    const lead = [...top.values()].find((t) => t.powers.length > 0);
    const affine = [...top.values()].every(
      (t) =>
        t.exponent.length === 0 &&
        t.powers.every(([b, k]) => k === 1 && a.atoms[b].expression.kind === "variable") &&
        t.powers.length <= 1,
    );
    const below = numberOf(bottom);
    if (lead && affine && below && sign(lead.c) * sign(below) * side < 0) falls = true;
  }
  return falls;
}
