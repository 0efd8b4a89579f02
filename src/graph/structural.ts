// Nodes that give a graph its structure rather than compute: parameters, constants, the outputs of a node, identities with a
// meaning for differentiation, and calls (a named composition as one node).

import { costOfGraphs } from "./cost.ts";
import { allocate, bytesPerElement, type DType, type TypedArray } from "./dtype.ts";
import { fail } from "./errors.ts";
import { type Graph, makeNode, type Node, typeOf } from "./node.ts";
import { asFunction } from "./notation.ts";
import type { Adjoints, Attributes, Notation, Structural, TensorType } from "./primitive.ts";
import { type Shape, sizeOf } from "./shape.ts";

const free = () => ({ multiplyAdds: 0, elementary: 0, transcendental: 0 });

/** The elements of a constant. `data` may be brought in from an engine's memory when it is first read. */
export interface Literal {
  readonly data: TypedArray;
}

interface ParameterAttributes extends Attributes {
  readonly type: TensorType;
  readonly name: string;
}

const parameterOp: Structural<ParameterAttributes> = {
  kind: "structural",
  name: "parameter",
  infer: (_inputs, { type }) => [type],
  derivative: { kind: "zero" },
  batch: () => fail("engine", "parameter: a parameter is replaced, never batched."),
  cost: free,
};

/** A value that is not known yet. `name` is what printed formulas call it. */
export function parameter(type: TensorType, name = "x"): Node {
  return makeNode(parameterOp, [], { type: { shape: type.shape, dtype: type.dtype }, name });
}

interface ConstantAttributes extends Attributes {
  readonly type: TensorType;
  readonly literal: Literal;
}

const constantOp: Structural<ConstantAttributes> = {
  kind: "structural",
  name: "constant",
  infer: (_inputs, { type }) => [type],
  derivative: { kind: "zero" },
  batch: () => fail("engine", "constant: a constant is never batched."),
  cost: free,
};

/** A known value. The data are not copied and must not change afterwards. */
export function constant(literal: Literal | TypedArray, shape: Shape, dtype: DType): Node {
  return makeNode(constantOp, [], { type: { shape, dtype }, literal: "data" in literal ? literal : { data: literal } }, "");
}

/** A rank-0 constant. */
export function scalar(value: number, dtype: DType): Node {
  const data = allocate(dtype, 1);
  data[0] = value;
  return constant(data, [], dtype);
}

export function isConstant(node: Node): boolean {
  return node.op === (constantOp as Node["op"]);
}

export function isParameter(node: Node): boolean {
  return node.op === (parameterOp as Node["op"]);
}

/** The elements of a constant node. */
export function constantData(node: Node): TypedArray {
  if (!isConstant(node)) fail("symbolic", `the node ${node.op.name} has no value: it is not a constant.`);
  return (node.attributes as ConstantAttributes).literal.data;
}

interface PickAttributes extends Attributes {
  readonly index: number;
  readonly type: TensorType;
}

const pickOp: Structural<PickAttributes> = {
  kind: "structural",
  name: "pick",
  infer: (_inputs, { type }) => [type],
  // Reverse and forward mode handle pick themselves: it routes one output's cotangent or tangent.
  derivative: { kind: "zero" },
  batch: () => fail("engine", "pick: routed by the batching pass."),
  cost: free,
};

/** Output `index` of `node`; the node itself when it has one output. */
export function pick(node: Node, index: number): Node {
  if (node.outputs.length === 1) return node;
  return makeNode(pickOp, [node], { index, type: node.outputs[index] }, node.path);
}

export function isPick(node: Node): boolean {
  return node.op === (pickOp as Node["op"]);
}

/** All outputs of `node`, as nodes. */
export function picks(node: Node): Node[] {
  return node.outputs.map((_, i) => pick(node, i));
}

function identity(name: string, derivative: Structural["derivative"]): Structural {
  return {
    kind: "structural",
    name,
    infer: (inputs) => [inputs[0]],
    derivative,
    batch: (inputs, batched) => makeNode(identities[name], batched[0] ? inputs : inputs.slice(0, 1), {}),
    cost: free,
  };
}

const passThrough: Structural["derivative"] = {
  kind: "rules",
  vjp: (_node, [g]): Adjoints => [g],
  jvp: (_node, [t]): Adjoints => [t],
};

const identities: Record<string, Structural> = {};
identities.alias = identity("alias", passThrough);
identities.stopGradient = identity("stopGradient", { kind: "zero" });
identities.barrier = identity("barrier", passThrough);

/** The same value as a fresh node: what `grad` differentiates with respect to, so that inner and outer variables never mix. */
export function alias(node: Node): Node {
  return makeNode(identities.alias, [node], {});
}

/** The same value, treated as a constant by every derivative. */
export function stopGradient(node: Node): Node {
  return makeNode(identities.stopGradient, [node], {});
}

/** The same value, but never merged with an equal computation, and not available before `after` is: this is how recomputation stays one. */
export function barrier(node: Node, after: readonly Node[] = []): Node {
  return makeNode(identities.barrier, [node, ...after], {});
}

export function isIdentity(node: Node): boolean {
  return identities[node.op.name] === node.op;
}

/** Whether the node is a barrier: a value of its own, never merged. */
export function isBarrier(node: Node): boolean {
  return node.op === (identities.barrier as Node["op"]);
}

/** A derivative rule given with a call: cotangents of the inputs from inputs, outputs and output cotangents. */
export type CallVjp = (
  inputs: readonly Node[],
  outputs: readonly Node[],
  cotangents: readonly Node[],
) => readonly (Node | undefined)[];
/** Tangents of the outputs from inputs, outputs and input tangents (undefined: zero). */
export type CallJvp = (inputs: readonly Node[], outputs: readonly Node[], tangents: Adjoints) => Adjoints;

export interface CallAttributes extends Attributes {
  /** Name of the composition: "softmax", "layerNorm" … */
  readonly name: string;
  readonly body: Graph;
  /** The composition's own static parameters, for whoever recognises it. */
  readonly parameters: Attributes;
  readonly vjp: CallVjp | undefined;
  readonly jvp: CallJvp | undefined;
  /** Recompute the body in the backward pass instead of keeping its values. */
  readonly recompute: boolean;
}

let callDerivative: Structural["derivative"] | undefined;
let callBatch: Structural<CallAttributes>["batch"] | undefined;

/** Differentiation and batching of calls live with the passes over graphs (ops/autodiff.ts, ops/batching.ts), which install them here. */
export function installCallRules(rules: {
  derivative?: Structural["derivative"];
  batch?: Structural<CallAttributes>["batch"];
}): void {
  callDerivative = rules.derivative ?? callDerivative;
  callBatch = rules.batch ?? callBatch;
}

const callOp: Structural<CallAttributes> = {
  kind: "structural",
  name: "call",
  infer: (_inputs, { body }) => body.outputs.map(typeOf),
  get derivative() {
    return callDerivative ?? fail("derivative", "call: no differentiation pass is installed.");
  },
  batch: (inputs, batched, attributes, size) =>
    callBatch ? callBatch(inputs, batched, attributes, size) : fail("engine", "call: no batching pass is installed."),
  cost: (_inputs, _outputs, { body }) => costOfGraphs([body]),
};

/** Whether a call is more to derivatives than its body: it has rules of its own, or is to be computed again. */
export function hasOwnDerivative({ vjp, jvp, recompute }: CallAttributes): boolean {
  return vjp !== undefined || jvp !== undefined || recompute;
}

/** `body` applied to `inputs` as one node that keeps its name. */
export function call(inputs: readonly Node[], attributes: CallAttributes): Node {
  return makeNode(callOp, inputs, attributes);
}

export function isCall(node: Node): boolean {
  return node.op === (callOp as Node["op"]);
}

export function callAttributes(node: Node): CallAttributes {
  return node.attributes as CallAttributes;
}

/**
 * A named composition of primitives: `build` runs on fresh parameters of the inputs' types, and the result is one call node.
 * Everything `build` uses must come from its arguments.
 */
export function composition(
  name: string,
  parameters: Attributes,
  inputs: readonly Node[],
  build: (...inputs: Node[]) => Node,
  rules: { readonly vjp?: CallVjp; readonly jvp?: CallJvp } = {},
): Node {
  const formals = inputs.map((n, i) => parameter(typeOf(n), `x${i}`));
  const body = { parameters: formals, outputs: [build(...formals)] };
  return call(inputs, { name, body, parameters, vjp: rules.vjp, jvp: rules.jvp, recompute: false });
}

/** Bytes of a value of this type. */
export function bytesOf(type: TensorType): number {
  return sizeOf(type.shape) * bytesPerElement[type.dtype];
}

const named = (name: string): Notation => ({ text: () => name, tex: () => String.raw`\mathrm{${name}}` });
const asOperand: Notation = { text: (x) => x, tex: (x) => x };

/** How these nodes are written, by the name of the operation. */
export const structuralNotations = {
  parameter: ({ name }: ParameterAttributes) => named(name),
  constant: ({ type, literal }: ConstantAttributes) =>
    named(sizeOf(type.shape) === 1 ? String(literal.data[0]) : `constant[${type.shape.join(",")}]`),
  pick: ({ index }: PickAttributes): Notation => ({ text: (x) => `${x}.${index}`, tex: (x) => `{${x}}_{${index}}` }),
  alias: asOperand,
  stopGradient: asOperand,
  barrier: asOperand,
  call: ({ name }: CallAttributes) => asFunction(name),
};
