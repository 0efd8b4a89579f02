// The discrete choices a computation makes (which side of a comparison, which maximum, which integer), as a fingerprint: where two
// points share it, no kink lies between them that a choice would tell.

import type { Observer } from "../engines/interpreter/evaluate.ts";
import type { Dense } from "../graph/primitive.ts";

const steps = new Set(["sign", "floor", "ceil", "round"]);
/** Operations whose choice shows in how their output equals an operand, or in the sign of the operand. */
const signs = new Set(["abs"]);

/** An observer for `evaluate`, and the fingerprint of what it saw. */
export function watchChoices(): { readonly observe: Observer; fingerprint(): string } {
  let a = 0x811c9dc5;
  let b = 0x12345678;
  const mix = (v: number) => {
    a = Math.imul(a ^ v, 0x01000193);
    b = Math.imul((b << 7) | (b >>> 25), 0x9e3779b1) ^ v;
  };
  const observe: Observer = (node, values, [first, second]) => {
    const [value] = values;
    for (const output of values) {
      if (output.dtype === "bool" || output.dtype === "int32" || steps.has(node.op.name)) for (const v of output.data) mix(v | 0);
    }
    if (signs.has(node.op.name)) for (const v of first.data) mix(Math.sign(v) + 2);
    if (node.op.name === "maximum" || node.op.name === "minimum") {
      for (let i = 0; i < value.data.length; i++) {
        mix(value.data[i] === first.data[i] ? 1 : 0);
        mix(value.data[i] === second.data[i] ? 1 : 0);
      }
    }
    if (node.op.name === "reduceMax" || node.op.name === "reduceMin") mixArgument(first, value, mix);
    if (node.op.name === "clip") for (let i = 0; i < value.data.length; i++) mix(Math.sign(value.data[i] - first.data[i]) + 2);
  };
  return { observe, fingerprint: () => `${a >>> 0},${b >>> 0}` };
}

/** Which elements attain a maximum or minimum: those equal to some result. */
function mixArgument(x: Dense, y: Dense, mix: (v: number) => void): void {
  const attained = new Set(y.data);
  for (let i = 0; i < x.data.length; i++) if (attained.has(x.data[i])) mix(i);
}
