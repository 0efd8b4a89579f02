// For tests: random differentiable graphs. Each step picks an operation and its operands among the values made so far, so that values are
// used once, often or never, and everything an engine fuses, reshapes or divides comes about by chance.

import { allocate, type TypedArray } from "../graph/dtype.ts";
import type { Graph, Node } from "../graph/node.ts";
import { sizeOf } from "../graph/shape.ts";
import { constant, parameter, scalar } from "../graph/structural.ts";
import { add, div, mul, neg, sub } from "../ops/arithmetic.ts";
import { concat, stack } from "../ops/assembly.ts";
import { greater } from "../ops/comparison.ts";
import { softmax } from "../ops/compositions/softmax.ts";
import { layerNorm } from "../ops/compositions/statistics.ts";
import { convolution } from "../ops/convolution.ts";
import { cumulativeSum } from "../ops/cumulative.ts";
import { exp, log, logistic } from "../ops/exponential.ts";
import { tanh } from "../ops/hyperbolic.ts";
import { gather } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { maximum } from "../ops/piecewise.ts";
import { sqrt, square } from "../ops/powers.ts";
import { prod, reduceMax } from "../ops/reduction.ts";
import { where } from "../ops/selection.ts";
import { broadcastTo, expandDims, reshape, transpose } from "../ops/shape.ts";
import { flip, pad, sliceAxis } from "../ops/slicing.ts";
import { sort } from "../ops/sorting.ts";
import { sum } from "../ops/sum.ts";
import { sin } from "../ops/trigonometric.ts";
import { gradients, numbers, weighted } from "./op-suite.ts";

/** A graph with values for its parameters. */
export interface RandomGraph extends Graph {
  readonly data: readonly TypedArray[];
}

const mostElements = 1500;
const sizes = [1, 2, 3, 4, 5, 8, 9, 17];

/**
 * A graph over `dtype` whose outputs are some of the values it computes and the gradient of a weighted sum of them with respect to all
 * parameters. Values stay within some tens, so that an error relative to the largest entry means something.
 */
export function randomGraph(dtype: "float32" | "float64", choices: readonly number[]): RandomGraph {
  let at = 0;
  const pick = (n: number) => choices[at++ % choices.length] % n;
  const size = () => sizes[pick(sizes.length)];
  const parameters: Node[] = [];
  const fresh = (shape: readonly number[]): Node => {
    const found = parameters.find((q) => q.shape.join() === shape.join());
    if (found && pick(2) === 0) return found;
    parameters.push(parameter({ shape, dtype }, `p${parameters.length}`));
    return parameters[parameters.length - 1];
  };
  const number = (value: number) => scalar(value, dtype);
  const [m, n] = [size(), size()];
  const values: Node[] = [fresh([m, n]), fresh([m, n])];
  const push = (made: Node) => {
    if (sizeOf(made.shape) <= mostElements) values.push(made);
  };

  /** `y` brought to the shape of `x` if it can be, else a parameter of a shape that broadcasts to it. */
  const partner = (x: Node, y: Node): Node => {
    if (y.shape.join() === x.shape.join()) return y;
    if (sizeOf(y.shape) === sizeOf(x.shape)) return reshape(y, x.shape);
    return fresh(x.shape.map((d, i) => (i === x.shape.length - 1 || pick(2) === 0 ? d : 1)));
  };

  for (let steps = 4 + pick(9); steps > 0; steps--) {
    const x = values[values.length - 1 - pick(Math.min(4, values.length))];
    const second = pick(values.length);
    const y = () => partner(x, values[second]);
    const { shape } = x;
    const rank = shape.length;
    const axis = rank === 0 ? 0 : pick(rank);
    const kind = pick(rank === 0 ? 12 : 30);
    switch (kind) {
      case 0:
        push(add(x, y()));
        break;
      case 1:
        push(sub(y(), x));
        break;
      case 2:
        push(mul(x, sin(y())));
        break;
      case 3:
        push(div(x, add(square(y()), number(1))));
        break;
      case 4:
        push(tanh(neg(x)));
        break;
      case 5:
        push(exp(neg(square(x))));
        break;
      case 6:
        push(log(add(square(x), number(1))));
        break;
      case 7:
        push(sqrt(add(square(x), number(0.5))));
        break;
      case 8:
        push(logistic(x));
        break;
      case 9:
        push(maximum(x, number(0)));
        break;
      case 10:
        push(where(greater(x, y()), x, mul(y(), number(0.5))));
        break;
      case 11:
        push(mul(broadcastTo(fresh([]), shape), x));
        break;
      case 12:
        push(mul(sum(x, axis, pick(2) === 0), number(1 / shape[axis])));
        break;
      case 13:
        push(reduceMax(x, axis, pick(2) === 0));
        break;
      case 14:
        push(prod(tanh(x), axis));
        break;
      case 15:
        push(softmax(x, axis));
        break;
      case 16:
        push(layerNorm(x, -1, 1e-1));
        break;
      case 17:
        push(transpose(x));
        break;
      case 18:
        push(reshape(x, pick(2) === 0 ? [sizeOf(shape)] : [...shape.slice(0, -1), 1, shape[rank - 1]]));
        break;
      case 19:
        if (shape[axis] > 1) push(sliceAxis(x, axis, 1, undefined, 1 + pick(2)));
        break;
      case 20:
        push(flip(x, axis));
        break;
      case 21:
        push(concat([x, broadcastTo(y(), shape)], axis));
        break;
      case 22:
        push(stack([x, broadcastTo(y(), shape)], axis));
        break;
      case 23:
        push(
          pad(
            x,
            shape.map((_, i) => (i === axis ? [1, 2, pick(2)] : [0, 0])),
            0.25,
          ),
        );
        break;
      case 24: {
        const rows = Int32Array.from({ length: 5 }, () => pick(shape[axis]));
        push(gather(x, constant(rows, [5], "int32"), axis));
        break;
      }
      case 25:
        push(mul(cumulativeSum(x, axis), number(1 / shape[axis])));
        break;
      case 26:
        push(sort(x, axis));
        break;
      case 27:
        if (rank >= 2) {
          const k = shape[rank - 1];
          const right = pick(2) === 0 ? fresh([k, size()]) : transpose(fresh([size(), k]));
          push(mul(matmul(x, right), number(1 / k)));
        }
        break;
      case 28:
        if (rank === 2) push(mul(matmul(transpose(x), broadcastTo(y(), shape)), number(1 / shape[0])));
        break;
      default:
        if (rank === 2 && shape[0] > 2 && shape[1] > 2) {
          const image = expandDims(x, [0, 3]);
          push(convolution(image, mul(fresh([3, 2, 1, 1 + pick(3)]), number(0.3)), { padding: pick(2) }));
        }
    }
  }
  const made = values.slice(2).slice(-3);
  const results = made.length > 0 ? made : [add(values[0], values[1])];
  const loss = weighted(results, numbers(choices[0] + 1))!;
  const next = numbers(choices[1] + 2);
  const data = parameters.map((p) => {
    const elements = allocate(p.dtype, sizeOf(p.shape));
    for (let i = 0; i < elements.length; i++) elements[i] = 4 * next() - 2;
    return elements;
  });
  return { parameters, outputs: [...results, ...gradients(loss, parameters)], data };
}
