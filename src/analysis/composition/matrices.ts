// What is known of a square matrix as a function of the parameters: whether it is symmetric, positive or negative (semi)definite everywhere
// inside the domain, and convex or concave in the order of Loewner, in which A ⪯ B where B − A is positive semidefinite.
//
//   definite: the matrix of a cone of the domain, and parts of it; constants, by exact elimination; sums, multiples, congruences Bᵀ·X·B, Gram
//     matrices BᵀB, inverses, elementwise products (Schur), positive diagonals and diagonals that dominate their rows.
//   convex: affine off the diagonal and convex on it; sums, multiples and congruences by constants of convex ones; BᵀB for an affine B; X⁻¹ and
//     Bᵀ·X⁻¹·B for a positive definite concave X and an affine B.
// Sources: Boyd & Vandenberghe, Convex Optimization, 3.6.2; Bhatia, Matrix Analysis, ch. V; Horn & Johnson, Matrix Analysis, 7.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import { add as addR, exactly, mul as mulR, type Rational } from "../../numeric/exact/rational.ts";
import { add, type Interval, magnitude, mul, point } from "../../numeric/interval.ts";
import { inverse } from "../../numeric/linalg/index.ts";
import { addUp } from "../../numeric/rounding.ts";
import { eigenvaluesOf } from "../convexity/eigenvalue-bounds.ts";
import { inertiaOf } from "../convexity/inertia.ts";
import type { Cone, Domain } from "../domain.ts";
import { isMovement, sources } from "./constants.ts";
import { type Entries, isAffine } from "./entries.ts";
import { type Form, type FormReader, formReader } from "./forms.ts";
import { areTransposed, type Factor, factorsOf, unwrapped } from "./matrix-products.ts";
import { callName, uniform } from "./normalise.ts";
import { isSymmetricForm } from "./normalise-matrices.ts";

/** 2: positive definite inside the domain. 1: positive semidefinite. 0: not known. */
export type Definite = 0 | 1 | 2;

export interface MatrixFact {
  readonly symmetric: boolean;
  readonly positive: Definite;
  readonly negative: Definite;
  /** In the order of Loewner; symmetric matrices only. */
  readonly convex: boolean;
  readonly concave: boolean;
  /** The order (entries.ts) of vᵀXv for every constant v, where the matrix is positive semidefinite and convex; 0: not known. */
  readonly root: number;
  /** Why, and from which matrices. */
  readonly rule: string;
  readonly parts: readonly Node[];
  /** The nodes whose curvature was asked for. */
  readonly uses: readonly Node[];
}

export const noFact: MatrixFact = {
  symmetric: false,
  positive: 0,
  negative: 0,
  convex: false,
  concave: false,
  root: 0,
  rule: "",
  parts: [],
  uses: [],
};

export interface Matrices {
  /** What is known of a matrix [n, n]. */
  of(node: Node): MatrixFact;
  /** The same of a product. */
  ofProduct(factors: readonly Factor[]): MatrixFact;
  /** Whether a matrix [n, n] is proved to be invertible everywhere inside the domain. */
  isRegular(node: Node): boolean;
  readonly formsOf: FormReader;
}

const fact = (rule: string, parts: readonly Node[], known: Partial<MatrixFact>): MatrixFact => ({
  ...noFact,
  symmetric: true,
  rule,
  parts,
  ...known,
});

const most = (a: Definite, b: Definite): Definite => (a > b ? a : b);
const least = (a: Definite, b: Definite): Definite => (a < b ? a : b);
/** Of a sum: semidefinite where both are, definite where one of them is. */
const together = (a: Definite, b: Definite): Definite => (least(a, b) === 0 ? 0 : most(a, b));

const minus = (f: MatrixFact): MatrixFact => ({
  ...f,
  root: 0,
  positive: f.negative,
  negative: f.positive,
  convex: f.concave,
  concave: f.convex,
});

const definiteness = (f: MatrixFact) => f.positive + f.negative;

/** Whether the first says all that the second does. */
const covers = (a: MatrixFact, b: MatrixFact): boolean =>
  a.positive >= b.positive &&
  a.negative >= b.negative &&
  (a.convex || !b.convex) &&
  (a.concave || !b.concave) &&
  a.root >= b.root &&
  (a.symmetric || !b.symmetric);

/** Both, as two proofs of the same matrix. */
function either(a: MatrixFact, b: MatrixFact): MatrixFact {
  if (covers(a, b)) return a;
  if (covers(b, a)) return b;
  const better = definiteness(b) > definiteness(a) || (definiteness(a) === 0 && !(a.convex || a.concave)) ? b : a;
  return {
    symmetric: a.symmetric || b.symmetric,
    positive: most(a.positive, b.positive),
    negative: most(a.negative, b.negative),
    convex: a.convex || b.convex,
    concave: a.concave || b.concave,
    root: Math.max(a.root, b.root),
    rule: better.rule,
    parts: better.parts,
    uses: unique(a.uses, b.uses),
  };
}

const unique = (...lists: readonly (readonly Node[])[]): readonly Node[] => [...new Set(lists.flat())];

/** Larger matrices are not looked into. */
const mostRows = 128;
/** Eliminations with larger ones are not done exactly. */
const mostExact = 24;

export function matricesOf(offsets: ReadonlyMap<Node, number>, domain: Domain, entriesOf: (node: Node) => Entries): Matrices {
  const formsOf = formReader(offsets);
  const known = new Map<Node, MatrixFact>();
  const of = (node: Node): MatrixFact => {
    const before = known.get(node);
    if (before) return before;
    const [n, m] = node.shape;
    known.set(node, noFact);
    const result = node.shape.length === 2 && n === m && n > 0 && n <= mostRows ? study(node, n) : noFact;
    known.set(node, result);
    return result;
  };
  const study = (node: Node, n: number): MatrixFact => {
    spend(n * n);
    const rules = node.symbolic ? [byForm, byStructure, byEntries] : [byNumbers, byStructure];
    const found = rules.reduce<MatrixFact>((known, rule) => {
      const next = rule(node, n);
      return next ? either(known, next) : known;
    }, noFact);
    if (found.positive === 0) return found;
    return !node.symbolic && found.symmetric
      ? { ...found, convex: true, concave: true, root: Infinity }
      : { ...found, root: Math.max(found.root, found.convex ? 1 : 0) };
  };

  /** A constant matrix, by its numbers. */
  const byNumbers = (node: Node, n: number): MatrixFact | undefined => {
    const forms = formsOf(node);
    if (forms) {
      if (!isSymmetricForm(node, formsOf)) return undefined;
      return fact("exact elimination", [], {
        ...inertia(
          forms.map((f) => f.constant),
          n,
        ),
        convex: true,
        concave: true,
      });
    }
    const ranges = entriesOf(node).map((e) => e.range);
    const symmetric = isSymmetricByPlace(node, n) || byStructure(node)?.symmetric;
    if (!symmetric || n > 64) return undefined;
    const { lower, upper } = eigenvaluesOf(square(ranges, n));
    return fact("bounds of its eigenvalues", [], { ...signs(lower, upper), convex: true, concave: true });
  };

  /** The matrix of a cone of the domain, or a part of it, times a number, and a constant matrix. */
  const byForm = (node: Node, n: number): MatrixFact | undefined => {
    const forms = formsOf(node);
    if (!forms || !isSymmetricForm(node, formsOf)) return undefined;
    const symmetric = fact("", [], {});
    for (const cone of domain.cones) {
      const found = partOfCone(forms, n, cone);
      if (!found) continue;
      const { factor, all } = found;
      const constants = forms.map((f) => f.constant);
      const shift = constants.every((x) => x === 0) ? undefined : inertia(constants, n);
      const own: Definite = all ? 2 : 1;
      const rest: Definite = shift === undefined ? 1 : factor > 0 ? shift.positive : shift.negative;
      const d = together(own, rest);
      if (d === 0) continue;
      const whole = all && n === cone.entries.length && factor === 1 && !shift;
      const rule = whole
        ? "the domain has it so"
        : shift
          ? "a part of a positive definite matrix and a semidefinite one"
          : factor === 1
            ? "rows and columns of a matrix that is positive definite on the domain"
            : "a multiple of a matrix that is positive definite on the domain";
      return fact(rule, [], factor > 0 ? { positive: d } : { negative: d });
    }
    return symmetric;
  };

  const byStructure = (node: Node): MatrixFact | undefined => {
    const inner = unwrapped(node);
    if (inner !== node) return of(inner);
    const [a, b] = node.inputs;
    const [c, d] = [a, b].map((x) => (x === undefined ? undefined : uniformValue(x)));
    switch (node.op.name) {
      case "transpose":
        return of(a).symmetric ? of(a) : undefined;
      case "neg":
        return { ...minus(of(a)), rule: "minus a matrix", parts: [a] };
      case "add":
      case "sub": {
        const p = of(a);
        const q = node.op.name === "add" ? of(b) : minus(of(b));
        const [x, y] = a.op.name === "transpose" ? [b, a] : [a, b];
        // M + Mᵀ is symmetric whatever M is.
        if (node.op.name === "add" && y.op.name === "transpose" && y.inputs[0] === x && !p.symmetric) return fact("", [], {});
        if (!p.symmetric || !q.symmetric) return undefined;
        return {
          symmetric: true,
          positive: together(p.positive, q.positive),
          negative: together(p.negative, q.negative),
          convex: p.convex && q.convex,
          concave: p.concave && q.concave,
          root: Math.min(p.root, q.root),
          rule: node.op.name === "add" ? "sum" : "difference",
          parts: [a, b],
          uses: unique(p.uses, q.uses),
        };
      }
      case "mul":
        if (c !== undefined) return scaledBy(c, b);
        if (d !== undefined) return scaledBy(d, a);
        return elementwiseProduct(a, b);
      case "div":
        return d === undefined || d === 0 ? undefined : scaledBy(1 / d, a);
      case "matmul":
        break;
      default:
        if (!["inv", "solve"].includes(callName(node) ?? "")) return undefined;
    }
    const factors = factorsOf(node);
    return factors && factors.length + (factors[0].inverse ? 1 : 0) > 1 ? ofProduct(factors) : undefined;
  };

  const scaledBy = (c: number, node: Node): MatrixFact | undefined => {
    const f = of(node);
    if (!Number.isFinite(c) || c === 0 || !f.symmetric) return undefined;
    return { ...(c > 0 ? f : minus(f)), rule: `${c > 0 ? "positive" : "negative"} multiple`, parts: [node] };
  };

  /** t·X with a number t that may vary, and Schur's product theorem. */
  const elementwiseProduct = (a: Node, b: Node): MatrixFact | undefined => {
    for (const [t, x] of [
      [a, b],
      [b, a],
    ]) {
      const number = spread(t);
      if (number === undefined) continue;
      const [e] = entriesOf(number);
      const f = of(x);
      const sign: Definite = e.positive ? 2 : e.range.lower >= 0 ? 1 : 0;
      if (!f.symmetric) return undefined;
      return fact("multiple by a positive number", [x], {
        positive: least(f.positive, sign),
        negative: least(f.negative, sign),
        uses: f.uses,
      });
    }
    const [p, q] = [of(a), of(b)];
    if (!p.symmetric || !q.symmetric) return undefined;
    const schur = (x: Definite, y: Definite): Definite => (least(x, y) === 0 ? 0 : least(x, y) === 2 ? 2 : 1);
    const constant = a.symbolic ? (b.symbolic ? undefined : q) : p;
    const moving = constant === p ? q : p;
    const keeps = constant !== undefined && constant.positive > 0;
    const turns = constant !== undefined && constant.negative > 0;
    return fact("elementwise product of semidefinite matrices", [a, b], {
      positive: most(schur(p.positive, q.positive), schur(p.negative, q.negative)),
      negative: most(schur(p.positive, q.negative), schur(p.negative, q.positive)),
      convex: (keeps && moving.convex) || (turns && moving.concave),
      concave: (keeps && moving.concave) || (turns && moving.convex),
      uses: unique(p.uses, q.uses),
    });
  };

  /** By what is known of each entry: off the diagonal affine or 0, a dominant diagonal. */
  const byEntries = (node: Node, n: number): MatrixFact | undefined => {
    const symmetric = isSymmetricForm(node, formsOf) || isSymmetricByPlace(node, n) || (byStructure(node)?.symmetric ?? false);
    if (!symmetric) return undefined;
    const entries = entriesOf(node);
    const onDiagonal = entries.filter((_, at) => at % (n + 1) === 0);
    const offDiagonal = entries.filter((_, at) => at % (n + 1) !== 0);
    const isZero = (x: Interval) => x.lower === 0 && x.upper === 0;
    const diagonal = offDiagonal.every((e) => isZero(e.range));
    const affine = offDiagonal.every(isAffine);
    let { positive, negative } =
      n <= 48
        ? signsOn(
            entries.map((e) => e.range),
            n,
          )
        : { positive: 0 as Definite, negative: 0 as Definite };
    let rule = positive + negative > 0 ? "bounds of its eigenvalues" : "entries affine";
    if (diagonal) {
      if (onDiagonal.every((e) => e.positive)) positive = 2;
      rule = positive + negative > 0 ? "positive diagonal, and 0 off it" : rule;
    }
    const convex = affine && onDiagonal.every((e) => e.convex);
    const concave = affine && onDiagonal.every((e) => e.concave);
    return fact(rule, [], {
      positive,
      negative,
      convex,
      concave,
      uses: convex || concave ? [node] : [],
    });
  };

  const isAffineNode = (node: Node) => !node.symbolic || entriesOf(node).every(isAffine);

  const ofFactor = ({ node, transposed, inverse }: Factor): MatrixFact => {
    const f = of(node);
    if (!inverse) return !transposed || f.symmetric ? f : noFact;
    if (f.positive === 2)
      return fact("inverse of a positive definite matrix", [node], {
        positive: 2,
        convex: f.concave,
        // 1/(vᵀX⁻¹v) is the least uᵀXu with uᵀv = 1, and concave.
        root: f.concave ? Infinity : 0,
        uses: f.uses,
      });
    if (f.negative === 2)
      return fact("inverse of a negative definite matrix", [node], { negative: 2, concave: f.convex, uses: f.uses });
    return noFact;
  };

  const ofProduct = (factors: readonly Factor[]): MatrixFact => {
    const k = factors.length;
    if (k === 1) return ofFactor(factors[0]);
    const half = Math.floor(k / 2);
    const symmetric = (node: Node) => of(node).symmetric;
    for (let i = 0; i < half; i++) if (!areTransposed(factors[i], factors[k - 1 - i], symmetric, formsOf)) return noFact;
    const right = factors.slice(k - half);
    const constant = right.every((f) => !f.node.symbolic);
    const moving = right.filter((f) => f.node.symbolic);
    const affine = moving.length <= 1 && moving.every((f) => !f.inverse && isAffineNode(f.node));
    const uses = affine ? moving.map((f) => f.node) : [];
    const regular = right.every(isRegularFactor);
    if (k % 2 === 0) {
      return fact("Gram matrix", [], { positive: regular ? 2 : 1, convex: affine, root: affine ? 2 : 0, uses });
    }
    const middle = factors[half];
    const m = ofFactor(middle);
    if (!m.symmetric) return noFact;
    const full = regular || (constant && hasFullRank(right));
    const carried = (d: Definite): Definite => (d === 2 && !full ? 1 : d);
    const fractional = middle.inverse && affine;
    const quadratic = !middle.node.symbolic && affine;
    return fact(fractional && !constant ? "matrix fractional function" : "congruence", [middle.node], {
      positive: carried(m.positive),
      negative: carried(m.negative),
      convex: (constant && m.convex) || (fractional && m.positive === 2 && m.convex) || (quadratic && m.positive > 0),
      concave: (constant && m.concave) || (fractional && m.negative === 2 && m.concave) || (quadratic && m.negative > 0),
      root: Math.max(constant ? m.root : 0, quadratic && m.positive > 0 ? 2 : 0),
      uses: unique(m.uses, uses),
    });
  };

  const isRegularFactor = ({ node, inverse }: Factor): boolean =>
    node.shape.length === 2 && node.shape[0] === node.shape[1] && (inverse || isRegular(node));

  /** Whether the constant product of these factors [m, n] has rank n. */
  const hasFullRank = (right: readonly Factor[]): boolean => {
    if (right.length !== 1 || right[0].inverse) return false;
    const [{ node, transposed }] = right;
    const forms = formsOf(node);
    if (!forms) return false;
    const vector = node.shape.length === 1 || node.shape.includes(1);
    const [rows, columns] = vector ? [forms.length, 1] : node.shape;
    const [m, n] = transposed ? [columns, rows] : [rows, columns];
    if (n > mostExact || m < n) return false;
    const at = (i: number, j: number) => exactly(forms[transposed ? j * columns + i : i * columns + j].constant);
    return inertiaOf(gram(at, m, n)).positive === n;
  };

  const regular = new Map<Node, boolean>();
  const isRegular = (node: Node): boolean => {
    let found = regular.get(node);
    if (found === undefined) {
      regular.set(node, false);
      found = findRegular(node);
      regular.set(node, found);
    }
    return found;
  };
  const findRegular = (node: Node): boolean => {
    const [n, m] = node.shape;
    if (node.shape.length !== 2 || n !== m) return false;
    const f = of(node);
    if (f.positive === 2 || f.negative === 2) return true;
    if (!node.symbolic)
      return hasInverse(
        entriesOf(node).map((e) => e.range),
        n,
      );
    if (callName(node) === "inv") return isRegular(node.inputs[0]);
    const factors = ["matmul", "transpose"].includes(node.op.name) || callName(node) === "solve" ? factorsOf(node) : undefined;
    return factors !== undefined && !(factors.length === 1 && factors[0].node === node) && factors.every(isRegularFactor);
  };

  /** Whether entries (i, j) and (j, i) are one and the same element of one node. */
  const isSymmetricByPlace = (node: Node, n: number): boolean => {
    const places = placesOf(node);
    return places.every((p, at) => {
      const q = places[(at % n) * n + Math.floor(at / n)];
      return p === q || (p.node === q.node && p.index === q.index);
    });
  };

  return { of, ofProduct, isRegular, formsOf };
}

interface Place {
  readonly node: Node | number;
  readonly index: number;
}

/** Where each element of a node comes from, through what only moves elements. */
function placesOf(node: Node): readonly Place[] {
  if (node.op.name !== "concat" && !(isMovement(node) && node.inputs.slice(1).every((n) => !n.symbolic)))
    return Array.from({ length: sizeOf(node.shape) }, (_, index) => ({ node, index }));
  const moved = (node.op.name === "concat" ? node.inputs : node.inputs.slice(0, 1)).flatMap((n) => [...placesOf(n)]);
  if (node.op.name === "reshape" || node.op.name === "cast") return moved;
  return Array.from(sources(node), (i) => (i < 0 ? { node: -1, index: 0 } : moved[i]));
}

/** The number that a node repeats in all its elements: a constant, or a node of one element. */
function spread(node: Node): Node | undefined {
  const sized = sizeOf(node.shape);
  let inner = node;
  while (["broadcast", "reshape", "cast"].includes(inner.op.name)) {
    inner = inner.inputs[0];
    if (sizeOf(inner.shape) === 1) return inner;
    if (sizeOf(inner.shape) !== sized) return undefined;
  }
  return sized === 1 ? inner : undefined;
}

const uniformValue = (node: Node): number | undefined => (node.symbolic ? undefined : uniform(node));

const square = (ranges: readonly Interval[], n: number): Interval[][] =>
  Array.from({ length: n }, (_, i) => Array.from(ranges.slice(i * n, (i + 1) * n)));

const signs = (lower: number, upper: number): { positive: Definite; negative: Definite } => ({
  positive: lower > 0 ? 2 : lower >= 0 ? 1 : 0,
  negative: upper < 0 ? 2 : upper <= 0 ? 1 : 0,
});

/** Of all symmetric matrices with entries in these ranges. */
function signsOn(ranges: readonly Interval[], n: number): { positive: Definite; negative: Definite } {
  const diagonal = ranges.filter((_, at) => at % (n + 1) === 0);
  if (!diagonal.every((x) => x.lower >= 0) && !diagonal.every((x) => x.upper <= 0)) return { positive: 0, negative: 0 };
  const { lower, upper } = eigenvaluesOf(square(ranges, n));
  return signs(lower, upper);
}

/** The signs of the eigenvalues of a symmetric matrix of numbers. */
function inertia(values: readonly number[], n: number): { positive: Definite; negative: Definite } {
  if (n > mostExact) {
    const { lower, upper } = eigenvaluesOf(square(values.map(point), n));
    return signs(lower, upper);
  }
  spend(n ** 3 * 5);
  const exact: Rational[][] = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => exactly(values[i * n + j])),
  );
  const { positive, negative } = inertiaOf(exact);
  return {
    positive: negative > 0 ? 0 : positive === n ? 2 : 1,
    negative: positive > 0 ? 0 : negative === n ? 2 : 1,
  };
}

function gram(at: (i: number, j: number) => Rational, m: number, n: number): Rational[][] {
  return Array.from({ length: n }, (_, p) =>
    Array.from({ length: n }, (_, q) => {
      let sum = exactly(0);
      for (let i = 0; i < m; i++) sum = addR(sum, mulR(at(i, p), at(i, q)));
      return sum;
    }),
  );
}

/** Whether every matrix with entries in these ranges is invertible: ‖I − R·A‖∞ < 1 for a matrix R of floats near the inverse. */
function hasInverse(ranges: readonly Interval[], n: number): boolean {
  if (!ranges.every((x) => Number.isFinite(x.lower) && Number.isFinite(x.upper))) return false;
  const near = inverse(
    Float64Array.from(ranges, (x) => x.lower / 2 + x.upper / 2),
    n,
  );
  if (!near.every((x) => Number.isFinite(x))) return false;
  for (let i = 0; i < n; i++) {
    spend(n * n);
    let sum = 0;
    for (let j = 0; j < n; j++) {
      let e: Interval = point(i === j ? -1 : 0);
      for (let k = 0; k < n; k++) e = add(e, mul(point(near[i * n + k]), ranges[k * n + j]));
      sum = addUp(sum, magnitude(e));
    }
    if (!(sum < 1)) return false;
  }
  return true;
}

/** c·P + constants for rows and columns P of the cone's matrix: c, and whether no row of it is taken twice. */
function partOfCone(forms: readonly Form[], n: number, { entries }: Cone): { factor: number; all: boolean } | undefined {
  const diagonal = new Map(entries.map((row, i) => [row[i], i]));
  const taken: number[] = [];
  let factor: number | undefined;
  for (let i = 0; i < n; i++) {
    const [own, ...others] = forms[i * (n + 1)].coefficients;
    if (!own || others.length > 0) return undefined;
    const row = diagonal.get(own[0]);
    if (row === undefined || (factor !== undefined && factor !== own[1])) return undefined;
    factor = own[1];
    taken.push(row);
  }
  const fits = forms.every(({ coefficients }, at) => {
    const wanted = entries[taken[Math.floor(at / n)]][taken[at % n]];
    return coefficients.size === 1 && coefficients.get(wanted) === factor;
  });
  return fits && factor !== undefined ? { factor, all: new Set(taken).size === n } : undefined;
}

/** The parameters of a call: whether a logarithm of a determinant was computed by Cholesky's factorization. */
export const needsDefinite = (node: Node): boolean => callAttributes(node).parameters.definite === true;
