// How operations are written into formulas for readers. Those that bind operands stand here, with their precedence; functions of
// operands in brackets are taken from the notations of the operations themselves.

import { notationOf } from "../../ops/notations.ts";
import { primitives } from "../../ops/registry.ts";
import { type Form, raised, writeNumber } from "./numbers.ts";
import { asBase, bracketed, inProduct, inSum, level, type Piece, subtracted } from "./piece.ts";

/** A written operand, with what the operation asks of it. */
export interface Operand extends Piece {
  readonly rank: number;
  /** Its own operation, if it has one. */
  readonly op?: string;
  /** Its value, where it is a constant. */
  readonly constant?: number;
  /** Where it is a quantity as a whole. */
  readonly shape?: readonly number[];
}

type Attributes = Readonly<Record<string, unknown>>;
type Writer = (operands: readonly Operand[], form: Form, attributes: Attributes) => Piece;

/** An operation without a way of its own is written as a function of its name. */
export function writeOperation(op: string, operands: readonly Operand[], attributes: Attributes, form: Form): Piece {
  const own = Object.hasOwn(writers, op) ? writers[op] : undefined;
  if (own) return own(operands, form, attributes);
  const written = operands.map((operand) => operand.written);
  if (Object.hasOwn(primitives, op)) {
    const notation = notationOf({ op: primitives[op as keyof typeof primitives], attributes: attributes as never });
    return { written: notation[form](...written), level: level.power, minus: false };
  }
  const prime = /^(.*?)(['′]+)$/.exec(op);
  const inner = prime ? writeOperation(prime[1], operands, attributes, form) : undefined;
  if (prime && inner) {
    const at = inner.written.indexOf(form === "tex" && inner.written.includes("\\left(") ? "\\left(" : "(");
    const mark = (form === "tex" ? "'" : "′").repeat(prime[2].length);
    return { ...inner, written: inner.written.slice(0, at) + mark + inner.written.slice(at) };
  }
  return functionOf(op, String.raw`\operatorname{${op.replace(/[^A-Za-z]/g, "")}}`)(operands, form, attributes);
}

// @__NO_SIDE_EFFECTS__
function functionOf(text: string, tex: string, ...more: readonly string[]): Writer {
  return (operands, form, attributes) => {
    const parameters = more.flatMap((name) =>
      typeof attributes[name] === "number" ? [writeNumber(attributes[name], { form, digits: 10 })] : [],
    );
    const inside = [...operands.map((operand) => operand.written), ...parameters].join(", ");
    return { written: (form === "tex" ? tex : text) + bracketed(inside, form), level: level.atom, minus: false };
  };
}

const add: Writer = ([a, b], form) => {
  const first = inSum(a, form, true);
  // a + (−b) is a − b.
  if (b.op === "neg") return { written: `${first} ${minusSign(form)} ${withoutMinus(b)}`, level: level.sum, minus: a.minus };
  return { written: `${first} + ${inSum(b, form, false)}`, level: level.sum, minus: a.minus };
};

const minusSign = (form: Form) => (form === "tex" ? "-" : "−");
const withoutMinus = (piece: Piece) => piece.written.slice(1);

const sub: Writer = ([a, b], form) => ({
  written: `${inSum(a, form, true)} ${minusSign(form)} ${subtracted(b, form)}`,
  level: level.sum,
  minus: a.minus,
});

const neg: Writer = ([a], form) => ({
  written: minusSign(form) + (a.level <= level.sum || a.minus ? bracketed(a.written, form) : a.written),
  level: a.level === level.quotient ? level.quotient : level.product,
  minus: true,
});

const mul: Writer = ([a, b], form) => {
  const whole = a.rank > 0 && b.rank > 0;
  const dot = form === "tex" ? (whole ? String.raw` \odot ` : String.raw` \cdot `) : whole ? " ⊙ " : "·";
  const rest = dot + inProduct(b, form, false);
  const written = inProduct(a, form, true) + rest;
  return { written, level: level.product, minus: a.minus, ...(a.guarded ? { guarded: a.guarded + rest } : {}) };
};

const div: Writer = ([a, b], form) => {
  if (form === "tex") return { written: String.raw`\frac{${a.written}}{${b.written}}`, level: level.product, minus: false };
  const over = b.level < level.power || b.minus ? bracketed(b.written, form) : b.written;
  return { written: `${inProduct(a, form, true)}/${over}`, level: level.quotient, minus: a.minus };
};

const matmul: Writer = ([a, b], form) => {
  if (a.rank === 0 || b.rank === 0) return mul([a, b], form, {});
  const between = form === "tex" ? String.raw`\,` : " ";
  return { written: inProduct(a, form, true) + between + inProduct(b, form, false), level: level.product, minus: a.minus };
};

function power(base: Operand, exponent: number, form: Form): Piece {
  const written = writeNumber(exponent, { form, digits: 10 });
  const raisedTo =
    form === "tex"
      ? `^{${written}}`
      : Number.isInteger(exponent)
        ? raised(String(exponent))
        : exponent < 0
          ? `^(${written})`
          : `^${written}`;
  return { written: asBase(base, form) + raisedTo, level: level.power, minus: false };
}

const pow: Writer = ([base, exponent], form) => {
  if (exponent.constant !== undefined) return power(base, exponent.constant, form);
  const written = form === "tex" ? `^{${exponent.written}}` : `^${asBase(exponent, form)}`;
  return { written: asBase(base, form) + written, level: level.power, minus: false };
};

const transpose: Writer = ([a], form, { permutation }) => {
  // Of a product of vectors' shapes nothing is left to turn; a permutation of more than two axes is named.
  if (a.rank < 2 && form === "text" && !Array.isArray(permutation)) return a;
  return { written: asBase(a, form) + (form === "tex" ? String.raw`^{\top}` : "ᵀ"), level: level.power, minus: false };
};

/** Reshaping adds or takes axes of size one unseen; what lays out a tensor in a row is called so. */
const reshape: Writer = (operands, form, { shape }) => {
  const [a] = operands;
  const essential = (sizes: readonly unknown[]) => sizes.filter((size) => size !== 1).join();
  if (!Array.isArray(shape) || a.shape === undefined || essential(a.shape) === essential(shape)) return a;
  const name = shape.length < a.rank ? "flatten" : "reshape";
  return functionOf(name, String.raw`\operatorname{${name}}`)([a], form, {});
};

// @__NO_SIDE_EFFECTS__
function relation(text: string, tex: string): Writer {
  return ([a, b], form) => {
    const side = (piece: Piece) => (piece.level === level.relation ? bracketed(piece.written, form) : piece.written);
    return { written: `${side(a)} ${form === "tex" ? tex : text} ${side(b)}`, level: level.relation, minus: a.minus };
  };
}

const choice = (condition: Piece, yes: string, no: string, form: Form): Piece => ({
  written:
    form === "tex"
      ? String.raw`\begin{cases} ${yes} & \text{if } ${condition.written} \\ ${no} & \text{else} \end{cases}`
      : `if(${condition.written}, ${yes}, ${no})`,
  level: form === "tex" ? level.power : level.atom,
  minus: false,
});

/** A truth value made a number is 1 or 0. */
const cast: Writer = ([a], form) => (a.level === level.relation ? choice(a, "1", "0", form) : a);

// @__NO_SIDE_EFFECTS__
function reduction(name: string, tex: string): Writer {
  return (operands, form, { axes }) => {
    const [a] = operands;
    const along = Array.isArray(axes) && axes.length < a.rank ? axes.map((axis) => Number(axis) + 1).join(", ") : "";
    const axis = along.includes(",") ? "axes" : "axis";
    if (form === "text")
      return { written: `${name}(${a.written}${along && `, ${axis} ${along}`})`, level: level.atom, minus: false };
    const under = along && String.raw`_{\text{${axis} }${along}}`;
    return { written: `${tex}${under}${bracketed(a.written, form)}`, level: level.power, minus: false };
  };
}

const asOperand: Writer = ([a]) => a;

const abs: Writer = ([a], form) => ({
  written:
    form === "tex" ? String.raw`\left|${a.written}\right|` : a.written.includes("|") ? `abs(${a.written})` : `|${a.written}|`,
  level: level.atom,
  minus: false,
});

// @__NO_SIDE_EFFECTS__
function between(text: string, tex: string): Writer {
  return ([a, b], form) => ({
    written: `${inProduct(a, form, true)} ${form === "tex" ? tex : text} ${inProduct(b, form, false)}`,
    level: level.product,
    minus: a.minus,
  });
}

/** What max-pooling sends back goes to where the largest entries were. */
const scatterAdd: Writer = (operands, form, attributes) => {
  const [places, updates] = operands;
  if (places.op === "maxPoolIndices") return functionOf("unpool", String.raw`\operatorname{unpool}`)([updates], form, {});
  return functionOf("scatterAdd", String.raw`\operatorname{scatterAdd}`)(operands, form, attributes);
};

const writers: Readonly<Record<string, Writer>> = {
  add,
  sub,
  neg,
  mul,
  div,
  matmul,
  square: ([a], form) => power(a, 2, form),
  power: ([a], form, { exponent }) => power(a, Number(exponent), form),
  pow,
  transpose,
  reshape,
  cast,
  broadcast: asOperand,
  alias: asOperand,
  stopGradient: asOperand,
  barrier: asOperand,
  abs,
  convolution: between("∗", String.raw`\ast`),
  convolutionInputGradient: between("∗ᵀ", String.raw`\mathbin{\ast^{\top}}`),
  convolutionFilterGradient: between("⋆", String.raw`\star`),
  scatterAdd,
  maxPool: functionOf("maxPool", String.raw`\operatorname{maxPool}`),
  sqrt: ([a], form) => sqrtOf(a, form),
  rsqrt: ([a], form) => div([one, { ...sqrtOf(a, form), rank: a.rank }], form, {}),
  exp: ([a], form) =>
    form === "tex"
      ? { written: `e^{${a.written}}`, level: level.power, minus: false }
      : { written: `exp(${a.written})`, level: level.atom, minus: false },
  expm1: ([a], form) => sub([{ ...writers.exp([a], form, {}), rank: a.rank }, one], form, {}),
  log: functionOf("log", String.raw`\log`),
  log1p: ([a], form) => ({
    written: `${form === "tex" ? String.raw`\log` : "log"}${bracketed(`1 + ${inSum(a, form, false)}`, form)}`,
    level: level.atom,
    minus: false,
  }),
  logistic: functionOf("σ", String.raw`\sigma`),
  normalCdf: functionOf("Φ", String.raw`\Phi`),
  maximum: functionOf("max", String.raw`\max`),
  minimum: functionOf("min", String.raw`\min`),
  floor: functionOf("floor", String.raw`\operatorname{floor}`),
  ceil: functionOf("ceil", String.raw`\operatorname{ceil}`),
  less: relation("<", "<"),
  lessEqual: relation("≤", String.raw`\le`),
  greater: relation(">", ">"),
  greaterEqual: relation("≥", String.raw`\ge`),
  equal: relation("==", "="),
  notEqual: relation("≠", String.raw`\ne`),
  where: ([condition, yes, no], form) => choice(condition, yes.written, no.written, form),
  sum: reduction("sum", String.raw`\sum`),
  prod: reduction("prod", String.raw`\prod`),
  mean: reduction("mean", String.raw`\operatorname{mean}`),
  reduceMax: reduction("max", String.raw`\max`),
  reduceMin: reduction("min", String.raw`\min`),
  norm: reduction("norm", String.raw`\operatorname{norm}`),
  variance: reduction("variance", String.raw`\operatorname{Var}`),
  standardDeviation: reduction("std", String.raw`\operatorname{std}`),
  relu: functionOf("ReLU", String.raw`\operatorname{ReLU}`),
  leakyRelu: functionOf("leakyReLU", String.raw`\operatorname{leakyReLU}`, "slope"),
  elu: functionOf("ELU", String.raw`\operatorname{ELU}`, "alpha"),
  softplus: functionOf("softplus", String.raw`\operatorname{softplus}`),
  silu: functionOf("SiLU", String.raw`\operatorname{SiLU}`),
  gelu: functionOf("GELU", String.raw`\operatorname{GELU}`),
  mish: functionOf("mish", String.raw`\operatorname{mish}`),
  hardThreshold: functionOf("step", String.raw`\operatorname{step}`),
};

const one: Operand = { written: "1", level: level.atom, minus: false, rank: 0, constant: 1 };

function sqrtOf(a: Piece, form: Form): Piece {
  return form === "tex"
    ? { written: String.raw`\sqrt{${a.written}}`, level: level.atom, minus: false }
    : { written: `√(${a.written})`, level: level.atom, minus: false };
}
