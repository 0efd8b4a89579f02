// What functions of matrices claim of their entries: determinants and their logarithms, eigenvalues and singular values and functions of
// them, diagonals and traces of products and inverses. The rules run where a proof is sought and where one is checked.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { entire, type Interval, intersect, isEmpty, neg } from "../../numeric/interval.ts";
import { eigenvaluesOf } from "../convexity/eigenvalue-bounds.ts";
import type { Domain } from "../domain.ts";
import { isMovement, sources } from "./constants.ts";
import { affineEntry, type Entries, type Entry, entry, isAffine } from "./entries.ts";
import type { Form } from "./forms.ts";
import { type Matrices, type MatrixFact, matricesOf, needsDefinite, noFact } from "./matrices.ts";
import { areTransposed, type Factor, factorsOf, unwrapped } from "./matrix-products.ts";
import { callName, uniform } from "./normalise.ts";
import { propagateFrom } from "./propagate.ts";
import { matrixOf, type Spectrum, spectralReader, spectrumOf, weighted } from "./spectral.ts";

/** What a rule found: better entries, its name, the matrices it needs to be definite (or bent), and the nodes whose curvature it asked for. */
export interface Ruled {
  readonly entries: Entries;
  readonly rule: string;
  readonly matrices: readonly Node[];
  readonly uses: readonly Node[];
}

export interface MatrixRules {
  /** Better entries of a node, given those that the rules of single operations leave it with. */
  refine(node: Node, base: Entries): Ruled | undefined;
  /** Whether an operation on matrices has a value everywhere inside the domain. */
  isDefined(node: Node): boolean;
  factOf(node: Node): MatrixFact;
}

const positive: Interval = { lower: 0, upper: Infinity };

/** The entry with what is known besides. */
function better(e: Entry, parts: Partial<Entry>): Entry {
  const range = parts.range ? intersect(e.range, parts.range) : e.range;
  return entry(isEmpty(range) ? e.range : range, {
    convex: e.convex || (parts.convex ?? false),
    concave: e.concave || (parts.concave ?? false),
    root: Math.max(e.root, parts.root ?? 0),
    power: (parts.power ?? -1) < 0 ? e.power : e.power < 0 ? (parts.power as number) : Math.min(e.power, parts.power as number),
    positive: e.positive || (parts.positive ?? false),
  });
}

const isKnown = (e: Entry) => e.convex || e.concave;

/** What a diagonal entry, or vᵀXv, of a matrix is. */
const quadratic = (f: MatrixFact): Partial<Entry> => ({
  convex: f.convex,
  concave: f.concave,
  root: f.root,
  positive: f.positive === 2,
  ...(f.positive > 0 && { range: positive }),
  ...(f.negative > 0 && f.positive === 0 && { range: neg(positive) }),
});

interface LogDet {
  readonly convex: boolean;
  readonly concave: boolean;
  readonly rule: string;
  readonly matrices: readonly Node[];
  readonly uses: readonly Node[];
}

export function matrixRules(offsets: ReadonlyMap<Node, number>, domain: Domain, entriesOf: (node: Node) => Entries): MatrixRules {
  const matrices: Matrices = matricesOf(offsets, domain, entriesOf);
  const { of: factOf, ofProduct, isRegular, formsOf } = matrices;
  const spectral = spectralReader();

  const refine = (node: Node, base: Entries): Ruled | undefined => {
    if (!node.symbolic) return undefined;
    const name = callName(node) ?? node.op.name;
    if (name === "logdet") return logdetRule(node, base);
    if (name === "det") return detRule(node, base);
    const spectrum = spectral.spectrumIn(node);
    if (spectrum) return base.every(isAffine) ? undefined : spectralRule(node, base, spectrum);
    if (name === "sum") return sumRule(node, base);
    return node.shape.length === 2 && node.shape[0] === node.shape[1] ? diagonalRule(node, base, name) : undefined;
  };

  /** Products, inverses and sums of matrices: their diagonals. */
  const diagonalRule = (node: Node, base: Entries, name: string): Ruled | undefined => {
    const n = node.shape[0];
    const affine = base.every(isAffine);
    if (affine ? domain.cones.length === 0 : !["matmul", "inv", "solve"].includes(name)) return undefined;
    const f = factOf(node);
    if (!f.symmetric || (affine && f.positive + f.negative === 0)) return undefined;
    if (!f.convex && !f.concave && f.positive + f.negative === 0) return undefined;
    const entries = base.map((e, at) => (at % (n + 1) === 0 ? better(e, quadratic(f)) : e));
    if (affine) return { entries, rule: "", matrices: [], uses: [] };
    return { entries, rule: `diagonal of a matrix: ${f.rule}`, matrices: [node], uses: f.uses };
  };

  /** log |det X|: by the matrix itself, or factor by factor. */
  const logdetOf = (node: Node): LogDet => {
    const f = factOf(node);
    const nothing: LogDet = { convex: false, concave: false, rule: "", matrices: [], uses: [] };
    if (f.positive === 2 && f.concave)
      return { ...nothing, concave: true, rule: "log det of a positive definite matrix", matrices: [node], uses: f.uses };
    if (f.negative === 2 && f.convex)
      return { ...nothing, concave: true, rule: "log |det| of a negative definite matrix", matrices: [node], uses: f.uses };
    if (!node.symbolic) return { ...nothing, convex: true, concave: true, rule: "constant" };
    const multiple = multipleOf(node);
    if (multiple) return { ...logdetOf(multiple), rule: "log det of a multiple" };
    const factors = factorsOf(node);
    if (!factors || (factors.length === 1 && factors[0].node === node && !factors[0].inverse)) return nothing;
    if (!factors.every((g) => g.node.shape.length === 2 && g.node.shape[0] === g.node.shape[1])) return nothing;
    const parts = factors.map(({ node: of, inverse }) => {
      const part = logdetOf(of);
      return inverse ? { ...part, convex: part.concave, concave: part.convex } : part;
    });
    return {
      convex: parts.every((p) => p.convex),
      concave: parts.every((p) => p.concave),
      rule: factors.length === 1 ? "log det of an inverse" : "log det of a product is the sum of those of its factors",
      matrices: parts.flatMap((p) => p.matrices),
      uses: parts.flatMap((p) => p.uses),
    };
  };

  const logdetRule = (node: Node, base: Entries): Ruled | undefined => {
    const found = logdetOf(node.inputs[0]);
    if (!found.convex && !found.concave) return undefined;
    return { ...found, entries: base.map((e) => better(e, { convex: found.convex, concave: found.concave })) };
  };

  /** det X = exp(log det X) for a positive definite X, and then the n-th power of a concave function. */
  const detRule = (node: Node, base: Entries): Ruled | undefined => {
    const [x] = node.inputs;
    const f = factOf(x);
    if (f.positive !== 2) return undefined;
    const log = logdetOf(x);
    const parts = {
      range: positive,
      positive: true,
      root: log.convex ? Infinity : 0,
      power: f.concave ? x.shape[0] : log.concave ? Infinity : -1,
    };
    const rule = f.concave
      ? "the n-th root of the determinant of a positive definite matrix is concave"
      : "exponential of log det";
    return {
      entries: base.map((e) => better(e, parts)),
      rule,
      matrices: log.matrices.length > 0 ? log.matrices : [x],
      uses: log.uses,
    };
  };

  /** The values of a spectrum as variables, and what they are as functions of the parameters. */
  const valuesOf = (spectrum: Node, kind: Spectrum) => {
    const x = matrixOf(spectrum);
    if (kind === "singular values") {
      const affine = entriesOf(x).every(isAffine);
      return {
        range: positive,
        positive: false,
        root: 1,
        convex: affine,
        concave: false,
        fact: noFact,
        uses: affine ? [x] : [],
      };
    }
    const f = factOf(x);
    const n = x.shape[0];
    const ranges = entriesOf(x).map((e) => e.range);
    let range = entire;
    if (n <= 48 && f.symmetric && ranges.every((r) => Number.isFinite(r.lower) || Number.isFinite(r.upper))) {
      const rows = Array.from({ length: n }, (_, i) => ranges.slice(i * n, (i + 1) * n));
      range = eigenvaluesOf(rows);
    }
    const root = spectralRoot(x);
    if (f.positive > 0) range = { lower: Math.max(0, range.lower), upper: Math.max(0, range.upper) };
    if (f.negative > 0) range = { lower: Math.min(0, range.lower), upper: Math.min(0, range.upper) };
    return {
      range,
      positive: f.positive === 2,
      root,
      convex: f.convex,
      concave: f.concave,
      fact: f,
      uses: f.uses,
    };
  };

  /** The eigenvalues of BᵀB are squares of singular values, those of X⁻¹ reciprocals of eigenvalues. */
  const spectralRoot = (x: Node): number => {
    const factors = factorsOf(x);
    const f = factors && factors.length <= 2 && (factors.length === 2 || factors[0].inverse) ? ofProduct(factors) : noFact;
    return f.positive > 0 && f.convex ? f.root : 0;
  };

  const spectralRule = (node: Node, base: Entries, spectrum: Node): Ruled | undefined => {
    const kind = spectrumOf(spectrum) as Spectrum;
    const x = matrixOf(spectrum);
    const values = valuesOf(spectrum, kind);
    const { range, positive: above, fact: f, uses } = values;
    const n = spectrum.shape[0];
    const name = kind === "eigenvalues" ? "eigenvalues of a symmetric matrix" : "singular values";
    const needed = kind === "eigenvalues" ? [x] : [];
    let entries: Entries = base;
    let rule = "";
    const forms = spectral.weightsOf(node);
    if (forms && isBent(values)) {
      entries = entries.map((e, i) => {
        if (forms[i].coefficients.size === 0) return e;
        const w = weighted(forms[i], n, kind);
        const linear = values.convex && values.concave;
        const convex =
          kind === "singular values"
            ? values.convex && w.convex
            : bent(w.convex, linear, values.convex && w.increasing, values.concave && w.decreasing);
        const concave =
          kind === "singular values"
            ? values.convex && w.concave
            : bent(w.concave, linear, values.concave && w.increasing, values.convex && w.decreasing);
        // The largest eigenvalue is the greatest vᵀXv.
        const largest = convex && f.root > 1 && w.increasing && forms[i].constant === 0 && onlyLast(forms[i], n);
        return convex || concave ? better(e, { convex, concave, root: largest ? f.root : 0 }) : e;
      });
      if (entries.some((e, i) => isKnown(e) && !isKnown(base[i]))) rule = `${name} weighted in their order`;
    }
    if (node === spectrum) {
      entries = entries.map((e) => better(e, { range, positive: above }));
      return { entries, rule: rule || name, matrices: needed, uses };
    }
    if (sizeOf(node.shape) === 1 && spectral.isSymmetric(node)) {
      const value: Entry =
        values.convex && values.concave
          ? { ...affineEntry(range), positive: above || range.lower > 0 }
          : entry(range, {
              convex: values.convex,
              concave: values.concave,
              root: values.convex ? values.root : 0,
              positive: above,
            });
      const [inner] = propagateFrom(new Map([[spectrum, new Array<Entry>(n).fill(value)]])).entriesOf(node);
      entries = entries.map((e) => better(e, inner));
      if (isKnown(entries[0]) && !isKnown(base[0])) rule = `symmetric function of the ${name}`;
    }
    return rule === ""
      ? entries === base
        ? undefined
        : { entries, rule: "", matrices: [], uses: [] }
      : { entries, rule, matrices: f.symmetric ? needed : [], uses };
  };

  const isBent = ({ convex, concave }: { readonly convex: boolean; readonly concave: boolean }) => convex || concave;
  const bent = (shape: boolean, linear: boolean, up: boolean, down: boolean) => shape && (linear || up || down);

  /** tr(B·C …), Σ B∘C, and sums of all entries: quadratic forms of what the product is, seen from the right factor. */
  const sumRule = (node: Node, base: Entries): Ruled | undefined => {
    if (sizeOf(node.shape) !== 1 || isKnown(base[0])) return undefined;
    const [inner] = node.inputs;
    const products = tracesIn(inner);
    for (const { factors, ones } of products) {
      if (ones) {
        const f = ofProduct(factors);
        if (f.convex || f.concave) return traced(base, f, factors, "sum of all entries");
        continue;
      }
      const found = traceOf(factors);
      if (found) return traced(base, found.fact, found.factors, found.rule);
    }
    return undefined;
  };

  const traced = (base: Entries, f: MatrixFact, factors: readonly Factor[], rule: string): Ruled => ({
    entries: base.map((e) => better(e, quadratic(f))),
    rule: `${rule}: ${f.rule}`,
    matrices: [...new Set(factors.map((g) => g.node).filter((g) => g.shape.length === 2 && factOf(g).symmetric))],
    uses: f.uses,
  });

  /** A product whose trace a sum is, if it is one. */
  const tracesIn = (inner: Node): { readonly factors: Factor[]; readonly ones: boolean }[] => {
    const list: { readonly factors: Factor[]; readonly ones: boolean }[] = [];
    const push = (factors: Factor[] | undefined, ones: boolean) => {
      if (factors) list.push({ factors, ones });
    };
    const matrix = diagonalSource(inner);
    if (matrix) push(factorsOf(matrix), false);
    const whole = unwrapped(inner);
    if (whole.op.name === "mul") {
      const [a, b] = whole.inputs;
      const [p, q] = [factorsOf(a), factorsOf(b)];
      if (p && q) push([...[...p].reverse().map((f) => ({ ...f, transposed: !f.transposed })), ...q], false);
    }
    if (whole.shape.length === 2 && whole.shape[0] === whole.shape[1] && whole.shape[0] > 1) push(factorsOf(whole), true);
    return list;
  };

  /** The trace of a product: what it is a quadratic form of, in any order that turns it round. */
  const traceOf = (factors: readonly Factor[]): { fact: MatrixFact; factors: readonly Factor[]; rule: string } | undefined => {
    const isSymmetric = (m: Node) => factOf(m).symmetric;
    for (let k = 0; k < factors.length; k++) {
      const turned = [...factors.slice(k), ...factors.slice(0, k)];
      const f = ofProduct(turned);
      if (f.convex || f.concave) return { fact: f, factors: turned, rule: "trace" };
      // tr(S·X) for a constant S = Σ vvᵀ is Σ vᵀXv.
      const [first, ...rest] = turned;
      if (first.node.symbolic || rest.length === 0) continue;
      const s = ofProduct([first]);
      const m = ofProduct(rest);
      if (!s.symmetric || !m.symmetric || s.positive + s.negative === 0) continue;
      const [convex, concave] = s.positive > 0 ? [m.convex, m.concave] : [m.concave, m.convex];
      if (!convex && !concave) continue;
      const same = s.positive > 0 ? m.positive : m.negative;
      const against = s.positive > 0 ? m.negative : m.positive;
      const known: MatrixFact = {
        ...m,
        convex,
        concave,
        root: s.positive > 0 ? m.root : 0,
        positive: same > 0 ? 1 : 0,
        negative: against > 0 ? 1 : 0,
        rule: `product with a semidefinite constant matrix, ${m.rule}`,
      };
      return { fact: known, factors: turned, rule: "trace" };
    }
    // tr(B·C) with C = Bᵀ is Σ b², which is known without this.
    return factors.length === 2 && areTransposed(factors[0], factors[1], isSymmetric, formsOf)
      ? { fact: ofProduct(factors), factors, rule: "trace" }
      : undefined;
  };

  const isDefined = (node: Node): boolean => {
    if (!node.symbolic) return true;
    const [a] = node.inputs;
    switch (callName(node) ?? node.op.name) {
      case "logdet":
        return needsDefinite(node) ? factOf(a).positive === 2 : isRegular(a);
      case "inv":
      case "solve":
        return isRegular(a);
      case "cholesky":
        return factOf(a).positive === 2;
      case "triangularSolve": {
        if (node.attributes.unitDiagonal === true) return true;
        const n = a.shape[a.shape.length - 1];
        return entriesOf(a).every((e, at) => {
          const within = at % (n * n);
          return within % (n + 1) !== 0 || e.positive || e.range.upper < 0;
        });
      }
      case "lu":
      case "qr":
        return false;
      default:
        return true;
    }
  };

  return { refine, isDefined, factOf };
}

/** Whether only the last of n values has a weight. */
const onlyLast = ({ coefficients }: Form, n: number): boolean => coefficients.size === 1 && coefficients.has(n - 1);

/** X of c·X, for a number c other than 0. */
function multipleOf(node: Node): Node | undefined {
  const [a, b] = node.inputs;
  if (node.op.name === "neg") return a;
  if (node.op.name !== "mul" && node.op.name !== "div") return undefined;
  const isNumber = (n: Node) => {
    const c = n.symbolic ? undefined : uniform(n);
    return c !== undefined && c !== 0 && Number.isFinite(c);
  };
  if (isNumber(b)) return a;
  return node.op.name === "mul" && isNumber(a) ? b : undefined;
}

/** The matrix of which a node holds the diagonal entries, each once. */
function diagonalSource(node: Node): Node | undefined {
  const path: Node[] = [];
  let inner = node;
  while (isMovement(inner) && inner.op.name !== "concat" && inner.inputs.slice(1).every((n) => !n.symbolic)) {
    path.push(inner);
    inner = inner.inputs[0];
    if (inner.shape.length === 2 && inner.shape[0] === inner.shape[1] && sizeOf(node.shape) === inner.shape[0]) {
      let places = Int32Array.from({ length: sizeOf(inner.shape) }, (_, i) => i);
      for (const step of [...path].reverse()) {
        const from = places;
        places = Int32Array.from(sources(step), (i) => (i < 0 ? -1 : from[i]));
      }
      if (places.every((p, i) => p === i * (inner.shape[0] + 1))) return inner;
    }
  }
  return undefined;
}
