// Are the derivative rules that a backward pass uses right? Every link from a quantity to its uses is compared with central differences
// of the forward formula, so that a wrong rule shows where it acts.

import { evaluateGraph } from "../engines/interpreter/evaluate.ts";
import { isFloat } from "../graph/dtype.ts";
import { type Graph, type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { sizeOf } from "../graph/shape.ts";
import { callAttributes, isCall } from "../graph/structural.ts";
import { uniforms } from "../transforms/check-gradients.ts";
import { watchChoices } from "../transforms/choices.ts";
import { findCulprit } from "../transforms/culprit.ts";
import { centralDifference, magnitude } from "../transforms/differences.ts";
import type { Link, Use } from "./backward.ts";
import type { Disagreement } from "./explanation.ts";
import { unravel } from "./scope.ts";

/** Entries up to which a fault or a kink is traced to its entry. */
const mostEntries = 64;
/** Work of one evaluation up to which differences are made with care. */
const mostWork = 3e5;
const tolerance = 1e-6;

export interface Finding extends Disagreement {
  /** The quantity whose error signal is concerned, and the one through which. */
  readonly of: string;
  readonly through: string;
  readonly message: string;
}

/** What rules and differences say of a link, at the values on `track`, with the error signal there. */
export function checkLink(link: Link, track: ReadonlyMap<string, Dense>, signal: Dense | undefined): Finding[] {
  const { body, cotangent, uses, of } = link;
  const parameters = uses.map(({ standIn }) => standIn);
  const inputs = uses.map(({ quantity }) => track.get(quantity.name.id) as Dense);
  // Where nothing comes in, 1 is taken: a wrong rule shall show there too.
  const weights = Float64Array.from({ length: sizeOf(body.shape) }, (_, i) => signal?.data[i] || 1);
  const forward: Graph = { parameters, outputs: [body] };
  const findings: Finding[] = [];
  const random = uniforms(0);
  const isLarge = workOf(body) > mostWork;
  uses.forEach((use, k) => {
    const { pulled, quantity } = use;
    if (!pulled || !isFloat(quantity.dtype)) return;
    const rule: Graph = { parameters: [...parameters, cotangent], outputs: [pulled] };
    const byRule = evaluateGraph(rule, [...inputs, { ...body, data: weights }])[0].data;
    const along = (direction: ArrayLike<number>) => {
      const probe = (t: number) => {
        const watch = watchChoices();
        const moved = inputs.map((x, i) =>
          i === k ? { ...x, data: Float64Array.from(x.data, (v, j) => v + t * direction[j]) } : x,
        );
        const [y] = evaluateGraph(forward, moved, watch.observe);
        return { value: dot(y.data, weights), choices: watch.fingerprint() };
      };
      return { probe, value: dot(byRule, direction) };
    };
    /** What is wrong in a direction, with the index of the entry that it is said to be at. */
    const examine = (direction: ArrayLike<number>, scale: number, at: number): Finding | undefined => {
      const { probe, value } = along(direction);
      const index = unravel(at, quantity.shape);
      const difference = centralDifference(probe, { scale });
      if (difference.kind === "kink") {
        const h = scale * 2 ** -20;
        const slope = (probe(h).value - probe(-h).value) / (2 * h);
        return finding(link, use, { index, byRule: value, byDifference: slope, kink: true, op: kinkOf(body) });
      }
      if (difference.kind === "undefined") return undefined;
      const { derivative, error } = difference;
      const gap = Math.abs(value - derivative);
      const noise = 1e-13 * Math.abs(probe(0).value);
      if (Number.isFinite(value) && gap <= 2 * error + noise + tolerance * (Math.abs(value) + Math.abs(derivative)))
        return undefined;
      const culprit = findCulprit([body], new Map(parameters.map((p, i) => [p, inputs[i]])), {
        tolerance,
        unit: 2 ** -53,
        order: 1,
        random,
      });
      const op = culprit?.op ?? nameOf(body);
      return finding(link, use, { index, byRule: value, byDifference: derivative, kink: false, op }, culprit?.message);
    };
    const { data } = inputs[k];
    const anywhere = () => Float64Array.from(data, (v) => (magnitude(v) * Math.round(1024 * random())) / 1024);
    if (isLarge) {
      const direction = anywhere();
      const { probe, value } = along(direction);
      const h = 2 ** -14;
      const slope = (probe(h).value - probe(-h).value) / (2 * h);
      // Two values only: enough to see a rule that is another function's.
      const size = Math.abs(value) + Math.abs(slope) + 1e-6 * norm(byRule) * norm(direction);
      if (Math.abs(value - slope) > 1e-2 * size) {
        const index = unravel(largest(byRule), quantity.shape);
        findings.push(finding(link, use, { index, byRule: value, byDifference: slope, kink: false, op: nameOf(body) }));
      }
      return;
    }
    const suspicion = data.length > 1 ? examine(anywhere(), 1, largest(byRule)) : undefined;
    if (data.length > 1 && suspicion === undefined) return;
    if (data.length > mostEntries) {
      // Among many entries some stand at a kink by chance; that says nothing.
      if (suspicion && !suspicion.kink) findings.push(suspicion);
      return;
    }
    const single = Array.from(data, (v, j) => {
      const direction = new Float64Array(data.length);
      direction[j] = 1;
      return examine(direction, magnitude(v), j);
    }).filter((f) => f !== undefined);
    findings.push(...(single.length > 0 || suspicion === undefined || suspicion.kink ? single : [suspicion]));
  });
  return findings.map((f) => ({ ...f, through: of.name.id }));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const norm = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));

/** Arithmetic operations of one evaluation. */
function workOf(body: Node): number {
  return topologicalOrder([body]).reduce((total, { op, inputs, outputs, attributes }) => {
    const { multiplyAdds, elementary, transcendental } = op.cost(inputs.map(typeOf), outputs, attributes);
    return total + multiplyAdds + elementary + 10 * transcendental;
  }, 0);
}

function largest(data: ArrayLike<number>): number {
  let at = 0;
  for (let i = 1; i < data.length; i++) if (Math.abs(data[i]) > Math.abs(data[at])) at = i;
  return at;
}

function finding(link: Link, { quantity }: Use, found: Disagreement, message?: string): Finding {
  const entry = found.index.length === 0 ? "" : `[${found.index.map((i) => i + 1).join(",")}]`;
  const where = `${quantity.name.text}${entry}`;
  const said = found.kink
    ? `${found.op} has a kink at ${where}: the derivative there is a convention, taken as ${found.byRule}.`
    : `The derivative of ${link.of.name.text} with respect to ${where} is ${found.byRule.toPrecision(8)} by the rule of ${found.op}, but ` +
      `${found.byDifference.toPrecision(8)} by central differences${message ? `: ${message}` : "."}`;
  return { ...found, of: quantity.name.id, through: link.of.name.id, message: said };
}

const nameOf = (node: Node) => (isCall(node) ? callAttributes(node).name : node.op.name);

const bending = new Set([
  "relu",
  "leakyRelu",
  "abs",
  "maximum",
  "minimum",
  "clip",
  "reduceMax",
  "reduceMin",
  "sign",
  "floor",
  "ceil",
  "round",
]);

/** The operation that bends: the first that may. */
function kinkOf(body: Node): string {
  const names = topologicalOrder([body]).map(nameOf);
  return names.find((name) => bending.has(name)) ?? nameOf(body);
}
