// Forms of an expression for large |x|: in each sum the exponential that wins is taken out, so that quotients of large numbers become
// quotients of numbers near their limits, and nothing overflows. log(1 + eˣ) becomes x + log(1 + e⁻ˣ) for x ≥ 0.

import { add as addR, compare, mul as mulR, type Rational, rational, sign as signR, zero } from "../../numeric/exact/rational.ts";
import { exp, linear, product } from "./expression.ts";
import { log } from "./functions.ts";
import { type Fraction, fractionOf, type Normaliser, normaliserOf, quarters } from "./normal.ts";
import type { Monomial, MultiPolynomial } from "./polynomial.ts";
import { constant, type Expression, type Factor, variable } from "./store.ts";
import { inOrder, substitute, variablesOf } from "./traverse.ts";

/** e for x ≥ 0 and for x ≤ 0, where it has one variable and exponentials of its multiples in sums. */
export function tailForms(e: Expression): { readonly right?: Expression; readonly left?: Expression } {
  const [index, ...others] = variablesOf(e);
  if (index === undefined || others.length > 0) return {};
  const right = tailForm(e, index, 1);
  const left = tailForm(e, index, -1);
  return { ...(right ? { right } : {}), ...(left ? { left } : {}) };
}

interface Winner {
  readonly rate: Rational;
  readonly coefficient: Rational;
  /** The sum divided by e^(rate·x). */
  readonly rest: Expression;
  /** Whether the winning term is a number times an exponential. */
  readonly bare: boolean;
}

function tailForm(e: Expression, index: number, side: 1 | -1): Expression | undefined {
  const { store } = e;
  const n = normaliserOf(store);
  // Logarithms of sums first: a placeholder stands for what is left of each.
  const placeholders = new Map<Expression, Expression>();
  const logarithms = new Map<Expression, Expression>();
  for (const node of inOrder([e])) {
    if (node.kind !== "function" || node.name !== "log") continue;
    const f = fractionOf(node.operands[0]);
    const [base] = f?.bases.keys() ?? [];
    if (!f || !base || f.bases.size !== 1 || f.generators.size !== 0 || base.expression !== node.operands[0]) continue;
    const winner = winning(base.polynomial, n, index, side);
    if (!winner?.bare || signR(winner.coefficient) <= 0 || signR(winner.rate) === 0) continue;
    const place = variable(store, store.domain.box.length + placeholders.size);
    placeholders.set(place, log(linear(store, zero, [[rational(1n, 1n), scaled(winner.rest, winner.coefficient)]])));
    const size = log(constant(store, winner.coefficient));
    logarithms.set(
      node,
      linear(store, zero, [
        [winner.rate, variable(store, index)],
        [rational(1), size],
        [rational(1), place],
      ]),
    );
  }
  const replaced = placeholders.size > 0 ? substitute(e, logarithms) : e;
  const f = fractionOf(replaced);
  if (!f || f.bases.size === 0) return undefined;
  const formed = ofFraction(f, n, index, side, store);
  return formed && substitute(formed, placeholders);
}

const scaled = (e: Expression, by: Rational) => linear(e.store, zero, [[rational(by.denominator, by.numerator), e]]);

function ofFraction(f: Fraction, n: Normaliser, index: number, side: 1 | -1, store: Expression["store"]): Expression | undefined {
  let rate = zero;
  const factors: Factor[] = [];
  // What decays, and powers of x, go into the terms of a sum in the numerator: each can be enclosed as one hump.
  const folded: Factor[] = [];
  for (const [g, exponent] of f.generators) {
    const r = rateOf([[g, exponent]], n, index);
    const { expression } = n.generators[g];
    if (r) rate = addR(rate, r);
    else
      (expression.kind === "variable" && expression.index === index ? folded : factors).push({
        base: expression,
        exponent: quarters(exponent),
      });
  }
  let numerator: Winner | undefined;
  for (const [b, exponent] of f.bases) {
    const winner = winning(b.polynomial, n, index, side);
    if (!winner) return undefined;
    rate = addR(rate, mulR(winner.rate, quarters(exponent)));
    if (exponent === 1 && !numerator) numerator = winner;
    else factors.push({ base: winner.rest, exponent: quarters(exponent) });
  }
  folded.push({ base: exponential(rate, store, index), exponent: rational(1) });
  if (!numerator) return linear(store, zero, [[f.coefficient, product(store, [...factors, ...folded])]]);
  const { rest } = numerator;
  const terms =
    rest.kind === "sum"
      ? [...rest.terms.map((t) => [t.coefficient, t.term] as const), [rest.constant, constant(store, 1)] as const]
      : [[rational(1), rest] as const];
  const sum = linear(
    store,
    zero,
    terms.map(([c, t]) => [c, product(store, [{ base: t, exponent: rational(1) }, ...folded])] as const),
  );
  return linear(store, zero, [[f.coefficient, product(store, [...factors, { base: sum, exponent: rational(1) }])]]);
}

const exponential = (rate: Rational, store: Expression["store"], index: number): Expression =>
  exp(linear(store, zero, [[rate, variable(store, index)]]));

/** r where the monomial is e^(r·x); undefined for others. */
function rateOf(monomial: Monomial, n: Normaliser, index: number): Rational | undefined {
  let rate = zero;
  for (const [g, e] of monomial) {
    const { expression, root } = n.generators[g];
    if (root || expression.kind !== "function" || expression.name !== "exp") return undefined;
    const [u] = expression.operands;
    const isX = (v: Expression) => v.kind === "variable" && v.index === index;
    if (isX(u)) rate = addR(rate, quarters(e));
    else if (u.kind === "sum" && u.terms.length === 1 && u.constant.numerator === 0n && isX(u.terms[0].term)) {
      rate = addR(rate, mulR(u.terms[0].coefficient, quarters(e)));
    } else return undefined;
  }
  return rate;
}

/** The polynomial divided by the exponential that wins on a side. Roots of sums are too much for this. */
function winning(polynomial: MultiPolynomial, n: Normaliser, index: number, side: 1 | -1): Winner | undefined {
  const terms = [...polynomial.values()].map(({ monomial, coefficient }) => {
    const exponentials = monomial.filter(([g]) => rateOf([[g, 1]], n, index) !== undefined);
    const others = monomial.filter(([g]) => rateOf([[g, 1]], n, index) === undefined);
    return { coefficient, rate: rateOf(exponentials, n, index) ?? zero, others };
  });
  let [best] = terms;
  for (const t of terms) if (compare(t.rate, best.rate) * side > 0) best = t;
  const { store } = n.polynomialExpression(polynomial);
  const rest = linear(
    store,
    zero,
    terms.map(({ coefficient, rate, others }) => {
      const left = addR(rate, mulR(best.rate, rational(-1)));
      const factors = others.map(([g, e]): Factor => ({ base: n.generators[g].expression, exponent: quarters(e) }));
      return [
        coefficient,
        product(store, [...factors, { base: exponential(left, store, index), exponent: rational(1) }]),
      ] as const;
    }),
  );
  const bare = best.others.length === 0 && terms.every((t) => t === best || compare(t.rate, best.rate) !== 0);
  return { rate: best.rate, coefficient: best.coefficient, rest, bare };
}
