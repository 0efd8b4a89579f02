// The table of all operations, docs/operations.md, made from the registry and the samples: what each takes, how it differentiates and
// what certification knows of it and how the engines run it. A test fails when the committed table is not the one this makes.
//
//   node scripts/ts.mjs scripts/op-table.ts            write docs/operations.md
//   node scripts/ts.mjs scripts/op-table.ts --check    exit with 1 when it is stale

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { lowerSimplified } from "../src/engines/lowering/lower.ts";
import { simplify } from "../src/engines/lowering/simplify.ts";
import { renderProgram } from "../src/engines/native/compiler.ts";
import { planFor } from "../src/engines/native/index.ts";
import { targetFor } from "../src/engines/native/target.ts";
import { wholeRendering } from "../src/engines/native/whole.ts";
import { gradients, instantiateSample, numbers, weighted } from "../src/engines/op-suite.ts";
import { compilePlan, scratchBytes } from "../src/engines/wasm/compiler.ts";
import { useEveryRoutine } from "../src/engines/wasm/every-routine.ts";
import { type DType, isFloat } from "../src/graph/dtype.ts";
import { GradusError } from "../src/graph/errors.ts";
import { type Node, topologicalOrder, typeOf } from "../src/graph/node.ts";
import type { Primitive } from "../src/graph/primitive.ts";
import { callAttributes, isCall } from "../src/graph/structural.ts";
import { type PrimitiveName, primitives } from "../src/ops/registry.ts";
import { samples } from "../src/ops/samples/index.ts";
import { boundsPass, curvatureRule } from "./op-claims.ts";

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

function derivativeOf(op: Primitive): string {
  const { derivative } = op;
  if (derivative.kind !== "rules") return derivative.kind === "zero" ? "0" : "none";
  return typeof derivative.jvp === "string" ? derivative.jvp : "rules";
}

/** The highest order, up to 3, for which some sample has derivatives in reverse mode; rules that build such nodes have every order. */
function ordersOf(list: readonly Instance[]): number {
  return Math.max(
    0,
    ...list.map(({ parameters, outputs }) => {
      const wrt = parameters.filter((p) => isFloat(p.dtype));
      let value = weighted(outputs, numbers(1));
      try {
        for (let order = 0; ; order++) {
          if (!value || wrt.length === 0 || order === 3) return order;
          const first = gradients(value, wrt);
          value = weighted(first, numbers(order + 2));
        }
      } catch (error) {
        if (error instanceof GradusError) return 0;
        throw error;
      }
    }),
  );
}

function ordersText(op: Primitive, list: readonly Instance[]): string {
  if (op.derivative.kind !== "rules") return "";
  const order = ordersOf(list);
  return order === 3 ? "any" : order === 0 ? "any, forward mode" : String(order);
}

type HostCalls = (instance: Instance) => readonly { readonly node: Node }[];

const onWasm: HostCalls = ({ parameters, outputs }) =>
  compilePlan(lowerSimplified({ parameters, outputs: simplify(outputs) }, { scratch: scratchBytes })).hostCalls;

/** Kernels that have a rendering of their own keep a call of the operation for operands they do not take. */
const onNative: HostCalls = ({ parameters, outputs }) =>
  renderProgram(
    planFor({ parameters, outputs: simplify(outputs) }, undefined),
    targetFor({ __AVX2__: "1", __FMA__: "1" }),
  ).hostCalls.filter((kernel) => wholeRendering(kernel) === undefined);

/** "compiled", or "whole" where the engine calls the operation's own evaluation. */
function executionOf(op: Primitive, list: readonly Instance[], hostCalls: HostCalls): string {
  useEveryRoutine();
  let compiled = 0;
  let whole = 0;
  for (const instance of list) {
    if (!instance.nodes.some((n) => n.op === op) || instance.outputs.every((n) => n.shape.includes(0))) continue;
    if (hostCalls(instance).some(({ node }) => node.op.name === op.name)) whole++;
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
    derivativeOf(op),
    ordersText(op, list),
    curvatureRule(samples[name] ?? []),
    boundsPass(samples[name] ?? []) ? "yes" : "",
    executionOf(op, list, onWasm),
    executionOf(op, list, onNative),
    String(list.length),
  ];
  return `| ${cells.map(cell).join(" | ")} |`;
}

function compositionRow(name: string): string {
  const list = instances(name);
  const calls = list.flatMap(({ nodes }) => nodes.filter((n) => isCall(n) && callAttributes(n).name === name));
  const own = calls.some((n) => callAttributes(n).vjp !== undefined);
  const states = calls.length === 0 ? "inlined" : own ? "own rule" : "of its parts";
  const claims = `${curvatureRule(samples[name] ?? [])} | ${boundsPass(samples[name] ?? []) ? "yes" : ""}`;
  return `| \`${name}\` | ${states} | ${claims} | ${list.length} |`;
}

/** docs/operations.md as it should be. */
export function operationsTable(): string {
  const names = Object.keys(primitives) as PrimitiveName[];
  const compositions = Object.keys(samples).filter((name) => !Object.hasOwn(primitives, name));
  const counted = Object.values(samples).reduce((total, list) => total + list.length, 0);
  return `# Every operation

<!-- Made by scripts/op-table.ts from the registry. Do not edit. -->

${names.length} primitives and ${compositions.length} compositions of them, tried on ${counted} samples: on all engines, in float32 and float64, with first and second derivatives
against central differences.

- **kind**: *elementwise* operations are one formula, written once, which every engine renders; *structured* ones are evaluated whole or have kernels
  of their own; *control* is loops and choices over graphs.
- **dtypes**: what it takes as its main operands (f32 f64 i32 bool). The functions that build a node convert integers to float32 where only floats are
  listed.
- **derivative**: *rules* for both modes; *linear*, *bilinear* or *transpose* where forward mode follows from what the operation is; *0* where it is
  piecewise constant.
- **orders**: of derivatives, in reverse mode. Rules build operations, so what has one derivative has all; the tests check the first and the second.
- **curvature**: what certification knows of it on affine operands: jointly in all operands, or *in each* while the others are constant; of smaller
  pieces where it depends on the sign. Empty: nothing is known but where operands are constant (larger patterns are recognised apart from this).
- **bounds**: finite bounds of the operands give finite bounds of the result, in outward-rounded intervals.
- **wasm**, **native**: *compiled* by that engine, or *whole*: the program calls the operation's own TypeScript evaluation. The interpreter runs all.

## Primitives

| name | kind | dtypes | derivative | orders | curvature | bounds | wasm | native | samples |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${names.map(row).join("\n")}

## Compositions

A composition stays one call in the graph, under its name. Its derivative is that *of its parts*, or has an *own rule*: because it is cheaper or more
exact, or because the derivative at a kink is a choice. What is *inlined* leaves only its parts in the graph.

| name | derivative | curvature | bounds | samples |
| --- | --- | --- | --- | --- |
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
