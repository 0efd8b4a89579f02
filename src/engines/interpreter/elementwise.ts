// Elementwise operations in the interpreter: the room's formula, element by element, over JavaScript numbers. Where enough elements
// have passed through a formula, it is rendered as a loop that the JIT compiles; both give the same bits.

import type { TypedArray } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Attributes, Dense, Elementwise } from "../../graph/primitive.ts";
import { floatLoop, intLoop, type Loop } from "../../numeric/javascript.ts";
import { float32Algebra, float64Algebra, int32Algebra } from "../../numeric/numbers.ts";

type Arithmetic = "float32" | "float64" | "int32";

/** A formula in one arithmetic, for one choice of attributes. */
interface Formula {
  /** Elements computed so far without a loop. */
  elements: number;
  loop: Loop | undefined;
}

/** Making a loop costs some 50 µs, which is what this many elements take without. */
const worthALoop = 512;

/** Choices of attributes that are kept for one operation; beyond that they are forgotten, and made again when needed. */
const mostFormulas = 64;

const formulas = new WeakMap<Elementwise, Map<string, Formula>>();

function formulaOf(op: Elementwise, attributes: Attributes, arithmetic: Arithmetic): Formula {
  let known = formulas.get(op);
  if (!known) {
    known = new Map();
    formulas.set(op, known);
  }
  let key: string = arithmetic;
  for (const name in attributes) key += `,${name}:${Object.is(attributes[name], -0) ? "-0" : String(attributes[name])}`;
  let formula = known.get(key);
  if (!formula) {
    if (known.size >= mostFormulas) known.clear();
    formula = { elements: 0, loop: undefined };
    known.set(key, formula);
  }
  return formula;
}

/** Which arithmetic an operation's operands ask for. A mask does not tell (where); the value operands and the result do. */
function arithmeticOf(op: Elementwise, inputs: readonly Dense[], output: Dense): Arithmetic {
  let dtype = output.dtype;
  for (const x of inputs) {
    if (x.dtype === "bool") continue;
    dtype = x.dtype;
    break;
  }
  if (dtype === "float32" || dtype === "float64") return dtype;
  return op.integerFormula ? "int32" : fail("dtype", `${op.name}: has no formula for ${dtype}.`);
}

/** Fills `output` from `inputs`, which are as long. */
export function evaluateElementwise(op: Elementwise, attributes: Attributes, inputs: readonly Dense[], output: Dense): void {
  const arithmetic = arithmeticOf(op, inputs, output);
  const formula = formulaOf(op, attributes, arithmetic);
  const { data } = output;
  if (!formula.loop) {
    formula.elements += data.length;
    if (formula.elements >= worthALoop) formula.loop = loopOf(op, attributes, arithmetic, inputs.length);
  }
  if (formula.loop)
    formula.loop(
      inputs.map((x) => x.data),
      data,
    );
  else direct(op, attributes, arithmetic, inputs, data);
}

function loopOf(op: Elementwise, attributes: Attributes, arithmetic: Arithmetic, arity: number): Loop {
  return arithmetic === "int32"
    ? intLoop(arity, (k, operands) => op.integerFormula!(k, operands, attributes))
    : floatLoop(arithmetic, arity, (k, operands) => op.formula(k, operands, attributes));
}

function direct(
  op: Elementwise,
  attributes: Attributes,
  arithmetic: Arithmetic,
  inputs: readonly Dense[],
  output: TypedArray,
): void {
  const operands = inputs.map(() => 0);
  for (let i = 0; i < output.length; i++) {
    for (let j = 0; j < operands.length; j++) operands[j] = inputs[j].data[i];
    output[i] =
      arithmetic === "int32"
        ? op.integerFormula!(int32Algebra, operands, attributes)
        : op.formula(arithmetic === "float32" ? float32Algebra : float64Algebra, operands, attributes);
  }
}
