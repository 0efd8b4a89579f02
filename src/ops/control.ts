// Control flow in the graph: scan (a loop of known length that is differentiable in both modes), while (forward mode only) and cond.
// Their bodies are graphs of their own; what a body uses from outside becomes an operand, so that bodies are closed.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Graph, makeNode, type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import type { Adjoints, Attributes, Cost, Structural } from "../graph/primitive.ts";
import { inlineCalls, instantiate, mergeEqual, substitute } from "../graph/rewrite.ts";
import { formatShape, sameShape } from "../graph/shape.ts";
import { hasOwnDerivative, isIdentity, parameter, pick } from "../graph/structural.ts";
import { add } from "./arithmetic.ts";
import { pullback, pushforward, zerosOf } from "./autodiff.ts";
import { batchGraph, batchOutputs, partition } from "./batching.ts";
import { close } from "./close.ts";
import { any } from "./reduction.ts";
import { where } from "./selection.ts";
import { broadcastTo, expandLeading, moveAxis, reshape } from "./shape.ts";

function checkCarry(operation: string, init: readonly Node[], next: readonly Node[]): void {
  if (init.length !== next.length)
    fail("argument", `${operation}: the body returns ${next.length} carried values, but ${init.length} were given.`);
  init.forEach((n, i) => {
    if (!sameShape(n.shape, next[i].shape) || n.dtype !== next[i].dtype) {
      fail(
        "shape",
        `${operation}: carried value ${i} starts as ${n.dtype}${formatShape(n.shape)} but the body returns ` +
          `${next[i].dtype}${formatShape(next[i].shape)}; it must keep its shape and dtype. Use reshape or cast in the body.`,
      );
    }
  });
}

function bodyCost(graphs: readonly Graph[], times: number): Cost {
  const total = { multiplyAdds: 0, elementary: 0, transcendental: 0 };
  for (const graph of graphs) {
    for (const node of topologicalOrder(graph.outputs)) {
      const c = node.op.cost(node.inputs.map(typeOf), node.outputs, node.attributes);
      total.multiplyAdds += times * c.multiplyAdds;
      total.elementary += times * c.elementary;
      total.transcendental += times * c.transcendental;
    }
  }
  return total;
}

// ---- scan --------------------------------------------------------------------------------------------------------------------

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

const scanOp: Structural<ScanAttributes> = {
  kind: "structural",
  name: "scan",
  infer: (_inputs, { body, carries, length }) =>
    body.outputs.map((n, i) => (i < carries ? typeOf(n) : { shape: [length, ...n.shape], dtype: n.dtype })),
  derivative: {
    kind: "rules",
    vjp: (node, cotangents, needed) => pullScan(node, cotangents, needed),
    jvp: (node, tangents) => pushScan(node, tangents),
  },
  batch: (inputs, batched, attributes, size) => batchScan(inputs, batched, attributes, size),
  cost: (_inputs, _outputs, { body, length }) => bodyCost([body], length),
  notation: () => ({
    text: (...xs) => `scan(${xs.join(", ")})`,
    tex: (...xs) => String.raw`\operatorname{scan}(${xs.join(", ")})`,
  }),
};

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

// ---- while -------------------------------------------------------------------------------------------------------------------

export interface WhileAttributes extends Attributes {
  /** Both take carries, then operands. The condition returns a scalar bool, the body the next carries. */
  readonly condition: Graph;
  readonly body: Graph;
  readonly carries: number;
}

const whileOp: Structural<WhileAttributes> = {
  kind: "structural",
  name: "while",
  infer: (_inputs, { body }) => body.outputs.map(typeOf),
  derivative: {
    kind: "rules",
    vjp: () =>
      fail(
        "derivative",
        "while: reverse-mode derivatives need the number of steps in advance. Use scan with a fixed length (and where() to stop early), or jvp.",
      ),
    jvp: (node, tangents) => pushWhile(node, tangents),
  },
  batch: (inputs, batched, attributes, size) => batchWhile(inputs, batched, attributes, size),
  // The number of steps is not known; one step is counted.
  cost: (_inputs, _outputs, { condition, body }) => bodyCost([condition, body], 1),
  notation: () => ({
    text: (...xs) => `while(${xs.join(", ")})`,
    tex: (...xs) => String.raw`\operatorname{while}(${xs.join(", ")})`,
  }),
};

/** carry = body(carry) as long as condition(carry) holds. Forward-mode derivatives only. */
export function whileLoop(
  condition: (carry: Node[]) => Node,
  body: (carry: Node[]) => readonly Node[],
  init: readonly Node[],
): Node[] {
  const formals = init.map((n, i) => parameter(typeOf(n), `carry${i}`));
  const test = condition(formals);
  if (test.dtype !== "bool" || test.shape.length !== 0) {
    fail(
      "dtype",
      `while: the condition must be a scalar bool, got ${test.dtype}${formatShape(test.shape)}. Reduce it with all() or any().`,
    );
  }
  const next = body(formals);
  checkCarry("while", init, next);
  const closed = close(formals, [test, ...next]);
  const parameters = [...formals, ...closed.captures];
  const node = makeNode(whileOp, [...init, ...closed.captured], {
    condition: { parameters, outputs: closed.outputs.slice(0, 1) },
    body: { parameters, outputs: closed.outputs.slice(1) },
    carries: init.length,
  });
  return node.outputs.map((_, i) => pick(node, i));
}

function pushWhile(node: Node, tangents: Adjoints): Adjoints {
  const { condition, body, carries } = node.attributes as WhileAttributes;
  const formals = body.parameters;
  const dual = formals.map((f, i) => (isFloat(f.dtype) && (i < carries || tangents[i]) ? parameter(typeOf(f), "t") : undefined));
  const present = (list: readonly (Node | undefined)[]) => list.filter((n): n is Node => n !== undefined);
  const pushed = pushforward(
    body.outputs,
    formals.filter((_, i) => dual[i]),
    present(dual),
  );
  const carryTangents = body.outputs.flatMap((n, i) => (dual[i] ? [pushed[i] ?? zerosOf(typeOf(n))] : []));
  const given = formals.map((f, i) => dual[i] && (tangents[i] ?? zerosOf(typeOf(f))));
  const arrange = (primal: readonly Node[], extra: readonly (Node | undefined)[]) => [
    ...primal.slice(0, carries),
    ...present(extra.slice(0, carries)),
    ...primal.slice(carries),
    ...present(extra.slice(carries)),
  ];
  const parameters = arrange(formals, dual);
  const result = makeNode(whileOp, arrange(node.inputs, given), {
    condition: { parameters, outputs: instantiate(condition, formals) },
    body: { parameters, outputs: [...body.outputs, ...carryTangents] },
    carries: carries + carryTangents.length,
  });
  let next = carries;
  return body.outputs.map((_, i) => (dual[i] ? pick(result, next++) : undefined));
}

function batchWhile(inputs: readonly Node[], batched: readonly boolean[], attributes: WhileAttributes, size: number): Node {
  const { condition, body, carries } = attributes;
  // All carries are batched; a finished example keeps its values while others go on.
  const flags = batched.map((b, i) => i < carries || b);
  const formals = body.parameters.map((p, i) => parameter(flags[i] ? { shape: [size, ...p.shape], dtype: p.dtype } : typeOf(p)));
  const [yes, no] = partition(body.parameters, formals, flags);
  const [yesC, noC] = partition(condition.parameters, formals, flags);
  const [test] = batchOutputs(condition.outputs, yesC, noC, size);
  const next = batchOutputs(body.outputs, yes, no, size).map((n, i) => {
    const mask = broadcastTo(reshape(test, [size, ...n.shape.slice(1).map(() => 1)]), n.shape);
    return where(mask, n, formals[i]);
  });
  return makeNode(
    whileOp,
    inputs.map((n, i) => (flags[i] && !batched[i] ? expandLeading(n, size) : n)),
    { condition: { parameters: formals, outputs: [any(test)] }, body: { parameters: formals, outputs: next }, carries },
  );
}

// ---- cond --------------------------------------------------------------------------------------------------------------------

export interface CondAttributes extends Attributes {
  /** Both take the operands; only the chosen one is computed. */
  readonly branches: readonly [Graph, Graph];
}

const condOp: Structural<CondAttributes> = {
  kind: "structural",
  name: "cond",
  infer: (_inputs, { branches }) => branches[0].outputs.map(typeOf),
  derivative: {
    kind: "rules",
    vjp: (node, cotangents, needed) => {
      const { branches } = node.attributes as CondAttributes;
      const duals = node.outputs.map((type, i) => (cotangents[i] ? parameter(type, "d") : undefined));
      const present = duals.filter((d): d is Node => d !== undefined);
      const wanted = node.inputs.slice(1).map((n, i) => needed[i + 1] && isFloat(n.dtype));
      const pulled = branches.map((g) => {
        const wrt = g.parameters.filter((_, i) => wanted[i]);
        return pullback(g.outputs, duals, wrt).map((p, i) => p ?? zerosOf(typeOf(wrt[i])));
      });
      if (pulled[0].length === 0) return [];
      const results = makeCond(
        node.inputs,
        cotangents.filter((c): c is Node => c !== undefined),
        present,
        branches,
        pulled,
      );
      let next = 0;
      return [undefined, ...wanted.map((w) => (w ? results[next++] : undefined))];
    },
    jvp: (node, tangents) => {
      const { branches } = node.attributes as CondAttributes;
      const given = tangents.slice(1);
      const duals = given.map((t) => t && parameter(typeOf(t), "t"));
      const present = duals.filter((d): d is Node => d !== undefined);
      const pushed = branches.map((g) =>
        pushforward(
          g.outputs,
          g.parameters.filter((_, i) => given[i]),
          present,
        ),
      );
      const live = node.outputs.map((_, i) => pushed.some((p) => p[i] !== undefined));
      const filled = pushed.map((p) => p.flatMap((n, i) => (live[i] ? [n ?? zerosOf(node.outputs[i])] : [])));
      if (filled[0].length === 0) return [];
      const results = makeCond(
        node.inputs,
        given.filter((t): t is Node => t !== undefined),
        present,
        branches,
        filled,
      );
      let next = 0;
      return live.map((l) => (l ? results[next++] : undefined));
    },
  },
  batch: (inputs, batched, { branches }, size) => {
    const [predicate, ...operands] = inputs;
    const flags = batched.slice(1);
    if (!batched[0]) {
      const graphs = branches.map((g) => {
        const formals = g.parameters.map((p, i) => parameter(typeOf(flags[i] ? operands[i] : p)));
        const [yes, no] = partition(g.parameters, formals, flags);
        return { parameters: formals, outputs: batchOutputs(g.outputs, yes, no, size) };
      });
      return makeNode(condOp, inputs, { branches: [graphs[0], graphs[1]] });
    }
    const [a, b] = branches.map((g) => {
      const [yes, no] = partition(g.parameters, operands, flags);
      return batchOutputs(g.outputs, yes, no, size);
    });
    return a.map((n, i) => where(broadcastTo(reshape(predicate, [size, ...n.shape.slice(1).map(() => 1)]), n.shape), n, b[i]));
  },
  cost: (_inputs, _outputs, { branches }) => bodyCost(branches, 0.5),
  notation: () => ({
    text: (p, ...xs) => `cond(${[p, ...xs].join(", ")})`,
    tex: (p, ...xs) => String.raw`\operatorname{cond}(${[p, ...xs].join(", ")})`,
  }),
};

/** A cond over the same predicate and operands, with `extra` operands that both branches see as `formals`. */
function makeCond(
  inputs: readonly Node[],
  extra: readonly Node[],
  formals: readonly Node[],
  branches: readonly [Graph, Graph],
  outputs: readonly (readonly Node[])[],
): Node[] {
  const graphs = branches.map((g, k) => {
    const own = formals.map((f) => parameter(typeOf(f)));
    return {
      parameters: [...g.parameters, ...own],
      outputs: substitute(outputs[k], new Map(formals.map((f, i) => [f, own[i]]))),
    };
  });
  const node = makeNode(condOp, [...inputs, ...extra], { branches: [graphs[0], graphs[1]] });
  return node.outputs.map((_, i) => pick(node, i));
}

/**
 * predicate ? whenTrue(operands) : whenFalse(operands); only the chosen branch is computed. Both return the same types.
 * What a branch uses besides its operands is computed before the choice.
 */
export function cond(
  predicate: Node,
  whenTrue: (operands: Node[]) => readonly Node[],
  whenFalse: (operands: Node[]) => readonly Node[],
  operands: readonly Node[],
): Node[] {
  if (predicate.dtype !== "bool" || predicate.shape.length !== 0) {
    fail(
      "dtype",
      `cond: the predicate must be a scalar bool, got ${predicate.dtype}${formatShape(predicate.shape)}. For arrays use where().`,
    );
  }
  const formals = operands.map((n, i) => parameter(typeOf(n), `x${i}`));
  const a = whenTrue(formals);
  const b = whenFalse(formals);
  checkCarry("cond", a, b);
  const closed = close(formals, [...a, ...b]);
  const graph = (outputs: readonly Node[]): Graph => {
    // Each branch has parameters of its own, so that the two stay separate graphs.
    const own = [...formals, ...closed.captures].map((f) => parameter(typeOf(f)));
    return {
      parameters: own,
      outputs: substitute(outputs, new Map([...formals, ...closed.captures].map((f, i) => [f, own[i]]))),
    };
  };
  const node = makeNode(condOp, [predicate, ...operands, ...closed.captured], {
    branches: [graph(closed.outputs.slice(0, a.length)), graph(closed.outputs.slice(a.length))],
  });
  return node.outputs.map((_, i) => pick(node, i));
}

export const controlOps = { scan: scanOp, while: whileOp, cond: condOp };
