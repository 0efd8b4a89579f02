// Exact arithmetic of the checker: quotients of polynomials in atoms, an atom being a variable, π, a root or a function of such a quotient.
// Two expressions are shown to be equal by multiplying out. Nothing is factored or cancelled here: what is needed of that, a proof has to say.

import { BudgetError, spend } from "../../numeric/effort.ts";
import {
  add,
  compare,
  gcd,
  isZero,
  mul,
  neg,
  one,
  type Rational,
  div as ratio,
  rational,
  zero,
} from "../../numeric/exact/rational.ts";
import {
  apply,
  constant,
  type Expression,
  exp,
  power as expressionPower,
  mul as expressionProduct,
  linear,
  type Store,
} from "../symbolic/index.ts";

/** c · Π atom^k · exp(Σ r·unit), k = 1, 2, …; by number, ascending. */
export interface Term {
  readonly c: Rational;
  readonly powers: readonly (readonly [number, number])[];
  readonly exponent: readonly (readonly [number, Rational])[];
}

/** A sum of terms that differ in more than c, by what they differ in. */
export type Polynomial = ReadonlyMap<string, Term>;

/** top/bottom; a bottom of 0 is never made. */
export interface Fraction {
  readonly top: Polynomial;
  readonly bottom: Polynomial;
}

/** What polynomials are made of. Equal functions of equal arguments are one atom. */
export interface Atom {
  readonly expression: Expression;
  readonly name: string;
  readonly arguments: readonly Fraction[];
  /** Powers from this on can be written with less, as r^q = base for a root. */
  readonly least?: number;
  /** atom^least. */
  readonly reduced?: () => Polynomial;
}

/** What may stand in an exponent beside a rational number. */
export interface Unit {
  readonly expression: Expression;
  readonly value: Fraction;
}

export interface Arithmetic {
  readonly store: Store;
  readonly atoms: readonly Atom[];
  readonly units: readonly Unit[];
  of(e: Expression): Fraction;
  add(a: Fraction, b: Fraction): Fraction;
  multiply(a: Fraction, b: Fraction): Fraction;
  power(a: Fraction, exponent: Rational): Fraction;
  times(a: Polynomial, b: Polynomial): Polynomial;
  isSame(a: Fraction, b: Fraction): boolean;
  expression(p: Polynomial): Expression;
}

const mostTerms = 4000;
const mostPower = 200;

export const keyOf = (t: Term) =>
  `${t.powers.map(([a, k]) => `${a}^${k}`).join("*")}|${t.exponent.map(([u, r]) => `${u}:${r.numerator}/${r.denominator}`).join(",")}`;

export const constantPolynomial = (c: Rational): Polynomial =>
  isZero(c) ? new Map() : new Map([["|", { c, powers: [], exponent: [] }]]);
const unity = constantPolynomial(one);
const whole = (top: Polynomial): Fraction => ({ top, bottom: unity });

/** The number that a polynomial is; undefined for others. */
export function numberOf(p: Polynomial): Rational | undefined {
  if (p.size === 0) return zero;
  const only = p.get("|");
  return p.size === 1 ? only?.c : undefined;
}

export function scaled(p: Polynomial, c: Rational): Polynomial {
  if (isZero(c)) return new Map();
  return new Map([...p].map(([key, t]) => [key, { ...t, c: mul(c, t.c) }]));
}

export function sum(p: Polynomial, q: Polynomial, c: Rational = one): Polynomial {
  const total = new Map(p);
  for (const [key, t] of q) {
    const before = total.get(key);
    const value = add(before?.c ?? zero, mul(c, t.c));
    if (isZero(value)) total.delete(key);
    else total.set(key, { ...t, c: value });
  }
  if (total.size > mostTerms) throw new BudgetError(`more than ${mostTerms} terms`);
  spend(4 * q.size);
  return total;
}

function merged<V>(
  a: readonly (readonly [number, V])[],
  b: readonly (readonly [number, V])[],
  plus: (x: V, y: V) => V,
  vanishes: (x: V) => boolean,
): (readonly [number, V])[] {
  const all = new Map(a);
  for (const [k, v] of b) {
    const before = all.get(k);
    all.set(k, before === undefined ? v : plus(before, v));
  }
  return [...all].filter(([, v]) => !vanishes(v)).sort(([x], [y]) => x - y);
}

const productOf = (a: Term, b: Term): Term => ({
  c: mul(a.c, b.c),
  powers: merged(
    a.powers,
    b.powers,
    (x, y) => x + y,
    (x) => x === 0,
  ),
  exponent: merged(a.exponent, b.exponent, add, isZero),
});

/** The positive number c for which p/c has integers without a common divisor as coefficients. */
function contentOf(p: Polynomial): Rational {
  let [top, bottom] = [0n, 1n];
  for (const { c } of p.values()) {
    top = gcd(top, c.numerator < 0n ? -c.numerator : c.numerator);
    bottom = (bottom / gcd(bottom, c.denominator)) * c.denominator;
  }
  return top === 0n ? one : rational(top, bottom);
}

export function arithmeticOf(store: Store): Arithmetic {
  const atoms: Atom[] = [];
  const units: Unit[] = [];
  const known = new Map<Expression, Fraction>();

  /** The term with powers of roots, cosines and absolute values written with less. */
  function reduced(t: Term): Polynomial {
    const at = t.powers.findIndex(([a, k]) => k >= (atoms[a].least ?? Infinity));
    if (at < 0) return new Map([[keyOf(t), t]]);
    const [a, k] = t.powers[at];
    if (k > mostPower) throw new BudgetError(`a power of more than ${mostPower}`);
    const { least = 1, reduced: less = () => unity } = atoms[a];
    const powers = t.powers.flatMap(([b, j], i) =>
      i !== at ? [[b, j] as const] : k % least === 0 ? [] : [[b, k % least] as const],
    );
    let result = reduced({ ...t, powers });
    for (let i = 0; i < Math.floor(k / least); i++) result = times(result, less());
    return result;
  }

  function times(p: Polynomial, q: Polynomial): Polynomial {
    if (p.size * q.size > 40 * mostTerms) throw new BudgetError("a product of too many terms");
    const [few, many] = p.size <= q.size ? [p, q] : [q, p];
    let result: Polynomial = new Map();
    for (const a of few.values()) {
      const row = new Map<string, Term>();
      let extra: Polynomial = new Map();
      for (const b of many.values()) {
        spend(20);
        const t = productOf(a, b);
        if (t.powers.some(([i, k]) => k >= (atoms[i].least ?? Infinity))) extra = sum(extra, reduced(t));
        else row.set(keyOf(t), t);
      }
      result = sum(sum(result, row), extra);
    }
    return result;
  }

  const multiply = (a: Fraction, b: Fraction): Fraction => ({ top: times(a.top, b.top), bottom: times(a.bottom, b.bottom) });
  const isSamePolynomial = (p: Polynomial, q: Polynomial) => sum(p, q, neg(one)).size === 0;
  const isSame = (a: Fraction, b: Fraction): boolean => isSamePolynomial(times(a.top, b.bottom), times(b.top, a.bottom));
  const plus = (a: Fraction, b: Fraction): Fraction =>
    isSamePolynomial(a.bottom, b.bottom)
      ? { top: sum(a.top, b.top), bottom: a.bottom }
      : { top: sum(times(a.top, b.bottom), times(b.top, a.bottom)), bottom: times(a.bottom, b.bottom) };

  function atom(name: string, args: readonly Fraction[], expression: Expression, more: (self: number) => Partial<Atom>): number {
    const before = atoms.findIndex(
      (a) => a.name === name && a.arguments.length === args.length && a.arguments.every((x, i) => isSame(x, args[i])),
    );
    if (before >= 0) return before;
    atoms.push({ name, arguments: args, expression });
    atoms[atoms.length - 1] = { ...atoms[atoms.length - 1], ...more(atoms.length - 1) };
    return atoms.length - 1;
  }
  const alone = (a: number, k = 1): Fraction => whole(reduced({ c: one, powers: [[a, k]], exponent: [] }));
  const plain = (name: string, e: Expression, args: readonly Fraction[] = []) => alone(atom(name, args, e, () => ({})));

  function raised(a: Fraction, exponent: Rational): Fraction {
    const p = Number(exponent.numerator);
    const q = Number(exponent.denominator);
    const [only] = a.top.values();
    if (a.top.size === 1 && only.powers.length === 0 && compare(only.c, one) === 0 && isOne(a.bottom)) {
      const moved: Term = { ...only, exponent: only.exponent.map(([u, r]) => [u, mul(r, exponent)] as const) };
      return whole(new Map([[keyOf(moved), moved]]));
    }
    if (Math.abs(p) > mostPower || q > 64) throw new BudgetError("a power that is too high");
    if (p < 0) {
      const { top, bottom } = raised(a, neg(exponent));
      if (top.size === 0) throw new BudgetError("a division by 0");
      return { top: bottom, bottom: top };
    }
    if (q === 1) {
      let result = whole(unity);
      for (let k = 0; k < p; k++) result = multiply(result, a);
      return result;
    }
    // Equal roots have to be the same atom: a positive number is taken out, so that √(4 + 4x²) is 2·√(1 + x²).
    const below = numberOf(a.bottom);
    const size = below ? contentOf(a.top) : one;
    const turned = below && below.numerator < 0n ? neg(one) : one;
    const base = below ? whole(scaled(a.top, ratio(turned, size))) : a;
    const outside = below ? numberRoot(ratio(mul(turned, size), below), q) : whole(unity);
    const inside = isOne(base.top) && isOne(base.bottom) ? whole(unity) : alone(rootOf(base, q));
    return raised(multiply(outside, inside), rational(p));
  }

  const rootOf = (base: Fraction, q: number): number =>
    atom(`root ${q}`, [base], expressionPower(fractionExpression(base), rational(1, q)), () =>
      isOne(base.bottom) ? { least: q, reduced: () => base.top } : {},
    );

  /** c^(1/q) for c > 0, by the prime factors of c that are small. */
  function numberRoot(c: Rational, q: number): Fraction {
    let rest = c.numerator * c.denominator ** BigInt(q - 1);
    let outside = rational(1n, c.denominator);
    let result = whole(unity);
    const put = (base: bigint, k: number) => {
      outside = mul(outside, rational(base ** BigInt(Math.floor(k / q))));
      const root = whole(constantPolynomial(rational(base)));
      if (k % q !== 0) result = multiply(result, alone(rootOf(root, q), k % q));
    };
    for (let d = 2n; d < 1000n && rest > 1n; d++) {
      let k = 0;
      for (; rest % d === 0n; k++) rest /= d;
      if (k > 0) put(d, k);
    }
    if (rest > 1n) put(rest, 1);
    return { top: scaled(result.top, outside), bottom: result.bottom };
  }

  const isOne = (p: Polynomial) => {
    const c = numberOf(p);
    return c !== undefined && compare(c, one) === 0;
  };

  function exponential(u: Fraction): Fraction {
    const below = numberOf(u.bottom);
    const exponent = new Map<number, Rational>();
    if (below) {
      for (const t of u.top.values()) {
        const value = whole(new Map([[keyOf(t), { ...t, c: one }]]));
        exponent.set(unitOf(value), ratio(t.c, below));
      }
    } else if (u.top.size > 0) {
      const found = proportional(u);
      exponent.set(found.unit, found.by);
    }
    const t: Term = { c: one, powers: [], exponent: [...exponent].sort(([a], [b]) => a - b) };
    return whole(new Map([[keyOf(t), t]]));
  }

  function unitOf(value: Fraction): number {
    const before = units.findIndex((u) => isSame(u.value, value));
    if (before >= 0) return before;
    units.push({ value, expression: fractionExpression(value) });
    return units.length - 1;
  }

  /** A unit of which u is a rational multiple; u itself where there is none yet. */
  function proportional(u: Fraction): { unit: number; by: Rational } {
    for (const [unit, { value }] of units.entries()) {
      const [left, right] = [times(u.top, value.bottom), times(value.top, u.bottom)];
      const [key, first] = [...left][0];
      const other = right.get(key);
      if (!other || left.size !== right.size) continue;
      const by = ratio(first.c, other.c);
      if (isSamePolynomial(left, scaled(right, by))) return { unit, by };
    }
    return { unit: unitOf(u), by: one };
  }

  function termExpression({ c, powers, exponent }: Term): Expression {
    const factors = powers.map(([a, k]) => expressionPower(atoms[a].expression, rational(k)));
    const inner = exponent.map(([u, r]) => [r, units[u].expression] as const);
    const all = inner.length > 0 ? [...factors, exp(linear(store, zero, inner))] : factors;
    return expressionProduct(constant(store, c), ...all);
  }
  const expression = (p: Polynomial): Expression =>
    linear(
      store,
      zero,
      [...p.values()].map((t) => [one, termExpression(t)] as const),
    );
  const fractionExpression = ({ top, bottom }: Fraction): Expression =>
    expressionProduct(expression(top), expressionPower(expression(bottom), rational(-1)));

  function of(e: Expression): Fraction {
    let found = known.get(e);
    if (!found) {
      spend(10);
      found = computed(e);
      known.set(e, found);
    }
    return found;
  }

  function computed(e: Expression): Fraction {
    switch (e.kind) {
      case "rational":
        return whole(constantPolynomial(e.value));
      case "pi":
        return plain("pi", e);
      case "variable":
        return plain(`x${e.index}`, e);
      case "sum": {
        let total = whole(constantPolynomial(e.constant));
        for (const { coefficient, term } of e.terms) {
          const { top, bottom } = of(term);
          total = plus(total, { top: scaled(top, coefficient), bottom });
        }
        return total;
      }
      case "product":
        return e.factors.map(({ base, exponent }) => raised(of(base), exponent)).reduce(multiply);
      case "phi":
        return plain(`phi ${e.order}`, e, [of(e.operand)]);
      case "piecewise":
        return plain(e.strict ? "if <" : "if <=", e, [of(e.test), of(e.then), of(e.otherwise)]);
      case "function":
        break;
    }
    const args = e.operands.map(of);
    const [u] = args;
    if (e.name === "exp") return exponential(u);
    if (e.name === "cos") {
      // cos² = 1 − sin².
      const sine = () => of(apply("sin", e.operands)).top;
      const square = () => sum(unity, times(sine(), sine()), neg(one));
      return alone(atom("cos", args, e, () => ({ least: 2, reduced: square })));
    }
    if (e.name === "abs" && isOne(u.bottom))
      return alone(atom("abs", args, e, () => ({ least: 2, reduced: () => times(u.top, u.top) })));
    return plain(e.name, e, args);
  }

  return { store, atoms, units, of, add: plus, multiply, power: raised, times, isSame, expression };
}
