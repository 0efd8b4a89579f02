// Polynomials with integer coefficients without a common divisor: what Sturm's theorem needs of them, without a fraction.
//
// Source: Knuth, The Art of Computer Programming 2, section 4.6.1.

import { spend } from "../effort.ts";
import { gcd, type Rational } from "./rational.ts";

/** Coefficients by degree, the last one not zero; the zero polynomial has none. */
export type Integers = readonly bigint[];

/** Units of work for one operation on numbers as long as the longest of these. */
function costOf(numbers: readonly bigint[]): number {
  let longest = 0n;
  for (const c of numbers) {
    const size = c < 0n ? -c : c;
    if (size > longest) longest = size;
  }
  return 1 + (longest.toString(16).length / 64) ** 1.5;
}

/** p times a positive number. */
export function integersOf(p: readonly Rational[]): Integers {
  let common = 1n;
  for (const { denominator } of p) if (common % denominator !== 0n) common *= denominator / gcd(common, denominator);
  return primitive(p.map(({ numerator, denominator }) => numerator * (common / denominator)));
}

function primitive(p: readonly bigint[]): Integers {
  let content = 0n;
  for (const c of p) {
    content = gcd(content, c);
    if (content === 1n) return p;
  }
  return content === 0n ? p : p.map((c) => c / content);
}

/** The remainder of c·a divided by b for some c > 0, made primitive. */
function remainder(a: Integers, b: Integers): Integers {
  const rest = [...a];
  const lead = b[b.length - 1];
  const size = lead < 0n ? -lead : lead;
  while (rest.length >= b.length) {
    spend(rest.length * costOf([rest[rest.length - 1], lead]));
    const top = lead < 0n ? -rest[rest.length - 1] : rest[rest.length - 1];
    const shift = rest.length - b.length;
    for (let i = 0; i < rest.length; i++) rest[i] *= size;
    for (let j = 0; j < b.length; j++) rest[shift + j] -= top * b[j];
    while (rest.length > 0 && rest[rest.length - 1] === 0n) rest.pop();
  }
  return primitive(rest);
}

/** The greatest common divisor, up to a constant factor. */
export function divisor(p: Integers, q: Integers): Integers {
  let [a, b] = p.length >= q.length ? [p, q] : [q, p];
  while (b.length > 0) [a, b] = [b, remainder(a, b)];
  return a;
}

/** p, its derivative, and minus the remainder of the last two again and again, up to positive factors. */
export function sturmSequence(p: Integers): Integers[] {
  const sequence = [p, primitive(p.slice(1).map((c, i) => c * BigInt(i + 1)))];
  for (;;) {
    const [before, last] = sequence.slice(-2);
    if (last.length === 0) return sequence.slice(0, -1);
    sequence.push(remainder(before, last).map((c) => -c));
  }
}

/** The sign of p(n/d): that of Σ cᵢ·nⁱ·dᵐ⁻ⁱ for degree m. */
export function signOfValue(p: Integers, { numerator, denominator }: Rational): number {
  if (p.length === 0) return 0;
  let value = p[p.length - 1];
  let scale = 1n;
  for (let i = p.length - 2; i >= 0; i--) {
    scale *= denominator;
    value = value * numerator + p[i] * scale;
  }
  spend(p.length * costOf([value, scale]));
  return value > 0n ? 1 : value < 0n ? -1 : 0;
}
