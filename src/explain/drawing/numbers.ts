// The numbers of a graph for its drawing: the value of every node and, of a scalar result, its error signals, inside compositions too.

import { evaluate } from "../../engines/interpreter/evaluate.ts";
import { isFloat } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Node, typeOf } from "../../graph/node.ts";
import type { Adjoints, Dense } from "../../graph/primitive.ts";
import { callAttributes, constant, isCall, scalar } from "../../graph/structural.ts";
import { pullThrough } from "../../ops/autodiff.ts";
import { readable } from "../../tensor/tensor.ts";
import type { Formal } from "../traced.ts";

/** Outputs of nodes, by node. */
export type Numbers = ReadonlyMap<Node, readonly (Dense | undefined)[]>;

/** The values of all that `outputs` depend on; in a loop those of its last round. */
export function valuesOf(formals: readonly Formal[], outputs: readonly Node[]): Numbers {
  const known = new Map<Node, Dense>(
    formals.map(({ node, value }) => [node, { shape: node.shape, dtype: node.dtype, data: readable(value) }]),
  );
  const values = new Map<Node, readonly Dense[]>([...known].map(([node, value]) => [node, [value]]));
  evaluate(outputs, known, (node, results, inputs) => {
    values.set(node, results);
    if (isCall(node)) callAttributes(node).body.parameters.forEach((p, i) => values.set(p, [inputs[i]]));
  });
  return values;
}

/**
 * The error signals ∂L/∂v of all that L depends on, by the operations' own rules. Where a composition has a rule of its own, and in loops,
 * there are none inside.
 */
export function errorsOf(formals: readonly Formal[], loss: Node, values: Numbers): Numbers {
  if (loss.shape.length > 0 || !isFloat(loss.dtype)) {
    fail(
      "argument",
      `draw: error signals are derivatives of a scalar, and the result is ${loss.dtype}[${loss.shape.join(", ")}]. Draw its loss.`,
    );
  }
  const known = new Map<Node, Dense>();
  for (const [node, [value]] of values) if (node.outputs.length === 1 && value !== undefined) known.set(node, value);
  const errors = new Map<Node, (Dense | undefined)[]>();
  const pull = (outputs: readonly Node[], cotangents: Adjoints, variables: readonly Node[]): void => {
    const adjoints = [...pullThrough(outputs, cotangents, variables)];
    const wanted = adjoints.flatMap(([, slots]) => slots.filter((slot): slot is Node => slot !== undefined));
    const found = evaluate(wanted, known);
    let next = 0;
    for (const [node, slots] of adjoints) {
      const numbers = Array.from(slots, (slot) => (slot === undefined ? undefined : found[next++]));
      errors.set(node, numbers);
      if (!isCall(node)) continue;
      const { body, vjp } = callAttributes(node);
      if (vjp === undefined)
        pull(
          body.outputs,
          body.outputs.map((_, i) => asConstant(numbers[i])),
          body.parameters,
        );
    }
  };
  const variables = formals.map(({ node }) => node).filter((node) => isFloat(typeOf(node).dtype));
  pull([loss], [scalar(1, loss.dtype)], variables);
  return errors;
}

const asConstant = (value: Dense | undefined) => value && constant(value.data, value.shape, value.dtype);

/** At most this many numbers are written out. */
const most = 4;

/** A number with four significant digits. */
export function numberText(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? x.toExponential(2) : String(Number(x.toPrecision(4)));
  return text.replace(/^-/, "−");
}

/** A small value as its numbers, a large one as the range they lie in. */
export function valueText({ data }: Dense): string {
  const numbers = Array.from(data.subarray(0, most), numberText);
  if (data.length === 1) return numbers[0];
  if (data.length <= most) return `[${numbers.join(", ")}]`;
  const { min, max } = extremes(data);
  return min === max ? `all ${numberText(min)}` : `${numberText(min)} … ${numberText(max)}`;
}

/** Facts about a value, for who points at it. */
export function valueFacts(name: string, { data }: Dense): string[] {
  if (data.length <= 2 * most) return [`${name} ${data.length === 1 ? "" : "= "}${Array.from(data, numberText).join(", ")}`];
  const { min, max } = extremes(data);
  let [sum, squares] = [0, 0];
  for (const x of data) {
    sum += x;
    squares += x * x;
  }
  const [mean, norm] = [sum / data.length, Math.sqrt(squares)].map(numberText);
  return [`${name} from ${numberText(min)} to ${numberText(max)}, mean ${mean}, norm ${norm}`];
}

function extremes(data: Dense["data"]): { readonly min: number; readonly max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of data) {
    if (x < min) min = x;
    if (x > max) max = x;
  }
  return { min, max };
}
