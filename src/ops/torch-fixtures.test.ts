// Operations against PyTorch (scripts/fixtures/torch_ops.py) in float64, on the interpreter and on the WASM engine: values, gradients,
// Hessian-vector products, and the same derivatives in forward mode. Where we choose otherwise than PyTorch, the choice is listed here.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { interpreter } from "../engines/interpreter/index.ts";
import { useEveryRoutine } from "../engines/wasm/every-routine.ts";
import { wasmEngine } from "../engines/wasm/index.ts";
import { allocate, type DType, isFloat, type TypedArray } from "../graph/dtype.ts";
import type { Node } from "../graph/node.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { constant, parameter } from "../graph/structural.ts";
import { pullback, pushforward, zerosOf } from "./autodiff.ts";
import { builders, elementwise, type Options } from "./fixtures/builders.ts";
import { primitives } from "./registry.ts";
import { samples } from "./samples/index.ts";

/** Numbers that JSON does not have are written as strings. */
type Entries = readonly (number | "NaN" | "Infinity" | "-Infinity")[];

interface Packed {
  readonly shape: Shape;
  /** Omitted: float64. */
  readonly dtype?: DType;
  readonly data: Entries;
}

interface Case {
  readonly about: string;
  readonly options?: Options;
  readonly inputs: readonly Packed[];
  readonly outputs: readonly Packed[];
  /** Of Σ weight·output with respect to each float input; absent where only values are compared. */
  readonly gradients?: readonly Entries[];
  /** The Hessian of that sum times `direction`. */
  readonly second?: readonly Entries[];
}

useEveryRoutine();

const fixtures = JSON.parse(readFileSync(new URL("./fixtures/torch.json", import.meta.url), "utf8")) as Record<string, Case[]>;

// As in the script: exact in binary.
const weight = (o: number, k: number) => (((7 * k + 3 * o) % 11) - 4.5) / 8;
const direction = (i: number, k: number) => (((5 * k + 2 * i) % 7) - 2.5) / 4;

// ---- differences of convention -----------------------------------------------------------------------------------------------------

type Place = "values" | "gradients" | "second";

/** Entries in which our result is `ours` and PyTorch's is something else; the test fails when either ceases to hold. */
interface Difference {
  readonly op: string;
  readonly about: string;
  readonly place: Place;
  /** Which output or input; default 0. */
  readonly of?: number;
  readonly entries: readonly number[];
  readonly ours: number | readonly number[];
  readonly reason: string;
}

const nan = Number.NaN;
const special = { about: "special values" };

const differences: readonly Difference[] = [
  // What NaN does.
  ...(["values", "gradients"] as const).map((place) => ({
    op: place === "values" ? "sign" : "abs",
    ...special,
    place,
    entries: [8],
    ours: nan,
    reason: "the sign of NaN, and so the derivative of its magnitude, is NaN; PyTorch says 0",
  })),
  ...["maximum", "minimum"].flatMap((op) =>
    [0, 1].map((of) => ({
      op,
      ...special,
      place: "gradients" as const,
      of,
      entries: [6, 13, 20, 27, 34, 41, 42, 43, 44, 45, 46, 47, 48],
      ours: 0,
      reason: "where an operand is NaN none is the larger, so none has the derivative; PyTorch gives it to both",
    })),
  ),
  {
    op: "relu",
    ...special,
    place: "gradients",
    entries: [4],
    ours: 0,
    reason: "NaN is not above 0, where the derivative is 1; PyTorch asks whether it is below",
  },
  { op: "elu", ...special, place: "gradients", entries: [4], ours: nan, reason: "NaN has no derivative; PyTorch says 1" },
  {
    op: "pow",
    ...special,
    place: "gradients",
    entries: [72, 73],
    ours: nan,
    reason: "the base is NaN and the exponent 0: no derivative, though the value is 1; PyTorch says 0",
  },
  {
    op: "argsort",
    about: "NaN, descending",
    place: "values",
    entries: [0, 1, 2, 3, 4],
    ours: [4, 0, 2, 1, 3],
    reason: "NaN comes last in either direction; PyTorch takes it for the largest",
  },
  // Outside the domain, and at its ends.
  {
    op: "acosh",
    ...special,
    place: "gradients",
    entries: [2, 4],
    ours: nan,
    reason: "below 1 there is neither value nor derivative; PyTorch evaluates 1/√(x² − 1) at -1 and at -Inf",
  },
  {
    op: "power",
    about: "exponent -0.5, special values",
    place: "gradients",
    entries: [7],
    ours: nan,
    reason: "at -Inf there is neither value nor derivative; PyTorch's derivative is (-Inf)^-1.5 = 0",
  },
  ...(["values", "gradients"] as const).map((place) => ({
    op: "erfInverse",
    ...special,
    place,
    entries: [2, 3],
    ours: nan,
    reason: "made for sampling, on the open interval (-1, 1); PyTorch has the limits at the ends",
  })),
  {
    op: "remainder",
    ...special,
    place: "gradients",
    of: 1,
    entries: [14, 15, 19, 21, 22, 25, 28, 29, 35, 36],
    ours: nan,
    reason:
      "by 0 or infinity, or of infinity: -⌊a/b⌋ is taken from the remainder, which is NaN or infinite; PyTorch divides anew",
  },
  // Signs of zero.
  { op: "sign", ...special, place: "values", entries: [1], ours: -0, reason: "-0 stays as it is; PyTorch says 0" },
  {
    op: "maximum",
    ...special,
    place: "values",
    entries: [1],
    ours: 0,
    reason: "max(0, -0) is 0 (IEEE 754-2019); PyTorch says -0",
  },
  {
    op: "minimum",
    ...special,
    place: "values",
    entries: [7],
    ours: -0,
    reason: "min(-0, 0) is -0 (IEEE 754-2019); PyTorch says 0",
  },
  { op: "relu", ...special, place: "values", entries: [1], ours: 0, reason: "max(-0, 0) is 0; PyTorch keeps -0" },
  ...[
    { about: "multiples", entries: [1] },
    { about: "special values", entries: [24] },
  ].map((where) => ({
    op: "remainder",
    ...where,
    place: "values" as const,
    ours: 0,
    reason: "a remainder of 0 is 0; PyTorch gives it the sign of the dividend",
  })),
  // Kinks.
  {
    op: "norm",
    about: "Euclidean, at zero",
    place: "second",
    entries: [0, 1, 2],
    ours: 0,
    reason: "the derivative at 0 is chosen as 0, to every order; PyTorch's second one is NaN",
  },
  {
    op: "logSumExp",
    about: "infinite",
    place: "gradients",
    entries: [2, 3],
    ours: 0,
    reason: "where all elements are -Inf the derivative is chosen as 0, so that a masked row is harmless; PyTorch's is NaN",
  },
  // Digits lost.
  ...(["gradients", "second"] as const).map((place) => ({
    op: "expm1",
    about: "far out",
    place,
    entries: [1, 3],
    ours: [-20.5, -700.25].map((x, i) => {
      const k = 2 * i + 1;
      return weight(0, k) * Math.exp(x) * (place === "second" ? direction(0, k) : 1);
    }),
    reason: "the derivative is eˣ; PyTorch adds 1 to the value, which is nearly -1",
  })),
];

/** Primitives that PyTorch cannot speak for. */
const uncovered: Readonly<Record<string, string>> = {
  randomBits: "the generator is our own; its bits are compared with the published test vectors (random.test.ts)",
  foldIn: "as randomBits",
};

// ---- the comparison ----------------------------------------------------------------------------------------------------------------

const numbers = (list: Entries) => list.map(Number);

function typed({ dtype = "float64", data }: Packed): TypedArray {
  const result = allocate(dtype, data.length);
  result.set(numbers(data));
  return result;
}

function tabulated({ shape, dtype }: Node, value: (k: number) => number): Node {
  const data = allocate(dtype, sizeOf(shape));
  for (let k = 0; k < data.length; k++) data[k] = value(k);
  return constant(data, shape, dtype);
}

const orZeros = (found: readonly (Node | undefined)[], like: readonly Node[]) => found.map((g, i) => g ?? zerosOf(like[i]));

/** `while` has no reverse mode. */
const hasReverse = (op: string) => op !== "while";

interface Parts<T> {
  readonly values: readonly T[];
  readonly gradients: readonly T[];
  /** By reverse mode of reverse mode. */
  readonly second: readonly T[];
  /** By forward mode of reverse mode. */
  readonly secondForward: readonly T[];
  /** Derivatives of the outputs along `direction`. */
  readonly tangents: readonly T[];
  /** By forward mode of forward mode. */
  readonly curvatures: readonly T[];
}

function build(op: string, c: Case): { readonly parameters: readonly Node[]; readonly parts: Parts<Node> } {
  const parameters = c.inputs.map(({ shape, dtype = "float64" }) => parameter({ shape, dtype }));
  const wrt = parameters.filter((p) => isFloat(p.dtype));
  const built = builders[op](parameters, c.options ?? {});
  const values = "op" in built ? [built] : [...built];
  const weights = values.map((v, o) => (isFloat(v.dtype) ? tabulated(v, (k) => weight(o, k)) : undefined));
  const directions = wrt.map((p, i) => tabulated(p, (k) => direction(i, k)));
  const forward = (nodes: readonly Node[]) => orZeros(pushforward(nodes, wrt, directions), nodes);
  const [first, second] = [c.gradients !== undefined, c.second !== undefined];
  const gradients = first && hasReverse(op) ? orZeros(pullback(values, weights, wrt), wrt) : [];
  const tangents = first ? forward(values) : [];
  const parts = {
    values,
    gradients,
    second: second && hasReverse(op) ? orZeros(pullback(gradients, directions, wrt), wrt) : [],
    secondForward: second && hasReverse(op) ? forward(gradients) : [],
    tangents,
    curvatures: second ? forward(tangents) : [],
  };
  return { parameters, parts };
}

/** PyTorch's arrays, and ours where they differ by choice. */
function expected(op: string, about: string, place: Place, torch: readonly Entries[]): number[][] {
  const arrays = torch.map(numbers);
  for (const d of differences) {
    if (d.op !== op || d.about !== about || d.place !== place) continue;
    d.entries.forEach((k, n) => {
      const ours = typeof d.ours === "number" ? d.ours : d.ours[n];
      expect(arrays[d.of ?? 0][k], `PyTorch's entry ${k} of the ${place} of ${op} (${about}): ${d.reason}`).not.toBe(ours);
      arrays[d.of ?? 0][k] = ours;
    });
  }
  return arrays;
}

const largest = (list: readonly number[]) =>
  list.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

/** The first entry that is not within tolerance·scale(k) of what it should be. */
function mismatch(actual: TypedArray, target: readonly number[], signed: boolean, allowed: (k: number) => number) {
  if (actual.length !== target.length) return `${actual.length} entries instead of ${target.length}`;
  const k = target.findIndex((x, i) => {
    if (Object.is(x, actual[i]) || (x === actual[i] && !signed)) return false;
    return (x === 0 && signed) || !(Math.abs(actual[i] - x) <= allowed(i));
  });
  return k < 0 ? undefined : `entry ${k} is ${actual[k]}, should be ${target[k]}`;
}

/** Σ lists·factors, and the same with absolute values. */
function inner(lists: readonly ArrayLike<number>[], factor: (i: number, k: number) => number): [number, number] {
  const terms = lists.flatMap((list, i) => Array.from(list, (x, k) => x * factor(i, k)));
  return [terms.reduce((a, b) => a + b, 0), terms.reduce((a, b) => a + Math.abs(b), 0)];
}

function faultsOf(op: string, c: Case): string[] {
  const faults: string[] = [];
  const { parameters, parts } = build(op, c);
  parts.values.forEach((node, o) => {
    const { shape, dtype = "float64" } = c.outputs[o];
    expect([node.shape, node.dtype], `type of output ${o} of ${op} (${c.about})`).toEqual([shape, dtype]);
  });
  const entrywise = Object.hasOwn(elementwise, op);
  const torch = {
    values: expected(
      op,
      c.about,
      "values",
      c.outputs.map((o) => o.data),
    ),
    gradients: expected(op, c.about, "gradients", c.gradients ?? []),
    second: expected(op, c.about, "second", c.second ?? []),
  };
  for (const engine of [interpreter, wasmEngine]) {
    const names = Object.keys(parts) as (keyof Parts<Node>)[];
    const results = engine.compile({ parameters, outputs: names.flatMap((name) => parts[name]) }).run(c.inputs.map(typed));
    const taken = names.map((name) => [name, results.splice(0, parts[name].length)] as const);
    const got = Object.fromEntries(taken) as Record<keyof Parts<Node>, TypedArray[]>;
    const fault = (what: string) => faults.push(`${op} (${c.about}) on ${engine.name}: ${what}`);
    const compare = (
      name: keyof Parts<Node>,
      target: readonly (readonly number[])[],
      tolerance: number,
      beside: number[][] = [],
    ) => {
      expect(got[name].length).toBe(target.length);
      target.forEach((list, i) => {
        // Errors of sums scale with the largest entry; those of a second derivative also with the first, whose difference it is.
        const whole = largest(list);
        const scale = (k: number) => (entrywise ? Math.max(Math.abs(list[k]), Math.abs(beside[i]?.[k] ?? 0)) : whole);
        const problem = mismatch(got[name][i], list, entrywise && name === "values", (k) => tolerance * scale(k));
        if (problem) fault(`${name} ${i}: ${problem}`);
      });
    };
    compare("values", torch.values, 1e-12);
    if (hasReverse(op)) {
      compare("gradients", torch.gradients, 1e-12);
      compare("second", torch.second, 1e-10, torch.gradients);
      compare("secondForward", torch.second, 1e-10, torch.gradients);
    }
    if (torch.values.flat().some(Number.isNaN)) continue;
    // ⟨weights, J·v⟩ = ⟨gradient, v⟩, and ⟨weights, D²y[v, v]⟩ = ⟨H·v, v⟩.
    const contract = (name: "tangents" | "curvatures", target: readonly (readonly number[])[], tolerance: number) => {
      const floats = got[name].map((t, o) => (isFloat(parts.values[o].dtype) ? t : []));
      const [ours, scale] = inner(floats, weight);
      const [theirs, size] = inner(target, direction);
      if (Number.isFinite(theirs) && !(Math.abs(ours - theirs) <= tolerance * Math.max(scale, size)))
        fault(`${name}: ${ours}, should be ${theirs}`);
    };
    if (c.gradients) contract("tangents", torch.gradients, 1e-12);
    if (c.second) contract("curvatures", torch.second, 1e-10);
  }
  return faults;
}

describe("agrees with PyTorch to second order, on both engines:", () => {
  test.each(Object.keys(fixtures))("%s", (op) => {
    expect(fixtures[op].flatMap((c) => faultsOf(op, c))).toEqual([]);
  });
});

describe("the fixtures", () => {
  test("are all compared, and the differences of convention all met", () => {
    expect(Object.keys(builders).sort()).toEqual(Object.keys(fixtures).sort());
    for (const d of differences) expect(fixtures[d.op].map((c) => c.about)).toContain(d.about);
  });

  test("have every primitive and every named composition, but for those with a reason", () => {
    const missing = [...Object.keys(primitives), ...Object.keys(samples)].filter((name) => !(name in fixtures));
    expect([...new Set(missing)].sort()).toEqual(Object.keys(uncovered).sort());
  });

  test("have second derivatives of every primitive that has a derivative", () => {
    const differentiable = Object.entries(primitives).filter(([, op]) => op.derivative.kind !== "zero");
    const without = differentiable.filter(([name]) => !fixtures[name]?.some((c) => c.second?.some((list) => list.length > 0)));
    expect(without.map(([name]) => name)).toEqual([]);
  });
});
