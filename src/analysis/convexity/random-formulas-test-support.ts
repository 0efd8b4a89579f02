// Random formulas with their domains, and an examination of what is claimed of them by samples in plain floats: nothing of the analysis is
// used for it, so that a wrong claim has no friend. Used by the tests and by scripts/certify-soundness.ts.

import type { Certificate } from "../certificate.ts";

/** A formula as text, and as a function of floats that notes the largest number it met, for the rounding it may carry. */
export interface RandomFormula {
  readonly text: string;
  readonly domain: string;
  readonly names: readonly string[];
  evaluate(x: readonly number[]): { readonly value: number; readonly size: number };
  /** A point of the domain. */
  sample(random: () => number): number[];
}

type Evaluate = (x: readonly number[], note: (v: number) => number) => number;

interface Part {
  readonly text: string;
  readonly value: Evaluate;
}

// erf by its series and continued fraction is not needed here: Abramowitz and Stegun 7.1.26 is too coarse, so normcdf is left out.
const unary: readonly { readonly text: (u: string) => string; readonly value: (u: number) => number }[] = [
  { text: (u) => `exp(${u})`, value: Math.exp },
  { text: (u) => `exp(-(${u}))`, value: (u) => Math.exp(-u) },
  { text: (u) => `exp(-(${u})^2)`, value: (u) => Math.exp(-u * u) },
  { text: (u) => `log(1+exp(${u}))`, value: (u) => Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u))) },
  { text: (u) => `log(1+(${u})^2)`, value: (u) => Math.log1p(u * u) },
  { text: (u) => `sqrt(1+(${u})^2)`, value: (u) => Math.sqrt(1 + u * u) },
  { text: (u) => `1/(1+(${u})^2)`, value: (u) => 1 / (1 + u * u) },
  { text: (u) => `1/(1+exp(-(${u})))`, value: (u) => 1 / (1 + Math.exp(-u)) },
  { text: (u) => `sin(${u})`, value: Math.sin },
  { text: (u) => `cos(${u})`, value: Math.cos },
  { text: (u) => `tanh(${u})`, value: Math.tanh },
  { text: (u) => `(${u})^2`, value: (u) => u * u },
  { text: (u) => `(${u})^2`, value: (u) => u * u },
  { text: (u) => `(${u})^3`, value: (u) => u ** 3 },
  { text: (u) => `(${u})^4`, value: (u) => u ** 4 },
  { text: (u) => `abs(${u})`, value: Math.abs },
  { text: (u) => `max(0,${u})`, value: (u) => Math.max(0, u) },
  { text: (u) => `min(1,${u})`, value: (u) => Math.min(1, u) },
  { text: (u) => `if(${u}>0,${u},exp(${u})-1)`, value: (u) => (u > 0 ? u : Math.expm1(u)) },
  { text: (u) => `sqrt(abs(${u}))`, value: (u) => Math.sqrt(Math.abs(u)) },
];

const coefficients = [1, -1, 2, 3, 0.5, -2, 0.1, -0.25, 4, 6, 1e-3, -1e-6];

const pick = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() * list.length)];

function part(names: readonly string[], depth: number, positive: boolean, random: () => number): Part {
  const kind = depth === 0 ? 0 : random();
  if (kind < 0.25) {
    const index = Math.floor(random() * names.length);
    if (random() < 0.6) return { text: names[index], value: (x) => x[index] };
    const [a, b] = [pick(coefficients, random), pick(coefficients, random)];
    return { text: `(${a}*${names[index]}+${b})`, value: (x, note) => note(a * x[index]) + note(b) };
  }
  if (kind < 0.55) {
    const { text, value } = pick(unary, random);
    const u = part(names, depth - 1, positive, random);
    return { text: text(u.text), value: (x, note) => note(value(note(u.value(x, note)))) };
  }
  if (positive && kind < 0.65) {
    const index = Math.floor(random() * names.length);
    const [name, value] = pick(
      [
        ["log", Math.log],
        ["sqrt", Math.sqrt],
        ["1/", (v: number) => 1 / v],
      ] as const,
      random,
    );
    return { text: `${name}(${names[index]})`, value: (x, note) => note(value(x[index])) };
  }
  const a = part(names, depth - 1, positive, random);
  const b = part(names, depth - 1, positive, random);
  if (kind < 0.85) {
    const c = pick(coefficients, random);
    return { text: `(${a.text}+${c}*${b.text})`, value: (x, note) => note(a.value(x, note)) + note(c * note(b.value(x, note))) };
  }
  if (kind < 0.95) {
    return { text: `(${a.text})*(${b.text})`, value: (x, note) => note(note(a.value(x, note)) * note(b.value(x, note))) };
  }
  const largest = random() < 0.5;
  return {
    text: `${largest ? "max" : "min"}(${a.text},${b.text})`,
    value: (x, note) => (largest ? Math.max : Math.min)(note(a.value(x, note)), note(b.value(x, note))),
  };
}

/** A formula of one or two variables, everywhere, on a half-line, or on an interval that may be tiny. */
export function randomFormula(random: () => number): RandomFormula {
  const names = random() < 0.65 ? ["x"] : ["x", "y"];
  const kind = Math.floor(random() * 5);
  const width = pick([1, 2, 0.5, 1e-3, 1e-6], random);
  const from = pick([0, 1, -1, 0.25, -3], random);
  const domain =
    kind < 2
      ? "R"
      : kind === 2
        ? names.map((n) => `${n}>0`).join(",")
        : names.map((n) => `${from}<=${n}<=${from + width}`).join(",");
  const { text, value } = part(names, 3, kind === 2, random);
  // The formula must name every variable.
  const missing = names.filter((n) => !new RegExp(`\\b${n}\\b`).test(text));
  const whole = missing.length === 0 ? text : `${text}+${missing.join("+")}`;
  const extra = missing.map((n) => names.indexOf(n));
  return {
    text: whole,
    domain,
    names,
    evaluate: (x) => {
      let size = 0;
      const note = (v: number) => {
        if (Math.abs(v) > size) size = Math.abs(v);
        return v;
      };
      let total = note(value(x, note));
      for (const i of extra) total += note(x[i]);
      return { value: total, size };
    },
    sample: (r) =>
      names.map(() => {
        const s = r();
        const scale = pick([1, 1, 1, 0.1, 10, 1e-3, 100], r);
        const gauss = (r() + r() + r() - 1.5) * 2;
        if (kind < 2) return gauss * scale;
        if (kind === 2) return Math.abs(gauss * scale) + 1e-9;
        return Math.min(from + width, from + s * width);
      }),
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
  const { convex, concave, mu, L, lipschitz } = certificate;
  for (const [name, { answer, witness, proof }] of Object.entries({ convex, concave })) {
    if (answer === "yes" && !proof) return `${name} without a proof`;
    if (answer !== "no") continue;
    if (!witness) return `not ${name} without a witness`;
    const { a, b, t, gap } = witness;
    const m = a.map((v, i) => (1 - t) * v + t * b[i]);
    const values = [m, a, b].map((x) => formula.evaluate(x));
    const found = values[0].value - (1 - t) * values[1].value - t * values[2].value;
    const slack = 1e-12 * Math.max(...values.map((v) => v.size));
    if (name === "convex" ? !(gap > 0 && found > -slack) : !(gap < 0 && found < slack))
      return `the witness against ${name} shows ${found}`;
  }
  let a = formula.sample(random);
  for (let k = 0; k < pairs; k++) {
    const far = formula.sample(random);
    // Near points too: curvature may be of the wrong sign in a small place only.
    const b = k % 3 === 0 ? far : a.map((v, i) => v + (far[i] - v) * 10 ** (-4 * random()));
    const m = a.map((v, i) => v / 2 + b[i] / 2);
    const [fa, fb, fm] = [a, b, m].map((x) => formula.evaluate(x));
    const slack = 1e-12 * Math.max(fa.size, fb.size, fm.size) + 1e-300;
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
