// Random formulas with their domains, and an examination of what is claimed of them by samples in plain floats: chords, and second
// derivatives along lines. Used by the tests and by scripts/certify-soundness.ts.

import type { Certificate } from "../certificate.ts";
import {
  addJets,
  constantJet,
  convexEverywhere,
  everywhereDefined,
  extreme,
  type Jet,
  lineJet,
  multiplyJets,
  onPositive,
  scaledBy,
} from "./jets-test-support.ts";

/** A formula as text, and as a function of floats that keeps account of its rounding. */
export interface RandomFormula {
  readonly text: string;
  readonly domain: string;
  readonly names: readonly string[];
  evaluate(x: readonly number[]): { readonly value: number; readonly error: number };
  /** f along x + s·v at s = 0. */
  along(x: readonly number[], v: readonly number[]): Jet;
  /** A point of the domain. */
  sample(random: () => number): number[];
}

interface Part {
  readonly text: string;
  readonly value: (x: readonly Jet[]) => Jet;
}

const coefficients = [1, -1, 2, 3, 0.5, -2, 0.1, -0.25, 4, 6, 1e-3, -1e-6, 1e3, -1e6, 1e-9, 1e8];
const mild = coefficients.slice(0, 12);

const pick = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() * list.length)];

function affinePart(names: readonly string[], random: () => number): Part {
  const index = Math.floor(random() * names.length);
  if (random() < 0.5) return { text: names[index], value: (x) => x[index] };
  const [a, b] = [pick(random() < 0.9 ? mild : coefficients, random), pick(mild, random)];
  return { text: `(${a}*${names[index]}+${b})`, value: (x) => addJets(constantJet(b), x[index], a) };
}

function sumOf(a: Part, b: Part, c: number): Part {
  return {
    text: `(${a.text}+${c}*${b.text})`,
    value: (x) => addJets(a.value(x), b.value(x), c),
  };
}

function part(names: readonly string[], depth: number, positive: boolean, random: () => number, outermost = false): Part {
  const kind = depth === 0 ? 0 : outermost ? 0.25 + 0.75 * random() : random();
  if (kind < 0.25) return affinePart(names, random);
  if (kind < 0.55) {
    const { text, of } = pick(everywhereDefined, random);
    const u = part(names, depth - 1, positive, random);
    return { text: text(u.text), value: (x) => of(u.value(x)) };
  }
  if (positive && kind < 0.65) {
    const index = Math.floor(random() * names.length);
    const { text, of } = pick(onPositive, random);
    return { text: text(names[index]), value: (x) => of(x[index]) };
  }
  const a = part(names, depth - 1, positive, random);
  const b = part(names, depth - 1, positive, random);
  if (kind < 0.85) return sumOf(a, b, pick(coefficients, random));
  if (kind < 0.95) {
    return {
      text: `(${a.text})*(${b.text})`,
      value: (x) => multiplyJets(a.value(x), b.value(x)),
    };
  }
  const largest = random() < 0.5;
  return {
    text: `${largest ? "max" : "min"}(${a.text},${b.text})`,
    value: (x) => extreme(a.value(x), b.value(x), largest ? "max" : "min"),
  };
}

/** A convex function and a little of something else: a needle, or any other part. */
function nearlyConvex(names: readonly string[], positive: boolean, random: () => number): Part {
  const convexPart = (): Part => {
    const { text, of } = pick(convexEverywhere, random);
    let u = affinePart(names, random);
    if (names.length > 1 && random() < 0.5) u = sumOf(u, affinePart(names, random), pick(mild, random));
    return { text: text(u.text), value: (x) => of(u.value(x)) };
  };
  let total = convexPart();
  for (let k = 0; k < 2; k++) if (random() < 0.6) total = sumOf(total, convexPart(), pick([1, 0.5, 2, 1e-3, 100], random));
  const size = pick([1e-1, 1e-2, 1e-4, 1e-7, 1e-10, 1e-13], random) * (random() < 0.5 ? 1 : -1);
  if (random() < 0.4) return sumOf(total, part(names, 2, positive, random), size);
  const index = Math.floor(random() * names.length);
  const width = pick([1, 10, 100, 1000, 1e4], random);
  const at = pick([0, 0.5, -1.25, 3.75, 0.001], random);
  const needle = everywhereDefined.find(({ text }) => text("u") === pick(["exp(-(u)^2)", "1/(1+(u)^2)", "sin(u)"], random));
  if (!needle) return total;
  const inner: Part = {
    text: `(${width}*(${names[index]}-${at}))`,
    value: (x) => scaledBy(width, addJets(x[index], constantJet(at), -1)),
  };
  const sharp: Part = {
    text: needle.text(inner.text),
    value: (x) => needle.of(inner.value(x)),
  };
  return sumOf(total, sharp, size);
}

/** A formula of one to three variables, everywhere, on half-lines, on intervals that may be tiny, or on a triangle. */
export function randomFormula(random: () => number): RandomFormula {
  const names = ["x", "y", "z"].slice(0, random() < 0.65 ? 1 : random() < 0.8 ? 2 : 3);
  const kind = Math.floor(random() * 6);
  const width = pick([1, 2, 0.5, 1e-3, 1e-6], random);
  const from = pick([0, 1, -1, 0.25, -3], random);
  const triangle = kind === 3 && names.length > 1;
  const positive = kind === 2 || triangle;
  const domain =
    kind < 2
      ? "R"
      : positive
        ? [...names.map((n) => `${n}>0`), ...(triangle ? [`${names.join("+")}<1`] : [])].join(",")
        : names.map((n) => `${from}<=${n}<=${from + width}`).join(",");
  const { text, value } =
    random() < 0.35 ? nearlyConvex(names, positive, random) : part(names, names.length > 2 ? 2 : 3, positive, random, true);
  // The formula must name every variable.
  const missing = names.filter((n) => !new RegExp(`\\b${n}\\b`).test(text));
  const whole = missing.length === 0 ? text : `${text}+${missing.join("+")}`;
  const extra = missing.map((n) => names.indexOf(n));
  const along = (x: readonly number[], v: readonly number[]): Jet => {
    const jets = x.map((xi, i) => lineJet(xi, v[i]));
    return extra.reduce((sum, i) => addJets(sum, jets[i]), value(jets));
  };
  return {
    text: whole,
    domain,
    names,
    along,
    evaluate: (x) => {
      const still = x.map(() => 0);
      const { at, errors } = along(x, still);
      return { value: at[0], error: errors[0] };
    },
    sample: (r) => {
      const point = names.map(() => {
        const s = r();
        const scale = pick([1, 1, 1, 0.1, 10, 1e-3, 100], r);
        const gauss = (r() + r() + r() - 1.5) * 2;
        if (kind < 2) return gauss * scale;
        if (positive) return Math.abs(gauss * scale) + 1e-9;
        return Math.min(from + width, from + s * width);
      });
      const sum = point.reduce((a, b) => a + b, 0);
      return triangle && sum >= 0.999 ? point.map((p) => (p / sum) * 0.999 * (0.2 + 0.8 * r())) : point;
    },
  };
}

const known = (x: number | null): x is number => x !== null && Number.isFinite(x);

/** What samples hold against a certificate: undefined where nothing. */
export function objection(
  formula: RandomFormula,
  certificate: Certificate,
  random: () => number,
  pairs = 150,
): string | undefined {
  return (
    againstWitnesses(formula, certificate) ??
    againstChords(formula, certificate, random, pairs) ??
    againstCurvature(formula, certificate, random, pairs)
  );
}

/** What the last digits of a point near x may change. */
function rounding(formula: RandomFormula, x: readonly number[]): number {
  const { at, errors } = formula.along(
    x,
    x.map((xi) => Math.abs(xi)),
  );
  const change = 1e-15 * (Math.abs(at[1]) + errors[1]);
  // Where the slope is infinite, points of few digits are taken as they are.
  return Number.isFinite(change) ? change : 0;
}

function againstWitnesses(formula: RandomFormula, { convex, concave }: Certificate): string | undefined {
  for (const [name, { answer, witness, proof }] of Object.entries({ convex, concave })) {
    if (answer === "yes" && !proof) return `${name} without a proof`;
    if (answer !== "no") continue;
    if (!witness) return `not ${name} without a witness`;
    const { a, b, t, gap } = witness;
    const m = a.map((v, i) => (1 - t) * v + t * b[i]);
    const values = [m, a, b].map((x) => formula.evaluate(x));
    const found = values[0].value - (1 - t) * values[1].value - t * values[2].value;
    // Points are rounded too, between a and b.
    // What overflows here intervals may still see.
    if (!Number.isFinite(found)) continue;
    const estimate = 4 * Math.max(...values.map((v) => v.error)) + rounding(formula, m);
    // A root at 0 keeps half of the digits.
    const slack = Number.isFinite(estimate) ? estimate : 1e-6;
    if (name === "convex" ? !(gap > 0 && found > -slack) : !(gap < 0 && found < slack))
      return `the witness against ${name} shows ${found}`;
    if (Math.abs(gap) > Math.abs(found) + slack) return `the gap of the witness against ${name} is ${gap}, not ${found}`;
  }
  return undefined;
}

function againstChords(
  formula: RandomFormula,
  { convex, concave, mu, L, lipschitz }: Certificate,
  random: () => number,
  pairs: number,
): string | undefined {
  let a = formula.sample(random);
  for (let k = 0; k < pairs; k++) {
    const far = formula.sample(random);
    // Near points too: curvature may be of the wrong sign in a small place only.
    const b = k % 3 === 0 ? far : a.map((v, i) => v + (far[i] - v) * 10 ** (-4 * random()));
    const m = a.map((v, i) => v / 2 + b[i] / 2);
    const [fa, fb, fm] = [a, b, m].map((x) => formula.evaluate(x));
    const slack = 4 * Math.max(fa.error, fb.error, fm.error) + rounding(formula, m) + 1e-300;
    // Twice the height of the chord's middle above f, which is between μ and L times the square of half its length.
    const height = fa.value + fb.value - 2 * fm.value;
    const half = a.reduce((s, v, i) => s + (v / 2 - b[i] / 2) ** 2, 0);
    // Where the points are so close that their middle is rounded, the height says nothing.
    const blurred = a.some((v, i) => Math.abs(v - b[i]) < 1e-9 * Math.abs(v));
    const next = far;
    if (Number.isFinite(height) && Number.isFinite(slack) && !blurred) {
      const where = `at ${JSON.stringify([a, b])}: height ${height}`;
      if (convex.answer === "yes" && height < -slack) return `not convex ${where}`;
      if (concave.answer === "yes" && height > slack) return `not concave ${where}`;
      if (convex.answer === "yes" && concave.answer !== "yes" && known(mu.lower) && height < mu.lower * half * (1 - 1e-9) - slack)
        return `mu is less than ${mu.lower} ${where}`;
      if (
        concave.answer === "yes" &&
        convex.answer !== "yes" &&
        known(mu.lower) &&
        -height < mu.lower * half * (1 - 1e-9) - slack
      )
        return `mu is less than ${mu.lower} ${where}`;
      if (known(L.upper) && Math.abs(height) > L.upper * half * (1 + 1e-9) + slack) return `L is more than ${L.upper} ${where}`;
      const rise = Math.abs(fa.value - fb.value);
      if (known(lipschitz.upper) && rise > lipschitz.upper * 2 * Math.sqrt(half) * (1 + 1e-9) + slack)
        return `the Lipschitz constant is more than ${lipschitz.upper} ${where}`;
    }
    a = next;
  }
  return undefined;
}

/** By vᵀ∇²f(x)v for unit vectors v, which see curvature that is lost in the rounding of chords. */
function againstCurvature(
  formula: RandomFormula,
  { convex, concave, mu, L, lipschitz }: Certificate,
  random: () => number,
  points: number,
): string | undefined {
  const isConvex = convex.answer === "yes";
  const isConcave = concave.answer === "yes";
  const least = !isConvex ? (known(L.upper) ? -L.upper : -Infinity) : known(mu.lower) && !isConcave ? mu.lower : 0;
  const most = !isConcave ? (known(L.upper) ? L.upper : Infinity) : known(mu.lower) && !isConvex ? -mu.lower : 0;
  for (let k = 0; k < points; k++) {
    const x = formula.sample(random);
    const direction = formula.names.map(() => random() + random() + random() - 1.5);
    const length = Math.hypot(...direction);
    const v = formula.names.length === 1 ? [1] : direction.map((d) => d / length);
    const { at, errors } = formula.along(x, v);
    if (![...at, ...errors].every(Number.isFinite)) continue;
    const slack = 4 * errors[2] + 1e-300;
    const outside = (c: number) =>
      c < least - slack - 1e-9 * Math.abs(least) ? -1 : c > most + slack + 1e-9 * Math.abs(most) ? 1 : 0;
    const side = outside(at[2]);
    // Rounding changes with the last digits of x, curvature does not.
    if (side !== 0) {
      const again = [1, 2, 3, 4, 5].map(
        (j) =>
          formula.along(
            x.map((xi, i) => xi * (1 + (j + i) * 3e-12)),
            v,
          ).at[2],
      );
      const spread = Math.max(...again) - Math.min(...again);
      const over = Math.abs(at[2] - (side < 0 ? least : most));
      if (again.every((c) => outside(c) === side) && spread < 0.1 * over)
        return `the curvature at ${JSON.stringify(x)} along ${JSON.stringify(v)} is ${at[2]}, not within [${least}, ${most}]`;
    }
    if (known(lipschitz.upper) && Math.abs(at[1]) > lipschitz.upper * (1 + 1e-9) + 4 * errors[1])
      return `the slope at ${JSON.stringify(x)} is ${at[1]}, more than ${lipschitz.upper}`;
  }
  return undefined;
}
