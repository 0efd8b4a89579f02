// A module is a function f(x; w) with a description: `init` makes fresh parameters, `apply` computes. Parameters and state are plain
// trees of tensors; a module holds none, so the same module can be trained twice, certified, exported and drawn.

import type { FloatDType } from "../graph/dtype.ts";
import { fail, GradusError } from "../graph/errors.ts";
import { modulePath, withPath } from "../graph/node.ts";
import { formatShape, type Shape, sameShape } from "../graph/shape.ts";
import * as random from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { type Context, inference, type State } from "./context.ts";
import type { Initializer } from "./initializers.ts";
import type { Input } from "./shapes.ts";

/** What is learned: a plain tree of tensors. Of a linear module { weight, bias }, of a sequence { layers: [ … ] }. */
export type Parameters = Tree<Tensor>;

export interface Initialized {
  readonly parameters: Parameters;
  readonly state: State;
}

/** Input and output shapes are type parameters, unknown by default: linear(784, 128) maps [..., 784] to [..., 128]. */
export interface Module<out I extends Shape = Shape, out O extends Shape = Shape> {
  /** "linear", "sequential" … */
  readonly kind: string;
  /** What it was made with; plain data, but for functions given by the user. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Parts, each with its place in the tree of parameters: ["layers[0]", linear]. */
  readonly children?: readonly (readonly [path: string, module: Module])[];
  /** "shape": the output has the shape of the input. "channels": it has its last axis. */
  readonly keeps?: "shape" | "channels";
  /** Fresh parameters and state, the same for the same key. float32 unless said. */
  init(key: Tensor, dtype?: FloatDType): Initialized;
  /**
   * f(x; w). Without a context: inference, no randomness. Throws a shape error that names the layer, what it expects and what it got.
   */
  apply<S extends Shape>(parameters: Parameters, x: Input<S, I>, context?: Context): Tensor<O>;
}

/** A module whose output has the shape of its input, whatever that is. */
export type ShapePreserving = Module & { readonly keeps: "shape" };

/** A module of input shape I and output shape O whose output has as many channels (last axis) as its input. */
export type ChannelPreserving<I extends Shape, O extends Shape> = Module<I, O> & { readonly keeps: "channels" };

/** A tensor that a module owns: its shape and how it starts. */
export interface Weight {
  readonly shape: Shape;
  readonly initializer: Initializer;
}

/** How a module without parts is defined. P are its parameters, by name. */
export interface LeafDefinition<P extends string, Q extends string = never, R extends string = never> {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly keeps?: "shape" | "channels";
  readonly parameters?: Readonly<Record<P, Weight>> & Readonly<Partial<Record<Q, Weight>>>;
  readonly state?: Readonly<Record<R, Weight>>;
  /** The output, given the module's own parameters. */
  apply(parameters: Owned<P, Q>, x: Tensor, context: Context): Tensor;
}

/** Tensors by name; those named Q may be absent. */
export type Owned<P extends string, Q extends string> = Readonly<Record<P, Tensor>> & Readonly<Partial<Record<Q, Tensor>>>;

/** Called with what each leaf module was given and returned; see observe. */
export type Observer = (application: {
  readonly module: Pick<Module, "kind" | "options">;
  readonly path: string;
  readonly parameters: Parameters;
  readonly input: Tensor;
  readonly output: Tensor;
}) => void;

let observer: Observer | undefined;

/** Runs `body`, telling `listener` of every module without parts that is applied in it, in order. */
export function observe<T>(listener: Observer, body: () => T): T {
  const outer = observer;
  observer = listener;
  try {
    return body();
  } finally {
    observer = outer;
  }
}

/** `body` run under a segment of the module path, which errors then name. */
export function located<T>(segment: string, body: () => T): T {
  return withPath(segment, () => {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof GradusError) || error.message.startsWith("in ")) throw error;
      throw new GradusError(error.code, `in ${modulePath()}: ${error.message}`, { cause: error });
    }
  });
}

/** `count` keys from one. */
export function splitKey(key: Tensor, count: number): Tensor[] {
  return count === 0 ? [] : random.split(key, count);
}

function initialize(
  weights: Readonly<Record<string, Weight | undefined>>,
  key: Tensor,
  dtype: FloatDType,
): Record<string, Tensor> {
  const present = Object.entries(weights).filter((entry): entry is [string, Weight] => entry[1] !== undefined);
  const keys = splitKey(key, present.length);
  return Object.fromEntries(present.map(([name, w], i) => [name, w.initializer(keys[i], w.shape, dtype)]));
}

/** Throws unless `given` holds the tensors of `expected`. */
function check(kind: string, what: string, expected: Readonly<Record<string, Weight | undefined>>, given: unknown): void {
  for (const [name, weight] of Object.entries(expected)) {
    if (weight === undefined) continue;
    const tensor = given === undefined || given === null ? undefined : (given as Record<string, unknown>)[name];
    if (!(tensor instanceof Tensor)) {
      fail(
        "argument",
        `${kind}: its ${what} has no tensor "${name}" ${formatShape(weight.shape)}. Pass what init of the same model returned` +
          (what === "state" ? ", as in inference({ state })." : "."),
      );
    }
    if (!sameShape(tensor.shape, weight.shape)) {
      fail("shape", `${kind}: "${name}" of its ${what} must be ${formatShape(weight.shape)}, got ${formatShape(tensor.shape)}.`);
    }
  }
}

/** A module without parts. Its nodes carry its kind at the end of their path; its parameters and state are checked before use. */
export function leaf<
  I extends Shape,
  O extends Shape,
  P extends string = never,
  Q extends string = never,
  R extends string = never,
>(definition: LeafDefinition<P, Q, R>): Module<I, O> {
  const { kind, options, keeps } = definition;
  const weights: Readonly<Record<string, Weight | undefined>> = definition.parameters ?? {};
  const stateful: Readonly<Record<string, Weight | undefined>> = definition.state ?? {};
  const usesState = Object.keys(stateful).length > 0;
  return {
    kind,
    options,
    ...(keeps ? { keeps } : {}),
    init: (key, dtype = "float32") => ({ parameters: initialize(weights, key, dtype), state: initialize(stateful, key, dtype) }),
    apply: (parameters, x, context = inference()) =>
      located(kind, () => {
        if (!(x instanceof Tensor)) fail("argument", `${kind}: expects a tensor, got ${typeof x}. Make one with tensor(…).`);
        check(kind, "parameters", weights, parameters);
        if (usesState) check(kind, "state", stateful, context.state);
        const y = definition.apply(parameters as Owned<P, Q>, x, context);
        observer?.({ module: { kind, options }, path: modulePath(), parameters, input: x, output: y });
        return y as Tensor<O>;
      }),
  };
}

/** Applies a part of a module: its parameters, state and path are those at `field` (at its entry `index`, for lists). */
export function applyChild(
  module: Module,
  parameters: Parameters,
  x: Tensor,
  context: Context,
  field: string,
  index?: number,
): Tensor {
  const segment = index === undefined ? field : `${field}[${index}]`;
  const part = (parameters as { readonly [key: string]: Parameters } | undefined)?.[field];
  const own = index === undefined ? part : (part as readonly Parameters[] | undefined)?.[index];
  if (own === undefined) {
    fail(
      "argument",
      `the parameters have no ${segment} for ${module.kind}. Pass the parameters that init of the same model returned.`,
    );
  }
  return withPath(segment, () => module.apply(own, x, context.child(field, index)));
}

/** Parameters and state of a list of parts, each from a key of its own. */
export function initAll(
  modules: readonly Module[],
  key: Tensor,
  dtype: FloatDType,
): { parameters: Parameters[]; state: State[] } {
  const keys = splitKey(key, modules.length);
  const parts = modules.map((m, i) => m.init(keys[i], dtype));
  return { parameters: parts.map((p) => p.parameters), state: parts.map((p) => p.state) };
}

/** Throws a shape error unless the last axis of x has `size` features, and says what would help. */
export function expectLast(call: string, x: Tensor, size: number, advice = ""): void {
  if (x.rank >= 1 && x.shape[x.rank - 1] === size) return;
  const remedy =
    advice ||
    (x.rank > 2 && x.shape.slice(1).reduce((a, b) => a * b, 1) === size
      ? `put nn.flatten() before it`
      : `its last axis must have ${size} features`);
  fail("shape", `${call} expects [..., ${size}] (last axis: features), got ${formatShape(x.shape)}: ${remedy}.`);
}
