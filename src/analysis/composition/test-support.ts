// What the tests of composition share: functions of float64 tensors as graphs.

import type { Graph } from "../../graph/node.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { trace } from "../../transforms/trace.ts";
import { boxDomain, type Domain, everywhere } from "../domain.ts";

export const t = (data: Parameters<typeof tensor>[0]) => tensor(data, { dtype: "float64" });
export const zeros = (shape: readonly number[]) =>
  tensor(new Float64Array(shape.reduce((a, b) => a * b, 1)), { shape, dtype: "float64" });

/** The graph of a function of tensors of these shapes. */
export function graphOf(f: (...xs: Tensor[]) => Tensor, ...shapes: readonly (readonly number[])[]): Graph {
  const traced = trace("test", f, shapes.map(zeros));
  return { parameters: traced.formals.nodes, outputs: traced.output.leaves.map((x) => x.node) };
}

const sizeOf = (shapes: readonly (readonly number[])[]) => shapes.reduce((n, s) => n + s.reduce((a, b) => a * b, 1), 0);

export const free = (...shapes: readonly (readonly number[])[]): Domain => everywhere(sizeOf(shapes));
/** The same bounds for every coordinate. */
export const within = (lower: number, upper: number, ...shapes: readonly (readonly number[])[]): Domain =>
  boxDomain(Array.from({ length: sizeOf(shapes) }, () => [lower, upper] as const));
