// Which operation's derivative rule is wrong: every operation of a graph, at the values it met, against its own differences.

import { evaluate, evaluateGraph } from "../engines/interpreter/evaluate.ts";
import { isFloat } from "../graph/dtype.ts";
import { type Graph, makeNode, type Node, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { callAttributes, constant, isCall, isConstant, isIdentity, isPick, parameter, picks } from "../graph/structural.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { pullback, pushforward, zerosOf } from "../ops/autodiff.ts";
import { sum } from "../ops/sum.ts";
import { watchChoices } from "./choices.ts";
import { centralDifference, magnitude } from "./differences.ts";

export interface Culprit {
  readonly op: string;
  /** Module path of the node. */
  readonly path: string;
  readonly input: number;
  readonly mode: "reverse" | "forward";
  /** 2: the rule's own derivative is wrong, as where it treats as constant what is not. */
  readonly order: 1 | 2;
  readonly analytic: number;
  readonly numeric: number;
  readonly message: string;
}

interface Search {
  readonly tolerance: number;
  readonly unit: number;
  readonly order: 1 | 2;
  readonly random: () => number;
}

/** How often an operation is tried with operands of the same types, since a rule may be wrong at some values only. */
const attempts = 4;

const nameOf = (node: Node) => (isCall(node) ? callAttributes(node).name : node.op.name);

/** The first operation, in order of computation, whose rule disagrees with central differences of the operation itself. */
export function findCulprit(outputs: readonly Node[], known: ReadonlyMap<Node, Dense>, search: Search): Culprit | undefined {
  const met = new Map<Node, readonly Dense[]>();
  evaluate(outputs, known, (node, _values, inputs) => {
    if (!met.has(node)) met.set(node, inputs);
  });
  const done = new Map<string, number>();
  const order = [...met.keys()].sort((a, b) => a.id - b.id);
  for (const derivativeOrder of search.order === 2 ? ([1, 2] as const) : ([1] as const)) {
    done.clear();
    for (const node of order) {
      if (isConstant(node) || isPick(node) || isIdentity(node) || node.op.derivative.kind !== "rules") continue;
      if (isCall(node) && !callAttributes(node).vjp && !callAttributes(node).jvp) continue;
      const inputs = met.get(node)!;
      const key = `${nameOf(node)}|${inputs.map((v) => `${v.dtype}${v.shape}`).join()}|${plainAttributes(node)}`;
      const tried = done.get(key) ?? 0;
      if (tried >= attempts) continue;
      done.set(key, tried + 1);
      const culprit = checkNode(node, inputs, derivativeOrder, search);
      if (culprit) return culprit;
    }
  }
  return undefined;
}

/** The attributes that are numbers, strings and lists of them. */
function plainAttributes(node: Node): string {
  const plain = (v: unknown): boolean => v === null || typeof v !== "object" || (Array.isArray(v) && v.every(plain));
  return Object.entries(node.attributes)
    .filter(([, v]) => plain(v) && typeof v !== "function")
    .map(([k, v]) => `${k}=${String(v)}`)
    .join();
}

function checkNode(node: Node, inputs: readonly Dense[], order: 1 | 2, search: Search): Culprit | undefined {
  const { random, tolerance, unit } = search;
  const formals = inputs.map((x) => parameter(x, "x"));
  const floats = formals.filter((f) => isFloat(f.dtype));
  const randomLike = (n: Node) => constant(Float64Array.from({ length: sizeOf(n.shape) }, random), n.shape, n.dtype);
  const total = (terms: readonly (Node | undefined)[]) => terms.reduce((s, t) => (s && t ? add(s, t) : (t ?? s)), undefined);
  const value = total(
    picks(makeNode(node.op, formals, node.attributes)).map((n) => (isFloat(n.dtype) ? sum(mul(n, randomLike(n))) : undefined)),
  );
  if (!value || floats.some((f) => f.dtype !== "float64")) return undefined;
  const one = constant(new Float64Array([1]), [], "float64");
  const targets: { mode: "reverse" | "forward"; node: Node }[] = [];
  if (order === 1) targets.push({ mode: "reverse", node: value });
  else {
    const v = floats.map(randomLike);
    const reverse = total(pullback([value], [one], floats).map((g, i) => g && sum(mul(g, v[i]))));
    const [forward] = pushforward([value], floats, v);
    if (reverse) targets.push({ mode: "reverse", node: reverse });
    if (forward) targets.push({ mode: "forward", node: forward });
  }
  for (const target of targets) {
    for (let i = 0; i < formals.length; i++) {
      if (!isFloat(formals[i].dtype)) continue;
      const direction = Float64Array.from(inputs[i].data, (v) => (magnitude(v) * Math.round(1024 * random())) / 1024);
      const at = (t: number) =>
        inputs.map((x, k) => (k === i ? { ...x, data: Float64Array.from(x.data, (v, j) => v + t * direction[j]) } : x));
      const body: Graph = { parameters: formals, outputs: [target.node] };
      const difference = centralDifference(
        (t) => {
          const watch = watchChoices();
          const [v] = evaluateGraph(body, at(t), watch.observe);
          return { value: v.data[0], choices: watch.fingerprint() };
        },
        { unit },
      );
      if (difference.kind !== "smooth") continue;
      const tangent = constant(direction, formals[i].shape, "float64");
      const pulled = pullback([target.node], [one], [formals[i]])[0];
      const pushed = pushforward([target.node], [formals[i]], [tangent])[0];
      // To second order the inner derivative may be at fault, to first order there is only the outer one.
      const results = { reverse: pulled && sum(mul(pulled, tangent)), forward: pushed };
      for (const outer of ["reverse", "forward"] as const) {
        const result = results[outer] ?? zerosOf({ shape: [], dtype: "float64" });
        const analytic = evaluateGraph({ parameters: formals, outputs: [result] }, inputs)[0].data[0];
        const gap = Math.abs(analytic - difference.derivative);
        if (gap <= 2 * difference.error || gap <= tolerance * (Math.abs(analytic) + Math.abs(difference.derivative))) continue;
        const mode = order === 1 ? outer : target.mode;
        return describeCulprit(node, { input: i, mode, order, analytic, numeric: difference.derivative });
      }
    }
  }
  return undefined;
}

function describeCulprit(node: Node, found: Pick<Culprit, "input" | "mode" | "order" | "analytic" | "numeric">): Culprit {
  const { input, mode, order, analytic, numeric } = found;
  const op = nameOf(node);
  const place = node.path === "" ? "" : ` in ${node.path}`;
  const wrong = order === 1 ? "is wrong" : "has a wrong derivative (is something in it taken for constant?)";
  return {
    op,
    path: node.path,
    ...found,
    message:
      `the derivative rule of ${op}${place} ${wrong}: with respect to input ${input} (shape ${formatShape(typeOf(node.inputs[input]).shape)}), ` +
      `${mode} mode gives ${analytic.toPrecision(8)} where differences give ${numeric.toPrecision(8)}.`,
  };
}
