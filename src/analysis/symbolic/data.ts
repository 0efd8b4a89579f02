// Expressions as JSON: a list of nodes, operands first, so that what occurs twice is written once. Exact numbers are texts.

import { GradusError } from "../../graph/errors.ts";
import { format, parseRational } from "../../numeric/exact/rational.ts";
import type { JsonData } from "../certificate.ts";
import { linear, product } from "./expression.ts";
import { phi, piecewise } from "./functions.ts";
import { constant, type Expression, type FunctionName, pi, type Store, variable } from "./store.ts";
import { apply, inOrder } from "./traverse.ts";

/** More than this is not worth sending. */
const mostNodes = 600;

const functionNames: ReadonlySet<string> = new Set(
  "exp log sin cos asin acos atan asinh acosh atanh erf normcdf abs sign max min".split(" "),
);

/** The expressions as data; undefined where they are too large. */
export function expressionData(roots: readonly Expression[]): { readonly [key: string]: JsonData } | undefined {
  const order = inOrder(roots);
  if (order.length > mostNodes) return undefined;
  const place = new Map(order.map((e, i) => [e, i]));
  const at = (e: Expression) => place.get(e) as number;
  const nodes = order.map((e): JsonData => {
    switch (e.kind) {
      case "rational":
        return ["number", format(e.value)];
      case "pi":
        return ["pi"];
      case "variable":
        return ["variable", e.index];
      case "sum":
        return ["sum", format(e.constant), ...e.terms.map((t) => [format(t.coefficient), at(t.term)])];
      case "product":
        return ["product", ...e.factors.map((f) => [at(f.base), format(f.exponent)])];
      case "function":
        return [e.name, ...e.operands.map(at)];
      case "phi":
        return ["phi", e.order, at(e.operand)];
      case "piecewise":
        return ["if", e.strict, at(e.test), at(e.then), at(e.otherwise)];
    }
  });
  return { nodes, roots: roots.map(at) };
}

/** What `expressionData` wrote; undefined for anything else. */
export function expressionsOf(data: JsonData | undefined, store: Store): readonly Expression[] | undefined {
  try {
    const { nodes, roots } = data as { nodes: readonly (readonly JsonData[])[]; roots: readonly number[] };
    const made: Expression[] = [];
    const at = (i: JsonData | undefined): Expression => {
      const e = typeof i === "number" ? made[i] : undefined;
      if (!e) throw new TypeError(`there is no node ${String(i)}`);
      return e;
    };
    for (const [kind, ...rest] of nodes) made.push(ofNode(kind as string, rest, at, store));
    return roots.map(at);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof GradusError) return undefined;
    throw error;
  }
}

function ofNode(kind: string, rest: readonly JsonData[], at: (i: JsonData | undefined) => Expression, store: Store): Expression {
  const pairs = rest as readonly (readonly [JsonData, JsonData])[];
  switch (kind) {
    case "number":
      return constant(store, parseRational(rest[0] as string));
    case "pi":
      return pi(store);
    case "variable": {
      const [index] = rest;
      if (typeof index !== "number" || !store.domain.box[index]) throw new TypeError(`there is no variable ${String(index)}`);
      return variable(store, index);
    }
    case "sum":
      return linear(
        store,
        parseRational(rest[0] as string),
        pairs.slice(1).map(([c, i]) => [parseRational(c as string), at(i)] as const),
      );
    case "product":
      return product(
        store,
        pairs.map(([i, exponent]) => ({ base: at(i), exponent: parseRational(exponent as string) })),
      );
    case "phi":
      return phi(rest[0] as number, at(rest[1]));
    case "if":
      return piecewise(at(rest[1]), rest[0] === true, at(rest[2]), at(rest[3]));
    default:
      if (!functionNames.has(kind)) throw new TypeError(`there is no function ${kind}`);
      return apply(kind as FunctionName, rest.map(at));
  }
}
