// How the rooms of elementwise operations are written: a factory per form (unary, binary, comparison …) that turns the mathematics
// of an operation into its primitive and its node builder. `exp` is both: `exp(x)` builds a node, `exp.op` is the room.

import { type DType, isFloat, promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Adjoints, Attributes, Cost, Derivative, Elementwise, Primitive, TensorType } from "../graph/primitive.ts";
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from "../graph/shape.ts";
import type { Algebra, Arithmetic } from "../numeric/algebra.ts";
import { broadcastTo, cast, expandLeading } from "./shape.ts";

/** Contribution of one operand: the local derivative times `t`, where `t` is a cotangent (reverse) or a tangent (forward). */
export type Partial = (t: Node, node: Node) => Node;

export interface Mathematics {
  /** One derivative per operand, or "zero" when piecewise constant. */
  readonly derivatives: readonly Partial[] | "zero";
  /** Work per element; one elementary operation when omitted. */
  readonly cost?: { readonly elementary?: number; readonly transcendental?: number; readonly multiplyAdds?: number };
}

/** Which operands an operation takes, after promotion to a common dtype. */
type Operands = "float" | "number" | "logic" | "any";

interface Definition extends Mathematics {
  readonly arity: number;
  readonly operands: Operands;
  readonly result: "same" | "bool";
  formula<V>(k: Algebra<V>, operands: readonly V[]): V;
  integerFormula?<V>(k: Arithmetic<V>, operands: readonly V[]): V;
}

export type Builder<N extends readonly Node[]> = ((...operands: N) => Node) & { readonly op: Elementwise };

/** Attaches the room to its builder. */
// @__NO_SIDE_EFFECTS__
export function builder<N extends readonly Node[]>(op: Elementwise, build: (...operands: N) => Node): Builder<N> {
  return Object.assign(build, { op });
}

/** Derivative of an elementwise operation: its Jacobian is diagonal, so reverse and forward mode use the same local derivatives. */
function diagonal(derivatives: readonly Partial[] | "zero"): Derivative {
  if (derivatives === "zero") return { kind: "zero" };
  return {
    kind: "rules",
    vjp: (node, [g], needed): Adjoints => node.inputs.map((_, i) => (needed[i] && g ? derivatives[i]?.(g, node) : undefined)),
    jvp: (node, tangents): Adjoints => {
      let total: Node | undefined;
      tangents.forEach((t, i) => {
        const part = t && derivatives[i]?.(t, node);
        if (part) total = total ? sum2(total, part) : part;
      });
      return [total];
    },
  };
}

let sum2: (a: Node, b: Node) => Node = () => fail("engine", "addition is not installed");

/** `add` is itself made by these factories; it hands itself over once it exists. */
export function installAddition(add: (a: Node, b: Node) => Node): void {
  sum2 = add;
}

export function costOf(outputs: readonly TensorType[], perElement: Mathematics["cost"] = { elementary: 1 }): Cost {
  const n = sizeOf(outputs[0].shape);
  const { elementary = 0, transcendental = 0, multiplyAdds = 0 } = perElement;
  return { multiplyAdds: multiplyAdds * n, elementary: elementary * n, transcendental: transcendental * n };
}

function checkOperands(name: string, operands: Operands, inputs: readonly TensorType[]): void {
  const [first] = inputs;
  for (const type of inputs) {
    if (!sameShape(type.shape, first.shape) || type.dtype !== first.dtype) {
      fail(
        "shape",
        `${name}: operands ${inputs.map((t) => `${t.dtype}${formatShape(t.shape)}`).join(" and ")} must agree in shape and dtype.`,
      );
    }
  }
  const fits =
    operands === "any" ||
    (operands === "logic" ? first.dtype === "bool" : operands === "float" ? isFloat(first.dtype) : first.dtype !== "bool");
  if (!fits) {
    const wanted = { float: "float32 or float64", number: "float32, float64 or int32", logic: "bool", any: "any" }[operands];
    fail("dtype", `${name}: takes ${wanted}, got ${first.dtype}. Convert with cast().`);
  }
}

/** The batch rule of every elementwise operation: all operands get the new leading axis. */
export function batchElementwise(
  op: Primitive,
  inputs: readonly Node[],
  batched: readonly boolean[],
  attributes: Attributes,
  size: number,
): Node {
  return makeNode(
    op,
    inputs.map((n, i) => (batched[i] ? n : expandLeading(n, size))),
    attributes,
  );
}

/** The room of an elementwise operation of any arity; the factories below are written with it. */
// @__NO_SIDE_EFFECTS__
export function room(name: string, definition: Definition): Elementwise {
  const op: Elementwise = {
    kind: "elementwise",
    name,
    infer: (inputs) => {
      if (inputs.length !== definition.arity)
        fail("argument", `${name}: takes ${definition.arity} operands, got ${inputs.length}.`);
      checkOperands(name, definition.operands, inputs);
      return [{ shape: inputs[0].shape, dtype: definition.result === "bool" ? "bool" : inputs[0].dtype }];
    },
    formula: definition.formula,
    ...(definition.integerFormula ? { integerFormula: definition.integerFormula } : {}),
    derivative: diagonal(definition.derivatives),
    batch: (inputs, batched, attributes, size) => batchElementwise(op, inputs, batched, attributes, size),
    cost: (_inputs, outputs) => costOf(outputs, definition.cost),
  };
  return op;
}

/** Operands brought to one dtype (at least `lowest`) and one shape. */
export function unify(name: string, operands: readonly Node[], lowest: DType): Node[] {
  const dtype = operands.map((n) => n.dtype).reduce(promote, lowest);
  const shape: Shape = operands.every((n) => sameShape(n.shape, operands[0].shape))
    ? operands[0].shape
    : broadcastShapes(name, ...operands.map((n) => n.shape));
  return operands.map((n) => broadcastTo(cast(n, dtype), shape));
}

const lowestOf: Record<Operands, DType> = { float: "float32", number: "int32", logic: "bool", any: "bool" };

interface UnaryMathematics extends Mathematics {
  formula<V>(k: Algebra<V>, x: V): V;
  integer?<V>(k: Arithmetic<V>, x: V): V;
}

/** y = f(x), elementwise. Integer operands are converted to float32 unless the operation has an `integer` formula. */
// @__NO_SIDE_EFFECTS__
export function unary(name: string, m: UnaryMathematics): Builder<[Node]> {
  const { integer } = m;
  const operands: Operands = integer ? "number" : "float";
  const op = room(name, {
    ...m,
    arity: 1,
    operands,
    result: "same",
    formula: (k, [x]) => m.formula(k, x),
    ...(integer ? { integerFormula: <V>(k: Arithmetic<V>, [x]: readonly V[]) => integer(k, x) } : {}),
  });
  return builder(op, (x: Node) => makeNode(op, [cast(x, promote(x.dtype, lowestOf[operands]))], {}));
}

interface BinaryMathematics extends Mathematics {
  formula<V>(k: Algebra<V>, a: V, b: V): V;
  integer?<V>(k: Arithmetic<V>, a: V, b: V): V;
}

// @__NO_SIDE_EFFECTS__
function binaryOf(name: string, m: BinaryMathematics, result: "same" | "bool"): Builder<[Node, Node]> {
  const { integer } = m;
  const operands: Operands = integer ? "number" : "float";
  const op = room(name, {
    ...m,
    arity: 2,
    operands,
    result,
    formula: (k, [a, b]) => m.formula(k, a, b),
    ...(integer ? { integerFormula: <V>(k: Arithmetic<V>, [a, b]: readonly V[]) => integer(k, a, b) } : {}),
  });
  return builder(op, (a: Node, b: Node) => makeNode(op, unify(name, [a, b], lowestOf[operands]), {}));
}

/** y = f(a, b), elementwise with NumPy broadcasting and dtype promotion. */
// @__NO_SIDE_EFFECTS__
export function binary(name: string, m: BinaryMathematics): Builder<[Node, Node]> {
  return binaryOf(name, m, "same");
}

interface ComparisonMathematics {
  formula<V>(k: Arithmetic<V>, a: V, b: V): V;
}

/** A truth value from two numbers, with broadcasting. On NaN as IEEE 754 says. */
// @__NO_SIDE_EFFECTS__
export function comparison(name: string, m: ComparisonMathematics): Builder<[Node, Node]> {
  return binaryOf(name, { ...m, integer: m.formula, derivatives: "zero" }, "bool");
}

interface LogicMathematics {
  readonly arity: number;
  formula<V>(k: Arithmetic<V>, operands: readonly V[]): V;
}

/** A truth value from truth values, with broadcasting. */
// @__NO_SIDE_EFFECTS__
export function logic(name: string, m: LogicMathematics): Builder<Node[]> {
  const op = room(name, { ...m, operands: "logic", result: "bool", integerFormula: m.formula, derivatives: "zero" });
  return builder(op, (...operands: Node[]) => makeNode(op, unify(name, operands, "bool"), {}));
}
