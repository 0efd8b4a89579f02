// How parameters start. An initializer draws a tensor of a shape from a key; the scale of most depends on the fan of the weights, the
// number of inputs and outputs of a unit: for a matrix [in, out] these are in and out, for a convolution kernel [...window, in, out]
// each times the size of the window.

import type { FloatDType } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";
import { qr } from "../ops/linalg/index.ts";
import { full } from "../tensor/create.ts";
import { concat } from "../tensor/functions/structure.ts";
import { finish } from "../tensor/lift.ts";
import { number } from "../tensor/operands.ts";
import * as random from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A tensor of `shape`; the same key gives the same tensor. */
export interface Initializer {
  (key: Tensor, shape: Shape, dtype: FloatDType): Tensor;
  /** Its name, for records. */
  readonly kind?: string;
}

function initializer(kind: string, draw: (key: Tensor, shape: Shape, dtype: FloatDType) => Tensor): Initializer {
  return Object.assign((key: Tensor, shape: Shape, dtype: FloatDType) => draw(key, shape, dtype), { kind });
}

/** Inputs and outputs of a unit. A vector counts as one input per element; a scalar as one of each. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length < 2) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * shape[shape.length - 2], fanOut: window * shape[shape.length - 1] };
}

/** `value` everywhere. */
export function constant(value: number): Initializer {
  return initializer("constant", (_key, shape, dtype) => full(shape, value, dtype));
}

/** 0 everywhere. */
export const zeros: Initializer = initializer("zeros", (_key, shape, dtype) => full(shape, 0, dtype));
/** 1 everywhere. */
export const ones: Initializer = initializer("ones", (_key, shape, dtype) => full(shape, 1, dtype));

/** Uniform on [low, high). */
export function uniform(low = -0.05, high = 0.05): Initializer {
  if (!(number("uniform", "low", low) < number("uniform", "high", high)))
    fail("argument", `uniform: low ${low} must be less than high ${high}.`);
  return initializer("uniform", (key, shape, dtype) => random.uniform(key, shape, { low, high, dtype }));
}

/** Normal with this standard deviation and mean. */
export function normal(deviation = 0.05, mean = 0): Initializer {
  return initializer("normal", (key, shape, dtype) => random.normal(key, shape, { mean, deviation, dtype }));
}

/** Normal, drawn again where it is more than two standard deviations off. */
export function truncatedNormal(deviation = 0.05, mean = 0): Initializer {
  return initializer("truncatedNormal", (key, shape, dtype) =>
    random.truncatedNormal(key, shape, { dtype }).mul(deviation).add(mean),
  );
}

/** Uniform or normal with the variance that the fan asks for; a uniform on ±a has variance a²/3. */
function scaled(kind: string, variance: (fanIn: number, fanOut: number) => number, form: "uniform" | "normal"): Initializer {
  return initializer(kind, (key, shape, dtype) => {
    const { fanIn, fanOut } = fans(shape);
    const deviation = Math.sqrt(variance(Math.max(fanIn, 1), Math.max(fanOut, 1)));
    if (form === "normal") return random.normal(key, shape, { deviation, dtype });
    const bound = Math.sqrt(3) * deviation;
    return random.uniform(key, shape, { low: -bound, high: bound, dtype });
  });
}

const glorot = (fanIn: number, fanOut: number) => 2 / (fanIn + fanOut);
const he = (fanIn: number) => 2 / fanIn;
const lecun = (fanIn: number) => 1 / fanIn;

/** Variance 2/(in + out): keeps the scale of signals and of errors, for tanh, logistic and linear units. (Glorot & Bengio 2010.) */
export const glorotUniform: Initializer = scaled("glorotUniform", glorot, "uniform");
/** As glorotUniform, normally distributed. */
export const glorotNormal: Initializer = scaled("glorotNormal", glorot, "normal");
/** Variance 2/in: keeps the scale of signals through ReLU, which loses half of it. (He et al. 2015.) */
export const heUniform: Initializer = scaled("heUniform", he, "uniform");
/** As heUniform, normally distributed. */
export const heNormal: Initializer = scaled("heNormal", he, "normal");
/** Variance 1/in, for self-normalising and linear units. (LeCun et al. 1998.) */
export const lecunUniform: Initializer = scaled("lecunUniform", lecun, "uniform");
/** As lecunUniform, normally distributed. */
export const lecunNormal: Initializer = scaled("lecunNormal", lecun, "normal");

/**
 * Orthonormal columns, or rows where there are fewer of those, times `gain`: lengths are kept. All axes but the last are read as one.
 * The Q of a normal matrix; as R has a positive diagonal, it is uniform among orthogonal matrices. (Saxe, McClelland & Ganguli 2014.)
 */
export function orthogonal(gain = 1): Initializer {
  return initializer("orthogonal", (key, shape, dtype) => {
    if (shape.length < 2)
      fail("shape", `orthogonal: needs a matrix or a kernel, got ${formatShape(shape)}. Use normal for vectors.`);
    const columns = shape[shape.length - 1];
    const rows = sizeOf(shape) / Math.max(columns, 1);
    const wide = rows < columns;
    const drawn = random.normal(key, wide ? [columns, rows] : [rows, columns], { dtype });
    const [q] = finish([qr(drawn.node).q]);
    return (wide ? q.transpose() : q).mul(gain).reshape(shape);
  });
}

/** Equal blocks along the last axis, each drawn on its own: the gates of a recurrent unit, the projections of attention. */
export function blocks(count: number, each: Initializer): Initializer {
  return initializer(each.kind ?? "blocks", (key, shape, dtype) => {
    const part = [...shape.slice(0, -1), shape[shape.length - 1] / count];
    return concat(
      random.split(key, count).map((k) => each(k, part, dtype)),
      -1,
    );
  });
}
