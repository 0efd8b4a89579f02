// Derivatives of functions: reverse mode (grad, vjp), forward mode (jvp) and what is made of them (hvp, jacobian, hessian, Gauss-Newton).
// All nest to any order, because derivatives are graph.

import { allocate, type DType, isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Node, typeOf } from "../graph/node.ts";
import { formatShape, sameShape, sizeOf } from "../graph/shape.ts";
import { constant, parameter, scalar } from "../graph/structural.ts";
import { pullback, pushforward, zerosOf } from "../ops/autodiff.ts";
import { batchOutputs } from "../ops/batching.ts";
import { broadcastTo, reshape } from "../ops/shape.ts";
import { callable, describe, named } from "../tensor/operands.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leavesLike, type Structure } from "../tensor/tree.ts";
import { asTree, type Loose, resolve, scalarOutput, type Trace, trace } from "./trace.ts";

/** What a derivative with respect to an argument looks like: the argument's form (a number counts as a scalar tensor). */
export type Gradient<T> = Exclude<T, number>;

/** The form of R with the form of X in place of each tensor. */
export type Jacobian<R, X> = R extends Tensor
  ? X extends Tensor
    ? Tensor
    : { [K in keyof X]: Jacobian<R, X[K]> }
  : { [K in keyof R]: Jacobian<R[K], X> };

export interface GradOptions<N extends number = number> {
  /** Which argument to differentiate with respect to; the first when omitted. */
  readonly argument?: N;
}

function ones(node: Node): Node {
  return broadcastTo(scalar(1, node.dtype), node.shape);
}

/** Throws unless the argument's tensors are floats. */
function requireFloats(operation: string, { formals, arguments: [{ structure }] }: Trace): void {
  formals.nodes.forEach((node, i) => {
    if (isFloat(node.dtype)) return;
    fail(
      "dtype",
      `${operation}: ${structure.paths[i] || "the argument"} is ${node.dtype}; derivatives are with respect to float32 or float64. Cast it, or pass it as another argument.`,
    );
  });
}

/** The options of a function that returns [value, aux] and is differentiated through its value. */
export interface AuxOptions<N extends number = number> extends GradOptions<N> {
  readonly aux: true;
}

/**
 * f and ∇f at once. Returns { value, gradient }; the gradient has the form of the argument. The function must return one scalar; with
 * { aux: true } it returns [scalar, aux], and the result has the tree `aux` (predictions, the next state of a model) besides.
 */
export function valueAndGrad<A extends unknown[], X, N extends number = 0>(
  f: (...args: A) => readonly [value: Tensor, aux: X],
  options: AuxOptions<N>,
): (...args: Loose<A, N>) => { readonly value: Tensor<readonly []>; readonly gradient: Gradient<A[N]>; readonly aux: X };
export function valueAndGrad<A extends unknown[], N extends number = 0>(
  f: (...args: A) => Tensor,
  options?: GradOptions<N>,
): (...args: Loose<A, N>) => { readonly value: Tensor<readonly []>; readonly gradient: Gradient<A[N]> };
export function valueAndGrad(f: (...args: never[]) => unknown, options?: AnyOptions): (...args: never[]) => unknown {
  const differentiated = derivativeOf(f, options);
  return (...args) => {
    const { value, gradient, output } = differentiated(args);
    return output === undefined ? { value, gradient } : { value, gradient, aux: output[1] };
  };
}

/**
 * ∇f with respect to one argument, in the form of that argument. The function must return one scalar; with { aux: true } it returns
 * [scalar, aux], and the result is { gradient, aux }.
 */
export function grad<A extends unknown[], X, N extends number = 0>(
  f: (...args: A) => readonly [value: Tensor, aux: X],
  options: AuxOptions<N>,
): (...args: Loose<A, N>) => { readonly gradient: Gradient<A[N]>; readonly aux: X };
export function grad<A extends unknown[], N extends number = 0>(
  f: (...args: A) => Tensor,
  options?: GradOptions<N>,
): (...args: Loose<A, N>) => Gradient<A[N]>;
export function grad(f: (...args: never[]) => unknown, options?: AnyOptions): (...args: never[]) => unknown {
  const differentiated = derivativeOf(f, options);
  return (...args) => {
    const { gradient, output } = differentiated(args);
    return output === undefined ? gradient : { gradient, aux: output[1] };
  };
}

type AnyOptions = GradOptions & { readonly aux?: boolean };

/** Value and gradient of f at arguments; with `aux` also what f returned, [value, aux]. */
function derivativeOf(f: (...args: never[]) => unknown, options: AnyOptions = {}) {
  callable("grad", "the first argument", f);
  const { argument = 0, aux = false } = named("grad", options);
  return (args: readonly unknown[]) => {
    const traced = trace<never[]>("grad", f, args, [argument]);
    requireFloats("grad", traced);
    const { formals, arguments: parts, output } = traced;
    const value = scalarOutput("grad", output, aux);
    const pulled = pullback([value], [ones(value)], formals.nodes);
    const gradients = formals.nodes.map((n, i) => pulled[i] ?? zerosOf(typeOf(n)));
    const others = output.leaves.slice(1).map((t) => t.node);
    const [scalar, ...results] = resolve([reshape(value, []), ...gradients, ...others], formals);
    const rest = results.splice(gradients.length);
    return {
      value: scalar,
      gradient: parts[0].structure.build(results),
      output: aux ? (output.structure.build([scalar, ...rest]) as readonly [Tensor, unknown]) : undefined,
    };
  };
}

/** f(args) and the map from a cotangent of the output (in its form) to cotangents of the arguments: u ↦ uᵀJ. */
export function vjp<A extends unknown[], R>(
  f: (...args: A) => R,
  ...args: Loose<A>
): {
  readonly value: R;
  /** u ↦ uᵀJ. */
  readonly pullback: (cotangent: unknown) => A;
} {
  const { formals, arguments: parts, output } = trace("vjp", f, args);
  const value = output.structure.build(
    resolve(
      output.leaves.map((t) => t.node),
      formals,
    ),
  ) as R;
  return {
    value,
    pullback: (cotangent) => {
      const cotangents = matching("vjp: the cotangent", cotangent, output.structure, output.leaves);
      const pulled = pullback(
        output.leaves.map((t) => t.node),
        cotangents,
        formals.nodes,
      );
      const results = resolve(
        formals.nodes.map((n, i) => pulled[i] ?? zerosOf(typeOf(n))),
        formals,
      );
      return parts.map(({ from, structure }) => structure.build(results.slice(from, from + structure.leaves))) as A;
    },
  };
}

/** The leaves of `tree` as nodes of the types of `like`; `what` names the tree in errors. */
function matching(
  what: string,
  tree: unknown,
  structure: Structure,
  like: readonly { readonly shape: readonly number[]; readonly dtype: DType }[],
): Node[] {
  return leavesLike(`${what} must have the form of what it belongs to`, asTree(tree), structure).map((leaf, i) => {
    if (!sameShape(leaf.shape, like[i].shape)) {
      fail(
        "shape",
        `${what} has shape ${formatShape(leaf.shape)}${structure.paths[i] && ` at ${structure.paths[i]}`}, expected ${formatShape(like[i].shape)}.`,
      );
    }
    return (leaf.dtype === like[i].dtype ? leaf : leaf.cast(like[i].dtype)).node;
  });
}

/**
 * f(args) and its derivative in the direction `tangents` (one tree per argument, null for an argument that stays): J·t, by forward
 * mode. Throws when a tangent differs in form or shape from its argument.
 */
export function jvp<A extends unknown[], R>(
  f: (...args: A) => R,
  args: Loose<A>,
  tangents: readonly unknown[],
): { readonly value: R; readonly tangent: R } {
  if (!Array.isArray(args))
    fail("argument", `jvp: the arguments must be an array, got ${describe(args)}. Write jvp(f, [x], [v]).`);
  const { formals, arguments: parts, output } = trace("jvp", f, args);
  if (!Array.isArray(tangents) || tangents.length !== args.length) {
    const got = Array.isArray(tangents) ? `${tangents.length}` : describe(tangents);
    fail(
      "argument",
      `jvp: the tangents must be an array with one per argument (${args.length}), got ${got}. Write jvp(f, [x], [v]).`,
    );
  }
  const given = parts.flatMap(({ from, structure }, i) => {
    const own = formals.nodes.slice(from, from + structure.leaves);
    if (tangents[i] === null) return own.map(() => undefined);
    return matching(`jvp: the tangent of argument ${i}`, tangents[i], structure, own);
  });
  const nodes = output.leaves.map((t) => t.node);
  const pushed = pushforward(nodes, formals.nodes, given);
  const results = resolve([...nodes, ...nodes.map((n, i) => pushed[i] ?? zerosOf(typeOf(n)))], formals);
  return {
    value: output.structure.build(results.slice(0, nodes.length)) as R,
    tangent: output.structure.build(results.slice(nodes.length)) as R,
  };
}

/** Hessian-vector product ∇²f(x)·v by forward over reverse; x and v are trees of one form. */
export function hvp<T>(f: (x: T) => Tensor, x: T, v: T): T {
  return jvp<[T], T>((y) => grad<[T]>(f)(y) as T, [x], [v]).tangent;
}

/** Product with the Gauss-Newton matrix, Jᵀ·∇²ℓ·J·v, for loss(model(x)): J of the model, ∇²ℓ of the loss at the model's output. */
export function gaussNewton<T, Y>(model: (x: T) => Y, loss: (y: Y) => Tensor, x: T, v: T): T {
  const { value, tangent } = jvp<[T], Y>(model, [x], [v]);
  const curved = hvp<Y>(loss, value, tangent);
  return vjp<[T], Y>(model, x).pullback(curved)[0];
}

/**
 * The Jacobian of `f` with respect to one argument: for every output leaf [m…] and argument leaf [n…] a tensor [m…, n…], in the form
 * of the output with the form of the argument inside. Reverse mode, one batched pullback per output leaf.
 */
export function jacobian<A extends unknown[], R, N extends number = 0>(
  f: (...args: A) => R,
  options: GradOptions<N> = {},
): (...args: Loose<A, N>) => Jacobian<R, Gradient<A[N]>> {
  callable("jacobian", "the first argument", f);
  named("jacobian", options);
  return (...args) => {
    const traced = trace("jacobian", f, args, [options.argument ?? 0]);
    requireFloats("jacobian", traced);
    const { formals, arguments: parts, output } = traced;
    if (output.leaves.length === 0) fail("derivative", "jacobian: the function returns no tensor.");
    const rows = output.leaves.map(({ node }) => {
      if (!isFloat(node.dtype)) fail("dtype", `jacobian: the function returns ${node.dtype}, which does not vary smoothly.`);
      return jacobianOf(node, formals.nodes);
    });
    const flat = resolve(rows.flat(), formals);
    const perOutput = rows.map((_, i) =>
      parts[0].structure.build(flat.slice(i * formals.nodes.length, (i + 1) * formals.nodes.length)),
    );
    return output.structure.build(perOutput) as Jacobian<R, Gradient<A[N]>>;
  };
}

/** ∂output/∂wrt as nodes of shape [...output, ...wrt]: the pullback, batched over the unit cotangents. */
function jacobianOf(output: Node, wrt: readonly Node[]): Node[] {
  const size = sizeOf(output.shape);
  // A stand-in for one cotangent, replaced by the rows of the identity.
  const cotangent = parameter(typeOf(output), "u");
  const pulled = pullback([output], [cotangent], wrt);
  const basis = identityRows(size, output);
  const reached = pulled.filter((p) => p !== undefined);
  const rows = batchOutputs(reached, new Map([[cotangent, basis]]), new Map(), size);
  let next = 0;
  return wrt.map((n, i) => {
    const shape = [...output.shape, ...n.shape];
    return pulled[i] ? reshape(rows[next++], shape) : zerosOf({ shape, dtype: n.dtype });
  });
}

/** The unit vectors of the space of `like`, stacked: [size, ...shape]. */
function identityRows(size: number, like: Node): Node {
  const data = allocate(like.dtype, size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return constant(data, [size, ...like.shape], like.dtype);
}

/** ∇²f: for argument leaves [n…] and [k…] a tensor [n…, k…], in the form of the argument within the form of the argument. */
export function hessian<A extends unknown[], N extends number = 0>(
  f: (...args: A) => Tensor,
  options: GradOptions<N> = {},
): (...args: Loose<A, N>) => Jacobian<Gradient<A[N]>, Gradient<A[N]>> {
  callable("hessian", "the first argument", f);
  return jacobian<A, Gradient<A[N]>, N>((...args) => grad<A, N>(f, options)(...(args as Loose<A, N>)), options);
}
