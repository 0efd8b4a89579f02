// What certification knows of an operation, found by asking its rules: how curvature passes through it, and whether bounds do.

import type { Entries, Entry } from "../src/analysis/composition/entries.ts";
import { type Normalised, normalise } from "../src/analysis/composition/normalise.ts";
import { propagate } from "../src/analysis/composition/propagate.ts";
import { everywhere } from "../src/analysis/domain.ts";
import { inputData, numbers } from "../src/engines/op-suite.ts";
import { isFloat } from "../src/graph/dtype.ts";
import { sizeOf } from "../src/graph/shape.ts";
import { constant, isParameter, parameter, picks } from "../src/graph/structural.ts";
import { entire, type Interval, isEmpty } from "../src/numeric/interval.ts";
import type { Sample } from "../src/ops/samples/sample.ts";

/** Where a rule that does not hold everywhere may hold. */
const tiny = Number.MIN_VALUE;
const parts: readonly (readonly (readonly [string, Interval])[])[] = [
  [
    ["x > 0", { lower: tiny, upper: Infinity }],
    ["x < 0", { lower: -Infinity, upper: -tiny }],
  ],
  [
    ["0 < x < 1", { lower: tiny, upper: 1 - 2 ** -53 }],
    ["−1 < x < 0", { lower: 2 ** -53 - 1, upper: -tiny }],
  ],
  [
    ["x > 1", { lower: 1 + 2 ** -52, upper: Infinity }],
    ["x < −1", { lower: -Infinity, upper: -1 - 2 ** -52 }],
  ],
];
/** Bounds inside the domain of every operation, one or the other. */
const bounds: readonly Interval[] = [
  { lower: 0.25, upper: 0.75 },
  { lower: 1.25, upper: 1.75 },
];

/** The sample as a function of some of its inputs, the others at their values; undefined where nothing is left to vary. */
function functionOf(sample: Sample, varies: (input: number) => boolean): Normalised | undefined {
  if (sample.inputs.some(({ values }) => values && !Array.from(values).every(Number.isFinite))) return undefined;
  const next = numbers(1);
  const inputs = sample.inputs.map((input, i) => {
    const dtype = input.dtype ?? "float64";
    const data = inputData(input, "float64", next);
    return isFloat(dtype) && varies(i) ? parameter({ shape: input.shape, dtype }, `x${i}`) : constant(data, input.shape, dtype);
  });
  const output = picks(sample.build(...inputs)).find((node) => node.symbolic && sizeOf(node.shape) > 0);
  return output && normalise({ parameters: inputs.filter(isParameter), outputs: [output] });
}

/** The entries of the result when each variable ranges over the interval. */
function entriesOn(f: Normalised, range: Interval): Entries {
  const box = new Array<Interval>(f.coordinates).fill(range);
  return propagate(f, { ...everywhere(f.coordinates), box }).entriesOf(f.output);
}

function curvatureOn(f: Normalised, range: Interval): string {
  const found = entriesOn(f, range);
  if (found.some((e) => isEmpty(e.range))) return "";
  const [convex, concave] = [found.every((e) => e.convex), found.every((e) => e.concave)];
  return convex && concave ? "affine" : convex ? "convex" : concave ? "concave" : "";
}

/** One answer for all samples, each answer where they differ (it is a matter of attributes then), "" where one has none. */
function together(answers: readonly string[]): string {
  const distinct = [...new Set(answers)];
  return distinct.includes("") ? "" : distinct.sort().join(" or ");
}

function curvatureOf(list: readonly Sample[], varies: (input: number) => boolean): string {
  const functions = list.map((sample) => functionOf(sample, varies)).filter((f) => f !== undefined);
  const whole = together(functions.map((f) => curvatureOn(f, entire)));
  if (whole !== "") return whole;
  for (const [above, below] of parts) {
    const [right, left] = [above, below].map(([, range]) => together(functions.map((f) => curvatureOn(f, range))));
    if (right !== "" && right === left) return `${right} on ${above[0]} and on ${below[0]}`;
    const pieces = [right && `${right} on ${above[0]}`, left && `${left} on ${below[0]}`].filter((piece) => piece !== "");
    if (pieces.length > 0) return pieces.join(", ");
  }
  return "";
}

/** "convex", "concave on x ≥ 0", "affine in each" …: jointly in all operands where that is known, else in each while others are constant. */
export function curvatureRule(list: readonly Sample[]): string {
  const floats = list.filter((sample) => sample.inputs.some(({ dtype }) => isFloat(dtype ?? "float64")));
  const jointly = curvatureOf(floats, () => true);
  if (jointly !== "") return jointly;
  const count = Math.max(0, ...floats.map((sample) => sample.inputs.length));
  const several = floats.filter((sample) => sample.inputs.length > 1);
  const alone = Array.from({ length: count }, (_, i) => curvatureOf(several, (input) => input === i));
  if (count < 2 || alone.every((rule) => rule === "")) return "";
  if (new Set(alone).size === 1) return `${alone[0]} in each`;
  return alone.flatMap((rule, i) => (rule === "" ? [] : [`operand ${i + 1}: ${rule}`])).join("; ");
}

/** Whether finite bounds of the operands give finite bounds of the result. */
export function boundsPass(list: readonly Sample[]): boolean {
  const functions = list.map((sample) => functionOf(sample, () => true)).filter((f) => f !== undefined);
  const isBounded = ({ range }: Entry) => Number.isFinite(range.lower) && Number.isFinite(range.upper);
  return functions.length > 0 && functions.every((f) => bounds.some((range) => entriesOn(f, range).every(isBounded)));
}
