// scan: a loop of known length. Its derivatives of both modes are scans again, so they exist to any order.

import { costOfGraphs } from "../../graph/cost.ts";
import { allocate, isFloat, type TypedArray } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Graph, makeNode, type Node, topologicalOrder, typeOf } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Adjoints, Attributes, Dense, EvaluateGraph, Structural } from "../../graph/primitive.ts";
import { inlineCalls, mergeEqual, substitute, withInputs } from "../../graph/rewrite.ts";
import { formatShape, sizeOf } from "../../graph/shape.ts";
import { hasOwnDerivative, isIdentity, parameter, pick } from "../../graph/structural.ts";
import { add } from "../arithmetic.ts";
import { pullback, pushforward, zerosOf } from "../autodiff.ts";
import { batchGraph, partition } from "../batching.ts";
import { close } from "../close.ts";
import { expandLeading, moveAxis } from "../shape.ts";
import { checkCarry } from "./shared.ts";

export interface ScanAttributes extends Attributes {
  /** Parameters: carries, one slice of each sequence, operands. Outputs: next carries, one slice of each result sequence. */
  readonly body: Graph;
  readonly carries: number;
  readonly sequences: number;
  readonly length: number;
  readonly reverse: boolean;
  readonly id: number;
  /** Ids of scans whose outputs are a prefix of this one's, given equal inputs: this one may stand in for them. */
  readonly extends: readonly number[];
}

let lastScan = 0;

const scanOf = ({ op, attributes }: Node) => (op.name === "scan" ? (attributes as ScanAttributes) : undefined);

export const scanOp: Structural<ScanAttributes> = {
  kind: "structural",
  name: "scan",
  infer: (_inputs, { body, carries, length }) =>
    body.outputs.map((n, i) => (i < carries ? typeOf(n) : { shape: [length, ...n.shape], dtype: n.dtype })),
  evaluate: (node, inputs, evaluate) => evaluateScan(node, inputs, evaluate),
  merge: (outputs) => mergeScans(outputs),
  derivative: {
    kind: "rules",
    vjp: (node, cotangents, needed) => pullScan(node, cotangents, needed),
    jvp: (node, tangents) => pushScan(node, tangents),
  },
  batch: (inputs, batched, attributes, size) => batchScan(inputs, batched, attributes, size),
  cost: (_inputs, _outputs, { body, length }) => costOfGraphs([body], length),
};

export const scanNotation = asFunction("scan");

function evaluateScan(node: Node, inputs: readonly Dense[], evaluate: EvaluateGraph): Dense[] {
  const { body, carries, sequences, length, reverse } = node.attributes as ScanAttributes;
  let carry = inputs.slice(0, carries);
  const xs = inputs.slice(carries, carries + sequences);
  const operands = inputs.slice(carries + sequences);
  const stacks = node.outputs.slice(carries).map((type) => ({ ...type, data: allocate(type.dtype, sizeOf(type.shape)) }));
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const results = evaluate(body, [...carry, ...xs.map((x) => sliceAt(x, t)), ...operands]);
    carry = results.slice(0, carries);
    stacks.forEach((stack, i) => {
      const { data } = results[carries + i];
      (stack.data as TypedArray).set(data, t * data.length);
    });
  }
  return [...carry, ...stacks];
}

function sliceAt(x: Dense, t: number): Dense {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return { shape, dtype: x.dtype, data: x.data.subarray(t * size, (t + 1) * size) };
}

/** Differentiating a scan makes an extended copy that also returns residuals; the original is then read off the copy. */
function mergeScans(outputs: readonly Node[]): Node[] {
  const scans = topologicalOrder(outputs).filter((n) => scanOf(n));
  const standIn = new Map<Node, Node>();
  for (const node of scans) {
    const { id } = scanOf(node)!;
    const extended = scans.find(
      (other) => scanOf(other)!.extends.includes(id) && other.inputs.every((n, i) => n === node.inputs[i]),
    );
    if (extended) standIn.set(node, extended);
  }
  if (standIn.size === 0) return [...outputs];
  const last = (node: Node): Node => (standIn.has(node) ? last(standIn.get(node)!) : node);
  // A stand-in is made where the first scan it stands for is needed, which is before its own turn.
  const made = new Map<Node, Node>();
  return substitute(outputs, new Map(), (node, original) => {
    const known = made.get(original);
    if (known || !standIn.has(original)) return known;
    const extended = last(original);
    const rebuilt = made.get(extended) ?? withInputs(extended, node.inputs);
    made.set(extended, rebuilt);
    return rebuilt;
  });
}

function makeScan(inputs: readonly Node[], attributes: ScanAttributes): Node[] {
  const node = makeNode(scanOp, inputs, attributes);
  return node.outputs.map((_, i) => pick(node, i));
}

/**
 * carry, y_t = body(carry, x_t) for t = 0 … length−1 (or downwards when `reverse`, with y_t still at index t).
 * `xs` have the time axis first. Returns the last carry and the stacked ys. Derivatives of both modes, to any order.
 */
export function scan(
  body: (carry: Node[], x: Node[]) => { readonly carry: readonly Node[]; readonly ys: readonly Node[] },
  init: readonly Node[],
  xs: readonly Node[],
  options: { readonly length?: number; readonly reverse?: boolean } = {},
): { carry: Node[]; ys: Node[] } {
  const length =
    options.length ?? xs[0]?.shape[0] ?? fail("argument", "scan: without sequences, say how many steps: { length }.");
  for (const x of xs) {
    if (x.shape[0] !== length)
      fail("shape", `scan: sequences must have ${length} steps on their first axis, got ${formatShape(x.shape)}.`);
  }
  const carryFormals = init.map((n, i) => parameter(typeOf(n), `carry${i}`));
  const xFormals = xs.map((n, i) => parameter({ shape: n.shape.slice(1), dtype: n.dtype }, `x${i}`));
  const { carry, ys } = body(carryFormals, xFormals);
  checkCarry("scan", init, carry);
  const formals = [...carryFormals, ...xFormals];
  const closed = close(formals, [...carry, ...ys]);
  const outputs = makeScan([...init, ...xs, ...closed.captured], {
    body: { parameters: [...formals, ...closed.captures], outputs: closed.outputs },
    carries: init.length,
    sequences: xs.length,
    length,
    reverse: options.reverse ?? false,
    id: ++lastScan,
    extends: [],
  });
  return { carry: outputs.slice(0, init.length), ys: outputs.slice(init.length) };
}

/** Cheap nodes that the backward loop recomputes rather than stores. */
const cheap = new Set(["broadcast", "reshape", "transpose", "cast", "neg"]);

/**
 * Backward through a scan: a second forward scan that also stacks what the backward pass needs (the residuals), and a reverse scan
 * over the cotangents. The second forward scan extends the first and replaces it when the program is compiled.
 */
function pullScan(node: Node, cotangents: Adjoints, needed: readonly boolean[]): Adjoints {
  const attributes = node.attributes as ScanAttributes;
  const { body, carries, sequences, length, reverse } = attributes;
  const formals = body.parameters;
  const carryFormals = formals.slice(0, carries);
  // Cotangents of every float carry, and of those result sequences that have one.
  const dual = body.outputs.map((n, i) =>
    isFloat(n.dtype) && (i < carries || cotangents[i]) ? parameter(typeOf(n), `d${i}`) : undefined,
  );
  const wanted = formals.map((f, i) => isFloat(f.dtype) && (i < carries || needed[i]));
  const wrt = formals.filter((_, i) => wanted[i]);
  // Calls are spelled out, so that residuals are primitives' values, each once; but for those whose derivative is not their body's.
  const spellOut = (nodes: readonly Node[]) => mergeEqual(inlineCalls(nodes, hasOwnDerivative), { differentiable: true });
  const plain = spellOut(body.outputs);
  const pulledRaw = pullback(plain, dual, wrt);
  const joint = spellOut([...plain, ...pulledRaw.map((p, i) => p ?? zerosOf(typeOf(wrt[i])))]);
  const forward = joint.slice(0, plain.length);
  const pulled = joint.slice(plain.length);

  // Residuals: forward values that the backward part reads, but operands and sequence slices, which are at hand.
  const order = topologicalOrder(pulled);
  const onDual = new Set<Node>(dual.filter((d): d is Node => d !== undefined));
  for (const n of order) if (n.inputs.some((i) => onDual.has(i))) onDual.add(n);
  const atHand = new Set<Node>(formals.slice(carries));
  const residuals = new Set<Node>();
  const visit = (n: Node) => {
    if (onDual.has(n) || atHand.has(n) || residuals.has(n) || !n.symbolic) return;
    if (cheap.has(n.op.name) || isIdentity(n)) n.inputs.forEach(visit);
    else residuals.add(n);
  };
  for (const n of order) if (onDual.has(n)) n.inputs.forEach(visit);
  pulled.forEach(visit);
  const saved = [...residuals];

  const outer = makeScan(node.inputs, {
    ...attributes,
    body: { parameters: formals, outputs: [...forward, ...saved] },
    id: ++lastScan,
    extends: [...attributes.extends, attributes.id],
  });
  const stacks = outer.slice(forward.length);

  // The reverse scan. Carried: cotangents of the carries, then running sums of the operands' cotangents.
  const pulledOf = new Map(wrt.map((f, i) => [f, pulled[i]]));
  const operandFormals = formals.slice(carries + sequences);
  const sums = operandFormals.filter((f) => pulledOf.has(f)).map((f) => ({ formal: f, total: parameter(typeOf(f), "sum") }));
  const savedFormals = saved.map((n) => parameter(typeOf(n), "saved"));
  const replace = new Map<Node, Node>(saved.map((n, i) => [n, savedFormals[i]]));
  const carryDuals = carryFormals.map((_, i) => dual[i]).filter((d): d is Node => d !== undefined);
  const yDuals = dual.slice(carries);
  const presentY = yDuals.flatMap((d, i) => (d ? [{ d, ct: cotangents[carries + i]! }] : []));
  const xFormals = formals.slice(carries, carries + sequences);
  const xPulled = xFormals.filter((f) => pulledOf.has(f));
  const backOutputs = substitute(
    [
      ...carryFormals.filter((f) => isFloat(f.dtype)).map((f) => pulledOf.get(f)!),
      ...sums.map(({ formal, total }) => add(total, pulledOf.get(formal)!)),
      ...xPulled.map((f) => pulledOf.get(f)!),
    ],
    replace,
  );
  const back = makeScan(
    [
      ...carryFormals.flatMap((f, i) => (isFloat(f.dtype) ? [cotangents[i] ?? zerosOf(typeOf(f))] : [])),
      ...sums.map(({ formal }) => zerosOf(typeOf(formal))),
      ...presentY.map(({ ct }) => ct),
      ...stacks,
      ...node.inputs.slice(carries),
    ],
    {
      body: {
        parameters: [
          ...carryDuals,
          ...sums.map((s) => s.total),
          ...presentY.map(({ d }) => d),
          ...savedFormals,
          ...xFormals,
          ...operandFormals,
        ],
        outputs: backOutputs,
      },
      carries: carryDuals.length + sums.length,
      sequences: presentY.length + saved.length + sequences,
      length,
      reverse: !reverse,
      id: ++lastScan,
      extends: [],
    },
  );
  let next = 0;
  const carryResults = carryFormals.map((f) => (isFloat(f.dtype) ? back[next++] : undefined));
  const sumResults = new Map(sums.map(({ formal }) => [formal, back[next++]]));
  const xResults = new Map(xPulled.map((f) => [f, back[next++]]));
  return formals.map((f, i) => (i < carries ? carryResults[i] : i < carries + sequences ? xResults.get(f) : sumResults.get(f)));
}

/** Forward through a scan: one scan that carries values and tangents. */
function pushScan(node: Node, tangents: Adjoints): Adjoints {
  const { body, carries, sequences, length, reverse } = node.attributes as ScanAttributes;
  const formals = body.parameters;
  // Every float carry gets a tangent (it may become non-zero); sequences and operands only if they have one.
  const dual = formals.map((f, i) => (isFloat(f.dtype) && (i < carries || tangents[i]) ? parameter(typeOf(f), "t") : undefined));
  const wrt = formals.filter((_, i) => dual[i]);
  const pushed = pushforward(
    body.outputs,
    wrt,
    dual.filter((d) => d !== undefined),
  );
  const section = <T>(list: readonly T[], k: 0 | 1 | 2): T[] =>
    list.slice(
      k === 0 ? 0 : k === 1 ? carries : carries + sequences,
      k === 0 ? carries : k === 1 ? carries + sequences : undefined,
    );
  const present = (list: readonly (Node | undefined)[]) => list.filter((n): n is Node => n !== undefined);
  const given = formals.map((f, i) => dual[i] && (tangents[i] ?? zerosOf(typeOf(f))));
  const carryOut = body.outputs.slice(0, carries);
  const yOut = body.outputs.slice(carries);
  const carryTangents = carryOut.flatMap((n, i) => (dual[i] ? [pushed[i] ?? zerosOf(typeOf(n))] : []));
  const yTangents = yOut.map((_, i) => pushed[carries + i]);
  const results = makeScan(
    [0, 1, 2].flatMap((k) => [...section(node.inputs, k as 0 | 1 | 2), ...present(section(given, k as 0 | 1 | 2))]),
    {
      body: {
        parameters: [0, 1, 2].flatMap((k) => [...section(formals, k as 0 | 1 | 2), ...present(section(dual, k as 0 | 1 | 2))]),
        outputs: [...carryOut, ...carryTangents, ...yOut, ...present(yTangents)],
      },
      carries: carries + carryTangents.length,
      sequences: sequences + present(section(dual, 1)).length,
      length,
      reverse,
      id: ++lastScan,
      extends: [],
    },
  );
  let next = carries;
  const carryResult = carryOut.map((_, i) => (dual[i] ? results[next++] : undefined));
  next += yOut.length;
  const yResult = yTangents.map((t) => (t ? results[next++] : undefined));
  return [...carryResult, ...yResult];
}

function batchScan(
  inputs: readonly Node[],
  batched: readonly boolean[],
  attributes: ScanAttributes,
  size: number,
): readonly Node[] {
  const { body, carries, sequences } = attributes;
  // A carry is batched if it starts so or becomes so; grow the set until it is stable.
  const flags = [...batched];
  const moved = inputs.map((n, i) => (batched[i] && i >= carries && i < carries + sequences ? moveAxis(n, 0, 1) : n));
  const trace = () => {
    const formals = body.parameters.map((p, i) =>
      parameter(flags[i] ? { shape: [size, ...p.shape], dtype: p.dtype } : typeOf(p)),
    );
    const [yes, no] = partition(body.parameters, formals, flags);
    return { formals, ...batchGraph(body.outputs, yes, no, size) };
  };
  let traced = trace();
  for (let grown = true; grown; ) {
    grown = false;
    for (let i = 0; i < carries; i++) {
      if (traced.isBatched[i] && !flags[i]) {
        flags[i] = true;
        grown = true;
      }
    }
    if (grown) traced = trace();
  }
  const outputs = traced.nodes.map((n, i) => (i < carries && flags[i] && !traced.isBatched[i] ? expandLeading(n, size) : n));
  const results = makeScan(
    moved.map((n, i) => (i < carries && flags[i] && !batched[i] ? expandLeading(n, size) : n)),
    { ...attributes, body: { parameters: traced.formals, outputs }, id: ++lastScan, extends: [] },
  );
  return results.map((n, i) => {
    if (i < carries) return flags[i] ? n : expandLeading(n, size);
    return traced.isBatched[i] ? moveAxis(n, 1, 0) : expandLeading(n, size);
  });
}
