// The table of all operations, docs/operations.md, made from the registry and the samples: what each takes, how it differentiates and
// how the WebAssembly engine runs it. A test fails when the committed table is not the one this makes.
//
//   node scripts/ts.mjs scripts/op-table.ts            write docs/operations.md
//   node scripts/ts.mjs scripts/op-table.ts --check    exit with 1 when it is stale

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { lowerSimplified } from "../src/engines/lowering/lower.ts";
import { simplify } from "../src/engines/lowering/simplify.ts";
import { gradients, instantiateSample, numbers, weighted } from "../src/engines/op-suite.ts";
import { compilePlan, scratchBytes } from "../src/engines/wasm/compiler.ts";
import { useEveryRoutine } from "../src/engines/wasm/every-routine.ts";
import { type DType, isFloat } from "../src/graph/dtype.ts";
import { GradusError } from "../src/graph/errors.ts";
import { type Node, topologicalOrder, typeOf } from "../src/graph/node.ts";
import type { Primitive } from "../src/graph/primitive.ts";
import { callAttributes, isCall } from "../src/graph/structural.ts";
import { analysisOf } from "../src/ops/analyses.ts";
import { type PrimitiveName, primitives } from "../src/ops/registry.ts";
import { samples } from "../src/ops/samples/index.ts";

/** Read from the working directory, which is the package's root for npm scripts and tests. */
export const operationsPath = join(resolve("."), "docs/operations.md");

type Instance = ReturnType<typeof instantiateSample> & { readonly nodes: readonly Node[] };

function instances(name: string): Instance[] {
  return (samples[name] ?? []).map((sample) => {
    const instance = instantiateSample(sample, "float32");
    return { ...instance, nodes: topologicalOrder(instance.outputs) };
  });
}

const dtypes: readonly DType[] = ["float32", "float64", "int32", "bool"];

/** The dtypes that the operation accepts for its float operands; where it has none, those of its samples. */
function dtypesOf(op: Primitive, found: readonly Node[]): string {
  const accepted = new Set<DType>();
  for (const node of found.slice(0, 3)) {
    const types = node.inputs.map(typeOf);
    if (!types.some((t) => isFloat(t.dtype))) {
      for (const t of types) accepted.add(t.dtype);
      continue;
    }
    for (const dtype of dtypes) {
      try {
        op.infer(
          types.map((t) => (isFloat(t.dtype) ? { ...t, dtype } : t)),
          node.attributes,
        );
        accepted.add(dtype);
      } catch (error) {
        if (!(error instanceof GradusError)) throw error;
      }
    }
  }
  const listed = dtypes.filter((d) => accepted.has(d));
  return listed.length === dtypes.length ? "all" : listed.map((d) => d.replace("float", "f").replace("int", "i")).join(" ");
}

function derivativeOf(op: Primitive, list: readonly Instance[]): string {
  const { derivative } = op;
  if (derivative.kind !== "rules") return derivative.kind === "zero" ? "0" : "none";
  if (!reverseMode(list)) return "forward mode only";
  return typeof derivative.jvp === "string" ? derivative.jvp : "rules";
}

/** Whether some sample has a gradient. */
function reverseMode(list: readonly Instance[]): boolean {
  return list.some(({ parameters, outputs }) => {
    const value = weighted(outputs, numbers(1));
    const wrt = parameters.filter((p) => isFloat(p.dtype));
    if (!value || wrt.length === 0) return false;
    try {
      return gradients(value, wrt).length > 0;
    } catch (error) {
      if (error instanceof GradusError) return false;
      throw error;
    }
  });
}

/** "compiled", or "whole" where the engine calls the operation's own evaluation. */
function executionOf(op: Primitive, list: readonly Instance[]): string {
  useEveryRoutine();
  let compiled = 0;
  let whole = 0;
  for (const { parameters, outputs, nodes } of list) {
    if (!nodes.some((n) => n.op === op) || outputs.every((n) => n.shape.includes(0))) continue;
    const plan = lowerSimplified({ parameters, outputs: simplify(outputs) }, { scratch: scratchBytes });
    if (compilePlan(plan).hostCalls.some((call) => call.node.op.name === op.name)) whole++;
    else compiled++;
  }
  return whole === 0 ? "compiled" : compiled === 0 ? "whole" : "compiled or whole";
}

const kinds = { elementwise: "elementwise", structured: "structured", structural: "control" };
const cell = (text: string) => text.replaceAll("|", "\\|");

function row(name: PrimitiveName): string {
  const op: Primitive = primitives[name];
  const list = instances(name);
  const found = list.flatMap(({ nodes }) => nodes.filter((n) => n.op.name === op.name)).filter((n) => !n.shape.includes(0));
  const cells = [
    `\`${name}\``,
    kinds[op.kind],
    dtypesOf(op, found),
    derivativeOf(op, list),
    analysisOf({ op, attributes: {} }) ? "yes" : "",
    executionOf(op, list),
    String(list.length),
  ];
  return `| ${cells.map(cell).join(" | ")} |`;
}

function compositionRow(name: string): string {
  const list = instances(name);
  const calls = list.flatMap(({ nodes }) => nodes.filter((n) => isCall(n) && callAttributes(n).name === name));
  const own = calls.some((n) => callAttributes(n).vjp !== undefined);
  const states = calls.length === 0 ? "inlined" : own ? "own rule" : "of its parts";
  return `| \`${name}\` | ${states} | ${list.length} |`;
}

/** docs/operations.md as it should be. */
export function operationsTable(): string {
  const names = Object.keys(primitives) as PrimitiveName[];
  const compositions = Object.keys(samples).filter((name) => !Object.hasOwn(primitives, name));
  const counted = Object.values(samples).reduce((total, list) => total + list.length, 0);
  return `# Every operation

<!-- Made by scripts/op-table.ts from the registry. Do not edit. -->

${names.length} primitives and ${compositions.length} compositions of them, tried on ${counted} samples: on both engines, in float32 and float64, with first and second derivatives
against central differences.

- **kind**: *elementwise* operations are one formula, written once, which every engine renders; *structured* ones are evaluated whole or have kernels
  of their own; *control* is loops and choices over graphs.
- **dtypes**: what it takes as its main operands (f32 f64 i32 bool). The functions that build a node convert integers to float32 where only floats are
  listed.
- **derivative**: *rules* for both modes; *linear*, *bilinear* or *transpose* where forward mode follows from what the operation is; *0* where it is
  piecewise constant.
- **analysis**: whether domain, range, monotonicity and curvature are stated beside its room, for intervals.
- **wasm**: *compiled* to WebAssembly, or *whole*: the program calls the operation's own TypeScript evaluation.

## Primitives

| name | kind | dtypes | derivative | analysis | wasm | samples |
| --- | --- | --- | --- | --- | --- | --- |
${names.map(row).join("\n")}

## Compositions

A composition stays one call in the graph, under its name. Its derivative is that *of its parts*, or has an *own rule*: because it is cheaper or more
exact, or because the derivative at a kink is a choice. What is *inlined* leaves only its parts in the graph.

| name | derivative | samples |
| --- | --- | --- |
${compositions.map(compositionRow).join("\n")}
`;
}

if (process.argv[1]?.endsWith("op-table.ts")) {
  const table = operationsTable();
  if (!process.argv.includes("--check")) writeFileSync(operationsPath, table);
  else if (readFileSync(operationsPath, "utf8") !== table) {
    console.error("docs/operations.md is stale: run node scripts/ts.mjs scripts/op-table.ts");
    process.exitCode = 1;
  }
}
