// Whether a symmetric matrix of expressions is positive semidefinite at every point of a domain: by parts that do not touch, exactly where
// it is constant, by elimination with expressions, and by boxes.

import { type Rational, sign as signR } from "../../numeric/exact/rational.ts";
import type { JsonData, Proof } from "../certificate.ts";
import type { Domain } from "../domain.ts";
import {
  compileEnclosure,
  constant,
  div,
  type Expression,
  expressionData,
  fractionOf,
  isZero,
  print,
  productData,
  signOf,
  simplify,
  sub,
  mul as times,
} from "../symbolic/index.ts";
import { BudgetError } from "../symbolic/store.ts";
import { withoutCones } from "./cones.ts";
import { asNumbers, inertiaProof, kindOf } from "./definiteness.ts";
import { diagonalize } from "./inertia.ts";

export type ExpressionMatrix = readonly (readonly Expression[])[];

export interface DefiniteOn {
  /** Positive definite everywhere inside, or semidefinite. */
  readonly definite: boolean;
  readonly method: string;
  readonly proof: Proof;
}

/** A direction in which the matrix is proved to be negative, at every point. */
export interface NegativeDirection {
  readonly direction: readonly number[];
}

/** Sets of indices that no entry other than 0 joins. */
export function blocksOf(matrix: ExpressionMatrix): number[][] {
  const n = matrix.length;
  const seen = new Set<number>();
  const blocks: number[][] = [];
  for (let start = 0; start < n; start++) {
    if (seen.has(start)) continue;
    const block = [start];
    seen.add(start);
    for (const i of block) {
      for (let j = 0; j < n; j++) {
        if (seen.has(j) || isZero(matrix[i][j])) continue;
        seen.add(j);
        block.push(j);
      }
    }
    blocks.push(block.sort((a, b) => a - b));
  }
  return blocks;
}

export function part(matrix: ExpressionMatrix, indices: readonly number[]): Expression[][] {
  return indices.map((i) => indices.map((j) => matrix[i][j]));
}

/** The matrix as rational numbers where it is constant. */
export function constantMatrix(matrix: ExpressionMatrix): Rational[][] | undefined {
  const values: Rational[][] = [];
  for (const row of matrix) {
    const numbers: Rational[] = [];
    for (const e of row) {
      if (e.kind !== "rational") return undefined;
      numbers.push(e.value);
    }
    values.push(numbers);
  }
  return values;
}

/** Proves that the matrix is positive (semi)definite everywhere inside the domain; undefined where that fails. `deadline`: performance.now(). */
export function provePositive(
  matrix: ExpressionMatrix,
  interior: Domain,
  names: readonly string[],
  deadline: number,
): DefiniteOn | NegativeDirection | undefined {
  const blocks = blocksOf(matrix);
  const proofs: Proof[] = [];
  let definite = true;
  let method = "";
  for (const block of blocks) {
    const sub = part(matrix, block);
    const found = provePart(sub, interior, names, deadline);
    if (!found) return undefined;
    if ("direction" in found) {
      const direction = matrix.map(() => 0);
      block.forEach((i, k) => {
        direction[i] = found.direction[k];
      });
      return { direction };
    }
    definite &&= found.definite;
    if (method === "" || found.method.length > method.length) method = found.method;
    proofs.push(
      blocks.length === 1
        ? found.proof
        : { rule: "block", claim: `the block of ${block.map((i) => names[i]).join(", ")}`, premises: [found.proof] },
    );
  }
  if (blocks.length === 1) return { definite, method, proof: proofs[0] };
  return {
    definite,
    method,
    proof: {
      rule: "block diagonal",
      claim: `the Hessian is block diagonal with positive ${definite ? "definite" : "semidefinite"} blocks`,
      data: { blocks },
      premises: proofs,
    },
  };
}

function provePart(
  matrix: ExpressionMatrix,
  interior: Domain,
  names: readonly string[],
  deadline: number,
): DefiniteOn | NegativeDirection | undefined {
  const numbers = constantMatrix(matrix);
  if (numbers) {
    const found = diagonalize(numbers);
    const kind = kindOf(found.inertia);
    if (found.inertia.negative > 0) {
      return { direction: asNumbers(found.directions[found.values.findIndex((v) => signR(v) < 0)]) };
    }
    return { definite: kind === "positive definite", method: "exact elimination", proof: inertiaProof(numbers, found) };
  }
  const { entries, domain, back } = withoutCones(matrix.flat(), interior);
  const n = matrix.length;
  return eliminate(
    matrix.map((_, i) => entries.slice(i * n, (i + 1) * n)),
    domain,
    names,
    deadline,
    back,
  );
}

/**
 * Elimination with expressions as entries: the matrix is semidefinite where every pivot is ≥ 0, and a row whose pivot vanishes identically
 * vanishes with it. A pivot may vanish at single points: the rest is then semidefinite near them, and by continuity at them.
 */
function eliminate(
  matrix: ExpressionMatrix,
  domain: Domain,
  names: readonly string[],
  deadline: number,
  back: (e: Expression) => Expression,
): DefiniteOn | undefined {
  let rest = matrix.map((row) => [...row]);
  let open = matrix.map((_, i) => i);
  let definite = true;
  const premises: Proof[] = [];
  const squares: JsonData[] = [];
  try {
    while (open.length > 0) {
      if (performance.now() > deadline) return undefined;
      const zeroRow = open.find((i) => open.every((j) => isZero(rest[i][j])));
      if (zeroRow !== undefined) {
        definite = false;
        open = open.filter((i) => i !== zeroRow);
        premises.push({ rule: "zero row", claim: `what is left of row ${zeroRow} is 0` });
        continue;
      }
      const pivot = choosePivot(rest, open, domain, names, deadline);
      if (!pivot) return undefined;
      const { index, strict, proof } = pivot;
      definite &&= strict;
      premises.push(proof);
      squares.push(squareOf(rest, open, index, back));
      open = open.filter((i) => i !== index);
      const next = rest.map((row) => [...row]);
      for (const i of open) {
        for (const j of open) {
          if (j > i) continue;
          if (isZero(rest[i][index]) || isZero(rest[j][index])) continue;
          const entry = simplify(sub(rest[i][j], div(times(rest[i][index], rest[j][index]), rest[index][index])));
          next[i][j] = next[j][i] = entry;
        }
      }
      rest = next;
    }
  } catch (error) {
    if (error instanceof BudgetError) return undefined;
    throw error;
  }
  return {
    definite,
    method: "elimination with exact expressions",
    proof: {
      rule: "elimination",
      claim: `the pivots of the Hessian are ${definite ? "positive" : "nonnegative"}`,
      data: { squares },
      premises,
    },
  };
}

/** The pivot d and the vector v with which elimination takes d·v·vᵀ from the matrix, so that the matrix is the sum of these. */
function squareOf(
  rest: readonly (readonly Expression[])[],
  open: readonly number[],
  index: number,
  back: (e: Expression) => Expression,
): JsonData {
  const pivot = rest[index][index];
  const written = back(pivot);
  const { store } = written;
  const vector = rest.map((row, i) =>
    i === index || !open.includes(i) ? constant(store, i === index ? 1 : 0) : back(simplify(div(row[index], pivot))),
  );
  const weight = fractionOf(written);
  const [product, entries] = [weight && productData(weight, store), expressionData(vector)];
  return product && entries ? { product, vector: entries } : null;
}

function choosePivot(
  rest: readonly (readonly Expression[])[],
  open: readonly number[],
  domain: Domain,
  names: readonly string[],
  deadline: number,
): { index: number; strict: boolean; proof: Proof } | undefined {
  let nonnegative: { index: number; strict: boolean; proof: Proof } | undefined;
  const inOrder = [...open].sort((a, b) => sizeOf(rest[a][a]) - sizeOf(rest[b][b]));
  for (const index of inOrder) {
    const pivot = rest[index][index];
    const budget = (deadline - performance.now()) / (open.length + 1);
    if (budget <= 0) return nonnegative;
    const { sign, method, proof } = signOf(pivot, domain, { budget });
    const premise: Proof = {
      rule: `sign: ${method}`,
      claim: `pivot ${index}: ${print(pivot, names)} ${sign === "positive" ? ">" : ">="} 0`,
      ...(proof && { premises: [proof] }),
    };
    if (sign === "positive") return { index, strict: true, proof: premise };
    // Not identically zero: proved at some point.
    if (sign === "nonnegative" && !nonnegative && isSomewhere(pivot, domain))
      nonnegative = { index, strict: false, proof: premise };
    if (sign === "negative" || sign === "nonpositive") return undefined;
  }
  return nonnegative;
}

const sizeOf = (e: Expression) => compileEnclosure([e]).operations;

/** Whether an expression is proved to be positive at some point of the box. */
function isSomewhere(e: Expression, domain: Domain): boolean {
  const enclose = compileEnclosure([e]);
  for (const s of [0.5, 0.37, 0.71]) {
    const box = domain.box.map(({ lower, upper }, i) => {
      const from = Number.isFinite(lower) ? lower : Number.isFinite(upper) ? upper - 4 : -2;
      const to = Number.isFinite(upper) ? upper : Number.isFinite(lower) ? lower + 4 : 2;
      const x = from + ((s * (i + 1) * 0.7548776662466927) % 1) * (to - from);
      return { lower: x, upper: x };
    });
    const [y] = enclose(box);
    if (y.lower <= y.upper && y.lower > 0) return true;
  }
  return false;
}
