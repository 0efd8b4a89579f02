// What users give to operations, checked where it comes in: tensors, numbers, shapes, axes, dtypes. The errors say which operation got
// what, and what to write instead.

import { bytesPerElement, type DType, isFloat, promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import type { Shape } from "../graph/shape.ts";
import { scalar } from "../graph/structural.ts";
import { Tensor } from "./tensor.ts";

/** What operations accept for a tensor: numbers and booleans stand for scalars of the other operand's dtype. */
export type TensorLike = Tensor | number | boolean;

/** A value in words, for errors. */
export function describe(x: unknown): string {
  switch (typeof x) {
    case "number":
      return `the number ${x}`;
    case "string":
      return `the string ${JSON.stringify(x.length > 40 ? `${x.slice(0, 40)}…` : x)}`;
    case "function":
      return "a function";
    case "object":
      break;
    default:
      return String(x);
  }
  if (x === null) return "null";
  if (Array.isArray(x)) return "an array";
  if (x instanceof Tensor) return `a tensor of ${x.dtype}[${x.shape.join(", ")}]`;
  const name: unknown = Object.getPrototypeOf(x)?.constructor?.name;
  if (typeof name === "string" && name !== "" && name !== "Object") return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
  const keys = Object.keys(x);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 4).join(", ")}${keys.length > 4 ? ", …" : ""}`;
}

function remedy(x: unknown): string {
  if (typeof x === "number" || typeof x === "boolean") return `Write tensor(${x}).`;
  if (Array.isArray(x) && x.some((v) => v instanceof Tensor)) return "Join tensors with stack() or concat().";
  if (Array.isArray(x)) return "Make a tensor of it with tensor([…]).";
  if (ArrayBuffer.isView(x)) return "Make a tensor of it with tensor(data, { shape }).";
  if (x instanceof Promise) return "Await it first.";
  if (typeof x === "function") return "Call it first, and give its result.";
  return "Make tensors with tensor(…), zeros(…) and the like.";
}

/** The node of a tensor. */
export function nodeOf(operation: string, x: unknown): Node {
  return x instanceof Tensor ? x.node : fail("argument", `${operation}: expects a tensor, got ${describe(x)}. ${remedy(x)}`);
}

export function nodesOf(operation: string, xs: unknown): Node[] {
  if (!Array.isArray(xs)) fail("argument", `${operation}: expects an array of tensors, got ${describe(xs)}. Write [a, b].`);
  return Array.from(xs as readonly unknown[], (x) => nodeOf(operation, x));
}

const fitsInt32 = (x: number) => x === (x | 0);

/** The node of an operand. A number takes dtype `like` where that can hold it, else float32; a boolean is 0 or 1. */
export function operand(operation: string, x: unknown, like: DType = "float32"): Node {
  if (x instanceof Tensor) return x.node;
  if (typeof x === "number") return scalar(x, isFloat(like) || (like === "int32" && fitsInt32(x)) ? like : "float32");
  if (typeof x === "boolean") return scalar(x ? 1 : 0, like);
  return fail("argument", `${operation}: expects a tensor or a number, got ${describe(x)}. ${remedy(x)}`);
}

/** The dtype numbers take beside these operands: that of the widest tensor among them. */
export function commonDType(operands: readonly unknown[]): DType | undefined {
  let widest: DType | undefined;
  for (const x of operands) if (x instanceof Tensor) widest = widest === undefined ? x.dtype : promote(widest, x.dtype);
  return widest;
}

/** The nodes of operands that are combined: numbers take the dtype of the tensors beside them. */
export function operands(operation: string, xs: readonly unknown[]): Node[] {
  const like = commonDType(xs) ?? "float32";
  return xs.map((x) => operand(operation, x, like));
}

export function number(operation: string, name: string, value: unknown): number {
  return typeof value === "number" ? value : fail("argument", `${operation}: ${name} must be a number, got ${describe(value)}.`);
}

/** A whole number of at least `lowest`. */
export function integer(operation: string, name: string, value: unknown, lowest = Number.NEGATIVE_INFINITY): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= lowest) return value;
  const wanted = Number.isFinite(lowest) ? `a whole number ≥ ${lowest}` : "a whole number";
  return fail("argument", `${operation}: ${name} must be ${wanted}, got ${describe(value)}.`);
}

/** A list of whole numbers, where undefined entries are allowed if `gaps`. */
export function integers(operation: string, name: string, value: unknown): number[];
export function integers(operation: string, name: string, value: unknown, gaps: true): (number | undefined)[];
export function integers(operation: string, name: string, value: unknown, gaps = false): (number | undefined)[] {
  if (!Array.isArray(value)) fail("argument", `${operation}: ${name} must be an array of whole numbers, got ${describe(value)}.`);
  return Array.from(value as readonly unknown[], (v, i) =>
    gaps && v === undefined ? undefined : integer(operation, `${name}[${i}]`, v),
  );
}

/** One whole number or several, as axes or window sizes are given. */
export function integerOrList<T>(operation: string, name: string, value: T): T {
  if (typeof value === "number") integer(operation, name, value);
  else if (value !== undefined) integers(operation, name, value);
  return value;
}

/** A shape, copied; with `inferred`, one dimension may be -1. */
export function dimensions(operation: string, shape: unknown, inferred = false): Shape {
  const lowest = inferred ? -1 : 0;
  if (!Array.isArray(shape) || !Array.from(shape).every((d) => Number.isInteger(d) && d >= lowest)) {
    const got = Array.isArray(shape)
      ? `[${shape.map((d) => (typeof d === "number" ? d : describe(d))).join(", ")}]`
      : describe(shape);
    fail("shape", `${operation}: a shape is an array of whole numbers ≥ 0${inferred ? " (or one -1)" : ""}, got ${got}.`);
  }
  return [...(shape as readonly number[])];
}

const dtypes = Object.keys(bytesPerElement);

export function dtype(operation: string, value: unknown): DType {
  if (typeof value === "string" && dtypes.includes(value)) return value as DType;
  return fail("dtype", `${operation}: there is no dtype ${describe(value)}; there are ${dtypes.join(", ")}.`);
}

/** Options by name. Throws for anything else, such as an argument in the wrong place. */
export function named<T extends object>(operation: string, options: T): T {
  const plain =
    typeof options === "object" && options !== null && !Array.isArray(options) && !((options as object) instanceof Tensor);
  return plain
    ? options
    : fail("argument", `${operation}: the options must be an object, as in { name: value }, got ${describe(options)}.`);
}

/** One of a few words. */
export function oneOf(operation: string, name: string, value: unknown, words: readonly string[]): void {
  if (typeof value === "string" && words.includes(value)) return;
  fail("argument", `${operation}: ${name} must be ${words.map((w) => `"${w}"`).join(" or ")}, got ${describe(value)}.`);
}

export function callable(operation: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  const hint = value instanceof Tensor ? " Give the function itself, not its result." : "";
  fail("argument", `${operation}: ${name} must be a function, got ${describe(value)}.${hint}`);
}
