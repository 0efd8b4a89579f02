// The discrete choices a computation makes (which side of a comparison, which maximum, which integer), as a fingerprint: where two
// points share it, no kink lies between them that a choice would tell.

import type { Observer } from "../engines/interpreter/evaluate.ts";
import type { TypedArray } from "../graph/dtype.ts";

type Mix = (value: number) => void;

/** How the choices of an operation show: from its result and its operands. Booleans and integers show theirs by themselves. */
const tells: Readonly<Record<string, (mix: Mix, y: TypedArray, x: TypedArray, other: TypedArray) => void>> = {
  sign: (mix, y) => y.forEach(mix),
  floor: (mix, y) => y.forEach(mix),
  ceil: (mix, y) => y.forEach(mix),
  round: (mix, y) => y.forEach(mix),
  abs: (mix, _y, x) => x.forEach((v) => mix(Math.sign(v))),
  // The whole number of times that the divisor is contained.
  remainder: (mix, y, x, by) => y.forEach((r, i) => mix(Math.round((x[i] - r) / by[i]))),
  // Which branch of the tangent; which side of the cut of the angle.
  tan: (mix, _y, x) => x.forEach((v) => mix(Math.round(v / Math.PI))),
  atan2: (mix, _y, y, x) => y.forEach((v, i) => mix(x[i] < 0 ? Math.sign(v) : 2)),
  maximum: equalTo,
  minimum: equalTo,
  clip: (mix, y, x) => y.forEach((v, i) => mix(Math.sign(v - x[i]))),
  reduceMax: attained,
  reduceMin: attained,
};

/** Which of two operands the result is; both at a tie. */
function equalTo(mix: Mix, y: TypedArray, a: TypedArray, b: TypedArray): void {
  y.forEach((v, i) => mix((v === a[i] ? 1 : 0) + (v === b[i] ? 2 : 0)));
}

/** Which elements attain a maximum or minimum: those equal to some result. */
function attained(mix: Mix, y: TypedArray, x: TypedArray): void {
  const values = new Set<number>(y);
  x.forEach((v, i) => {
    if (values.has(v)) mix(i);
  });
}

/** An observer for `evaluate`, and the fingerprint of what it saw, in loops and branches too. */
export function watchChoices(): { readonly observe: Observer; fingerprint(): string } {
  let a = 0x811c9dc5;
  let b = 0x12345678;
  const mix = (value: number) => {
    const v = Number.isInteger(value) ? (value % 2147483647) | 0 : -1;
    a = Math.imul(a ^ v, 0x01000193);
    b = Math.imul((b << 7) | (b >>> 25), 0x9e3779b1) ^ v;
  };
  const observe: Observer = (node, values, inputs) => {
    for (const { dtype, data } of values) if (dtype === "bool" || dtype === "int32") for (const v of data) mix(v);
    const tell = tells[node.op.name];
    if (tell) tell(mix, values[0].data, inputs[0].data, (inputs[1] ?? inputs[0]).data);
  };
  return { observe, fingerprint: () => `${a >>> 0},${b >>> 0}` };
}
