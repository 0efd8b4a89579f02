// What a model is made of and what a step of it costs, read from its graph: per layer the shape, the parameters with the product that
// counts them, multiply-adds forward and backward, bytes of activations.

import { costOf } from "../graph/cost.ts";
import { bytesPerElement, type DType, type FloatDType } from "../graph/dtype.ts";
import { type Node, typeOf } from "../graph/node.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";
import { parameter } from "../graph/structural.ts";
import { passesOf } from "../ops/passes.ts";
import { key } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten, leavesWithPaths } from "../tensor/tree.ts";
import { training } from "./context.ts";
import { type Module, observe } from "./module.ts";

export interface LayerSummary {
  /** Place in the model, as in errors: "layers[1].linear". */
  readonly path: string;
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Number of parameters, and how it comes about: "784·128 + 128"; "" for none. */
  readonly parameters: number;
  readonly parameterFormula: string;
  /** Multiply-adds of one application to the whole input (all examples of the batch). */
  readonly forwardMultiplyAdds: number;
  /**
   * Multiply-adds of the gradients: as a rule twice those forward, once for the parameters and once for the layer's input. The input of
   * the first layer with parameters needs no gradient, so there it is once.
   */
  readonly backwardMultiplyAdds: number;
  /** Bytes of the layer's output. */
  readonly activationBytes: number;
}

export interface Summary {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly parameterBytes: number;
  readonly forwardMultiplyAdds: number;
  readonly backwardMultiplyAdds: number;
  readonly activationBytes: number;
}

export interface SummaryOptions {
  /** dtype of the input; default float32, int32 for symbols. */
  readonly dtype?: DType;
  /** dtype of the parameters; default float32. */
  readonly parameterDtype?: FloatDType;
}

/** Multiply-adds of the nodes, by module path. */
function work(nodes: readonly Node[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const node of nodes) {
    totals.set(node.path, (totals.get(node.path) ?? 0) + costOf(node).multiplyAdds);
  }
  return totals;
}

/** Sum over the paths at and below `path`. */
function under(totals: ReadonlyMap<string, number>, path: string): number {
  let total = 0;
  for (const [p, n] of totals) if (p === path || p.startsWith(`${path}.`)) total += n;
  return total;
}

/**
 * The model's layers and their cost for an input of this shape, batch axis included. The model is traced, as in training, and its
 * gradients are built; nothing is computed but fresh parameters.
 */
export function summary(model: Module, inputShape: Shape, options: SummaryOptions = {}): Summary {
  const { dtype = "float32", parameterDtype = "float32" } = options;
  const { parameters, state } = model.init(key(0), parameterDtype);
  const { leaves, structure } = flatten(parameters);
  const formals = leaves.map((leaf, i) => parameter(typeOf(leaf.node), structure.paths[i]));
  const input = new Tensor(parameter({ shape: inputShape, dtype }, "x"));
  const layers: Omit<LayerSummary, "forwardMultiplyAdds" | "backwardMultiplyAdds">[] = [];
  const output = observe(
    ({ module, path, parameters: own, input: x, output: y }) => {
      const weights = leavesWithPaths(own).map(([, w]) => w.shape);
      layers.push({
        path,
        kind: module.kind,
        options: module.options,
        inputShape: x.shape,
        outputShape: y.shape,
        parameters: weights.reduce((n, s) => n + sizeOf(s), 0),
        parameterFormula: weights.map((s) => (s.length === 0 ? "1" : s.join("·"))).join(" + "),
        activationBytes: y.size * bytesPerElement[y.dtype],
      });
    },
    () =>
      model.apply(
        structure.build(formals.map((n) => new Tensor(n))) as typeof parameters,
        input,
        training({ key: key(0), state }),
      ),
  );
  const { forward, backward } = passesOf([output.node], formals);
  const totals = { forward: work(forward), backward: work(backward) };
  const rows = layers.map((layer) => ({
    ...layer,
    forwardMultiplyAdds: under(totals.forward, layer.path),
    backwardMultiplyAdds: under(totals.backward, layer.path),
  }));
  const sum = (f: (row: LayerSummary) => number) => rows.reduce((n, row) => n + f(row), 0);
  const all = (m: ReadonlyMap<string, number>) => [...m.values()].reduce((a, b) => a + b, 0);
  return {
    inputShape,
    outputShape: output.shape,
    layers: rows,
    parameters: leaves.reduce((n, leaf) => n + leaf.size, 0),
    parameterBytes: leaves.reduce((n, leaf) => n + leaf.size * bytesPerElement[leaf.dtype], 0),
    forwardMultiplyAdds: all(totals.forward),
    backwardMultiplyAdds: all(totals.backward),
    activationBytes: sum((row) => row.activationBytes),
  };
}

const grouped = (n: number) => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");

function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  return n < 1024 ** 2 ? `${(n / 1024).toFixed(1)} kB` : `${(n / 1024 ** 2).toFixed(1)} MB`;
}

/** The summary as a table of plain text. */
export function formatSummary({ layers, ...total }: Summary): string {
  const head = ["layer", "output", "parameters", "", "mult-adds forward", "backward", "activations"];
  const rows = layers.map((l) => [
    l.path,
    formatShape(l.outputShape),
    l.parameters === 0 ? "" : grouped(l.parameters),
    l.parameterFormula === "" ? "" : `= ${l.parameterFormula}`,
    grouped(l.forwardMultiplyAdds),
    grouped(l.backwardMultiplyAdds),
    bytes(l.activationBytes),
  ]);
  const foot = [
    "total",
    formatShape(total.outputShape),
    grouped(total.parameters),
    `(${bytes(total.parameterBytes)})`,
    grouped(total.forwardMultiplyAdds),
    grouped(total.backwardMultiplyAdds),
    bytes(total.activationBytes),
  ];
  const table = [head, ...rows, foot];
  const widths = head.map((_, i) => Math.max(...table.map((row) => row[i].length)));
  const right = (i: number) => i === 2 || i >= 4;
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(line(head.map((_, i) => "x".repeat(widths[i]))).length);
  return [`input ${formatShape(total.inputShape)}`, "", line(head), rule, ...rows.map(line), rule, line(foot)].join("\n");
}
