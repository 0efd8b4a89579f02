// Products of matrices as lists of factors, read through reshapes of vectors and solutions of equations: x'·(A\x) is x', A⁻¹, x.

import type { Node } from "../../graph/node.ts";
import { isIdentity } from "../../graph/structural.ts";
import { exactValue } from "./constants.ts";
import { type FormReader, sameForm } from "./forms.ts";
import { callName, isFloatCast } from "./normalise.ts";

/** A matrix, its transpose, its inverse. A vector stands as a column. */
export interface Factor {
  readonly node: Node;
  readonly transposed: boolean;
  readonly inverse: boolean;
}

const isVector = (node: Node): boolean =>
  node.shape.length === 1 || (node.shape.length === 2 && (node.shape[0] === 1 || node.shape[1] === 1));

/** A node without what only changes the shape of it; a matrix that is another's rows in another shape is left. */
export function unwrapped(node: Node): Node {
  let inner = node;
  while (inner.op.name === "reshape" || isFloatCast(inner) || isIdentity(inner)) inner = inner.inputs[0];
  const same = inner.shape.length === node.shape.length && inner.shape.every((d, i) => d === node.shape[i]);
  if (same) return inner;
  if (isVector(node) && isVector(inner)) return inner;
  return isIdentity(node) || isFloatCast(node) ? unwrapped(node.inputs[0]) : node;
}

const mostFactors = 16;

/** The factors of a matrix [m, n], or of a vector as a column, from the left; undefined where there are too many. */
export function factorsOf(node: Node): Factor[] | undefined {
  const list = listed(node, node.shape.length === 2 && node.shape[0] === 1 && node.shape[1] > 1);
  return list.length > mostFactors ? undefined : list;
}

const turned = (list: readonly Factor[]): Factor[] => [...list].reverse().map((f) => ({ ...f, transposed: !f.transposed }));

/** `row`: a vector is wanted as a row. */
function listed(node: Node, row: boolean): Factor[] {
  const inner = unwrapped(node);
  const [a, b] = inner.inputs;
  const isRow = inner.shape.length === 2 && inner.shape[0] === 1 && inner.shape[1] > 1;
  const lies = isVector(inner) && row !== isRow;
  if (inner.op.name === "transpose" && inner.shape.length === 2) {
    const permutation = inner.attributes.permutation as readonly number[];
    if (permutation[0] === 1) {
      const list = turned(listed(a, a.shape.length === 2 && a.shape[0] === 1 && a.shape[1] > 1));
      return lies ? turned(list) : list;
    }
  }
  if (inner.op.name === "matmul" && a.shape.length === 2 && b.shape.length === 2 && !(exactly(a) && exactly(b))) {
    const list = [...listed(a, a.shape[0] === 1 && a.shape[1] > 1), ...listed(b, b.shape[0] === 1 && b.shape[1] > 1)];
    return lies ? turned(list) : list;
  }
  const name = callName(inner);
  if ((name === "solve" || name === "inv") && a.shape.length === 2) {
    const first: Factor = { node: a, transposed: false, inverse: true };
    const list = name === "inv" ? [first] : [first, ...listed(b, b.shape[0] === 1 && b.shape[1] > 1)];
    return lies ? turned(list) : list;
  }
  return [{ node: inner, transposed: isVector(inner) && row, inverse: false }];
}

const exactly = (node: Node): boolean => exactValue(node) !== undefined;

/** Whether f = gᵀ. `isSymmetric`: of a matrix. */
export function areTransposed(f: Factor, g: Factor, isSymmetric: (node: Node) => boolean, formsOf: FormReader): boolean {
  if (f.inverse !== g.inverse) return false;
  if (f.node === g.node) return f.transposed !== g.transposed || isSymmetric(f.node);
  if (isVector(f.node) !== isVector(g.node)) return false;
  const [p, q] = [formsOf(f.node), formsOf(g.node)];
  if (!p || !q || p.length !== q.length) return false;
  if (isVector(f.node)) return f.transposed !== g.transposed && p.every((x, i) => sameForm(x, q[i]));
  const [rows, columns] = f.node.shape;
  if (f.transposed !== g.transposed)
    return g.node.shape[0] === rows && g.node.shape[1] === columns && p.every((x, i) => sameForm(x, q[i]));
  if (g.node.shape[0] !== columns || g.node.shape[1] !== rows) return false;
  return p.every((x, at) => sameForm(x, q[(at % columns) * rows + Math.floor(at / columns)]));
}
