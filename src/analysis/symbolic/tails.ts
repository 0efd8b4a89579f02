// Forms of an expression for large |x|: in each sum the exponential that wins is taken out, so that quotients of large numbers become
// quotients of numbers near their limits, and nothing overflows.

import { add as addR, compare, mul as mulR, type Rational, rational, zero } from "../../numeric/exact/rational.ts";
import { type Expression, exp, type Factor, linear, product, variablesOf } from "./expression.ts";
import { type Base, fractionOf, type Normaliser, normaliserOf, quarters } from "./normal.ts";
import type { Monomial } from "./polynomial.ts";

/** e for x ≥ 0 and for x ≤ 0, where it has one variable and exponentials of its multiples in sums. */
export function tailForms(e: Expression): { readonly right?: Expression; readonly left?: Expression } {
  const [variable, ...others] = variablesOf(e);
  if (variable === undefined || others.length > 0) return {};
  const f = fractionOf(e);
  if (!f) return {};
  const n = normaliserOf(e.store);
  if (![...f.bases.keys()].some((b) => hasRates(b, n))) return {};
  const form = (side: 1 | -1): Expression => {
    let rate = zero;
    const factors: Factor[] = [];
    for (const [g, exponent] of f.generators) {
      const r = rateOf([[g, exponent]], n);
      if (r) rate = addR(rate, r);
      else factors.push({ base: n.generators[g].expression, exponent: quarters(exponent) });
    }
    for (const [b, exponent] of f.bases) {
      const { base, taken } = winning(b, n, side);
      factors.push({ base, exponent: quarters(exponent) });
      rate = addR(rate, mulR(taken, quarters(exponent)));
    }
    const whole = product(e.store, [...factors, { base: exponential(rate, e, variable), exponent: rational(1) }]);
    return linear(e.store, zero, [[f.coefficient, whole]]);
  };
  return { right: form(1), left: form(-1) };
}

const exponential = (rate: Rational, { store }: Expression, index: number): Expression =>
  exp(linear(store, zero, [[rate, variableOf(store, index)]]));

const variableOf = (store: Expression["store"], index: number): Expression => {
  const found = store.nodes.get(`x${index}`);
  if (!found) throw new Error(`variable ${index} is not in the store`);
  return found;
};

/** r where the monomial is e^(r·x), for a variable x; undefined for others. */
function rateOf(monomial: Monomial, n: Normaliser): Rational | undefined {
  let rate = zero;
  for (const [g, e] of monomial) {
    const { expression, root } = n.generators[g];
    if (root || expression.kind !== "function" || expression.name !== "exp") return undefined;
    const [u] = expression.operands;
    if (u.kind === "variable") rate = addR(rate, quarters(e));
    else if (u.kind === "sum" && u.terms.length === 1 && u.constant.numerator === 0n && u.terms[0].term.kind === "variable") {
      rate = addR(rate, mulR(u.terms[0].coefficient, quarters(e)));
    } else return undefined;
  }
  return rate;
}

const hasRates = (b: Base, n: Normaliser): boolean =>
  [...b.polynomial.values()].some(({ monomial }) => monomial.some(([g]) => rateOf([[g, 1]], n) !== undefined));

/** The base divided by the exponential that wins on a side, and its rate. */
function winning(b: Base, n: Normaliser, side: 1 | -1): { readonly base: Expression; readonly taken: Rational } {
  const { store } = b.expression;
  const terms = [...b.polynomial.values()].map(({ monomial, coefficient }) => {
    const exponentials = monomial.filter(([g]) => rateOf([[g, 1]], n) !== undefined);
    const rest = monomial.filter(([g]) => rateOf([[g, 1]], n) === undefined);
    return { coefficient, rate: rateOf(exponentials, n) ?? zero, rest };
  });
  let taken = terms[0].rate;
  for (const { rate } of terms) if (compare(rate, taken) * side > 0) taken = rate;
  const [index] = variablesOf(b.expression);
  if (index === undefined) return { base: b.expression, taken: zero };
  const base = linear(
    store,
    zero,
    terms.map(({ coefficient, rate, rest }) => {
      const left = addR(rate, mulR(taken, rational(-1)));
      const factors = rest.map(([g, e]): Factor => ({ base: n.generators[g].expression, exponent: quarters(e) }));
      return [
        coefficient,
        product(store, [...factors, { base: exponential(left, b.expression, index), exponent: rational(1) }]),
      ] as const;
    }),
  );
  return { base, taken };
}
