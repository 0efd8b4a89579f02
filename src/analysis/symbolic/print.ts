// Expressions as people read them: x^2 + 2*sin(x), exp(x)/(1 + exp(x))^2.

import {
  compare,
  exactly,
  format,
  isZero as isZeroR,
  neg as negR,
  one,
  type Rational,
  sign as signR,
  toNumber,
} from "../../numeric/exact/rational.ts";
import type { Expression, Factor } from "./store.ts";

const sumLevel = 0;
const productLevel = 1;
const powerLevel = 2;
const atomLevel = 3;

/** The expression as text; `names[i]` is what variable i is called, by default as its store says. */
export function print(e: Expression, names: readonly string[] = e.store.names): string {
  return write(e, names, sumLevel);
}

/** An integer, a short decimal where that is the same float64 and shorter, or a fraction. */
export function printRational(r: Rational): string {
  const exact = format(r);
  if (exact.length <= 6) return exact;
  const near = toNumber(r);
  return Number.isFinite(near) && compare(exactly(near), r) === 0 && String(near).length < exact.length ? String(near) : exact;
}

function write(e: Expression, names: readonly string[], level: number): string {
  const wrapped = (text: string, own: number) => (own < level ? `(${text})` : text);
  switch (e.kind) {
    case "rational": {
      const text = printRational(e.value);
      return wrapped(text, signR(e.value) < 0 ? sumLevel : text.includes("/") ? productLevel : atomLevel);
    }
    case "pi":
      return "pi";
    case "variable":
      return names[e.index] ?? `x${e.index}`;
    case "sum": {
      const parts = e.terms.map(({ coefficient, term }) => {
        const size = signR(coefficient) < 0 ? negR(coefficient) : coefficient;
        const bare = compare(size, one) === 0;
        const text = bare ? write(term, names, productLevel) : `${printRational(size)}*${write(term, names, productLevel)}`;
        return { negative: signR(coefficient) < 0, text };
      });
      if (!isZeroR(e.constant)) {
        const negative = signR(e.constant) < 0;
        parts.push({ negative, text: printRational(negative ? negR(e.constant) : e.constant) });
      }
      const [first, ...rest] = parts[0].negative
        ? [...parts.filter((p) => !p.negative), ...parts.filter((p) => p.negative)]
        : parts;
      const text = `${first.negative ? "-" : ""}${first.text}${rest.map((p) => `${p.negative ? " - " : " + "}${p.text}`).join("")}`;
      return wrapped(text, parts.length === 1 && !first.negative ? productLevel : sumLevel);
    }
    case "product": {
      const over = e.factors.filter((f) => signR(f.exponent) > 0);
      const under = e.factors.filter((f) => signR(f.exponent) < 0).map((f) => ({ ...f, exponent: negR(f.exponent) }));
      const list = (factors: readonly Factor[]) => factors.map((f) => writePower(f, names)).join("*");
      const top = over.length > 0 ? list(over) : "1";
      const single = e.factors.length === 1 && under.length === 0;
      if (under.length === 0) return wrapped(top, single ? powerLevel : productLevel);
      return wrapped(`${top}/${under.length > 1 ? `(${list(under)})` : list(under)}`, productLevel);
    }
    case "function":
      return `${e.name}(${e.operands.map((o) => write(o, names, sumLevel)).join(", ")})`;
    case "phi":
      return `phi${e.order}(${write(e.operand, names, sumLevel)})`;
    case "piecewise": {
      const test = `${write(e.test, names, sumLevel)} ${e.strict ? "<" : "<="} 0`;
      return `if(${test}, ${write(e.then, names, sumLevel)}, ${write(e.otherwise, names, sumLevel)})`;
    }
  }
}

function writePower({ base, exponent }: Factor, names: readonly string[]): string {
  if (compare(exponent, one) === 0) return write(base, names, powerLevel);
  if (exponent.numerator === 1n && exponent.denominator === 2n) return `sqrt(${write(base, names, sumLevel)})`;
  const text = printRational(exponent);
  return `${write(base, names, atomLevel)}^${/^\d+$/.test(text) ? text : `(${text})`}`;
}
