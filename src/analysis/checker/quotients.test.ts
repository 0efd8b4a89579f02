// Division of the checker's polynomials: a product divided by a factor is the other one, and quotient and rest make up what was divided.

import fc from "fast-check";
import { expect, it } from "vitest";
import { rational } from "../../numeric/exact/rational.ts";
import { add, constant, cos, createStore, type Expression, exp, mul, power, scale, variable } from "../symbolic/index.ts";
import { arithmeticOf, type Polynomial, sum } from "./fractions.ts";
import { dividedBy } from "./quotients.ts";

const store = createStore({
  box: [0, 1].map(() => ({ lower: -1, upper: 1 })),
  open: [0, 1].map(() => ({ lower: false, upper: false })),
  halfSpaces: [],
  cones: [],
  text: "",
});
const [x, y] = [0, 1].map((i) => variable(store, i));
const a = arithmeticOf(store);
const polynomial = (coefficients: readonly number[], atoms: readonly Expression[]): Polynomial => {
  const [p, q] = atoms;
  const monomials = [constant(store, 1), p, q, mul(p, q), power(p, rational(2)), mul(power(q, rational(2)), p)];
  return a.of(add(constant(store, 0), ...monomials.map((m, i) => scale(coefficients[i], m)))).top;
};
const isSame = (p: Polynomial, q: Polynomial) => sum(p, q, rational(-1)).size === 0;
const coefficients = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 6, maxLength: 6 });

it.each<[string, readonly Expression[]]>([
  ["variables", [x, y]],
  ["a variable and an exponential", [x, exp(y)]],
  ["a cosine and a variable", [cos(x), y]],
])("is the inverse of multiplication, in %s", (_, atoms) => {
  fc.assert(
    fc.property(coefficients, coefficients, coefficients, (c, d, e) => {
      const [p, q, r] = [c, d, e].map((k) => polynomial(k, atoms));
      const total = sum(a.times(p, q), r);
      if (q.size === 0) return dividedBy(total, q, a) === undefined;
      const found = dividedBy(total, q, a);
      // With exponentials, of which each divides each, division need not end.
      if (!found) return atoms[1].kind === "product" || atoms[1].kind === "function";
      if (!isSame(sum(a.times(found.quotient, q), found.rest), total)) return false;
      if (atoms[0] !== x || atoms[1] !== y) return true;
      const whole = dividedBy(a.times(p, q), q, a);
      return whole !== undefined && whole.rest.size === 0 && isSame(whole.quotient, p);
    }),
    { numRuns: 100 },
  );
});

it("leaves the value where the divisor vanishes as a rest that is a number", () => {
  const product = a.of(mul(x, y)).top;
  const found = dividedBy(a.of(add(mul(x, y), constant(store, -1))).top, product, a);
  expect([...(found?.rest.values() ?? [])].map((t) => t.c)).toEqual([rational(-1)]);
});
