// Quasi-convexity by rules on the graph: a function is quasi-convex where all its sublevel sets {f <= t} are convex. The rules are those of
// disciplined quasiconvex programming (Agrawal & Boyd, Optimization Letters 14, 2020) and of Boyd & Vandenberghe, Convex Optimization, 3.4.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { analysisOf } from "../../ops/analyses.ts";
import type { Proof } from "../certificate.ts";
import { type Composition, callName, type Entry, formulaOf, isAffine, isConstantEntry } from "../composition/index.ts";

export type Quasi = "quasiconvex" | "quasiconcave";
export const opposite = (q: Quasi): Quasi => (q === "quasiconvex" ? "quasiconcave" : "quasiconvex");

/** What the rules prove of a function; nothing where it may be undefined somewhere on the domain. */
export function quasiProofs(of: Composition): Partial<Record<Quasi, Proof>> {
  if (!of.isDefined()) return {};
  const [quasiconvex, quasiconcave] = (["quasiconvex", "quasiconcave"] as const).map((q) => quasiByRules(of, q));
  return { ...(quasiconvex && { quasiconvex }), ...(quasiconcave && { quasiconcave }) };
}

/** A proof that every entry of the composition's output is quasi-convex (or quasi-concave), if the rules give one. */
function quasiByRules(of: Composition, wanted: Quasi): Proof | undefined {
  const known = new Map<Node, Map<Quasi, Proof | undefined>>();
  const prove = (node: Node, q: Quasi): Proof | undefined => {
    let found = known.get(node);
    if (!found) {
      found = new Map();
      known.set(node, found);
    }
    if (!found.has(q)) found.set(q, ruled(node, q, of, prove));
    return found.get(q);
  };
  return prove(of.output, wanted);
}

type Prove = (node: Node, q: Quasi) => Proof | undefined;

const increasingCalls: ReadonlySet<string> = new Set(["softplus", "relu"]);
const passes: ReadonlySet<string> = new Set(["reshape", "broadcast", "cast", "slice", "concat", "transpose", "flip", "gather"]);

function ruled(node: Node, q: Quasi, of: Composition, prove: Prove): Proof | undefined {
  const entries = of.entriesOf(node);
  const convexity = q === "quasiconvex" ? "convex" : "concave";
  const step = (rule: string, premises: readonly (Proof | undefined)[] = []): Proof | undefined =>
    premises.every((p) => p !== undefined)
      ? {
          rule,
          claim: `${formulaOf(node)} is ${q}`,
          ...(premises.length > 0 && { premises: premises.filter((p) => p !== undefined) }),
        }
      : undefined;
  if (entries.every((e) => e[convexity]))
    return step(convexity === "convex" ? "convex functions are quasiconvex" : "concave functions are quasiconcave");
  if (q === "quasiconcave" && entries.every((e) => e.power >= 0)) return step("a root or the logarithm of it is concave");
  const varying = node.inputs.filter((n) => n.symbolic);
  const name = callName(node) ?? node.op.name;
  if (passes.has(name))
    return step(
      "entries of quasiconvex functions".replace("quasiconvex", q),
      varying.map((n) => prove(n, q)),
    );
  if (["reduceMax", "maximum"].includes(name) && q === "quasiconvex") {
    return step(
      "maximum of quasiconvex functions",
      varying.map((n) => prove(n, q)),
    );
  }
  if (["reduceMin", "minimum"].includes(name) && q === "quasiconcave") {
    return step(
      "minimum of quasiconcave functions",
      varying.map((n) => prove(n, q)),
    );
  }
  if (name === "sum" && sizeOf(node.inputs[0].shape) === sizeOf(node.shape))
    return step("sum of one term", [prove(node.inputs[0], q)]);
  if (varying.length === 1) {
    if (increasingCalls.has(name)) return step(`increasing function of a ${q} one`, [prove(varying[0], q)]);
    const direction = directionOf(node, node.inputs.indexOf(varying[0]), of);
    if (direction === 1) return step(`increasing function of a ${q} one`, [prove(varying[0], q)]);
    if (direction === -1) return step(`decreasing function of a ${opposite(q)} one`, [prove(varying[0], opposite(q))]);
    return undefined;
  }
  if (name === "div") return ratio(node, q, of, step);
  return name === "mul" ? product(node, q, of, step) : undefined;
}

/** 1 where the operation increases in one operand, the others being constant; −1 where it decreases. */
function directionOf(node: Node, index: number, of: Composition): 1 | -1 | 0 {
  const analysis = analysisOf(node);
  if (!analysis) return 0;
  const lists = node.inputs.map((n) => of.entriesOf(n));
  let direction: 1 | -1 | 0 | undefined;
  for (let i = 0; i < lists[index].length; i++) {
    const ranges = lists.map((list) => list[list.length === 1 ? 0 : i].range);
    const found = analysis.monotonicity(index, ...ranges);
    if (found === "constant") continue;
    const d = found === "increasing" ? 1 : found === "decreasing" ? -1 : 0;
    if (d === 0 || (direction !== undefined && direction !== d)) return 0;
    direction = d;
  }
  return direction ?? 0;
}

type Step = (rule: string, premises?: readonly (Proof | undefined)[]) => Proof | undefined;

/** {a/b <= t} is {a − tb <= 0} for b > 0: convex where a is convex and −tb is, for every t that a/b can take. */
function ratio(node: Node, q: Quasi, of: Composition, step: Step): Proof | undefined {
  const [a, b] = node.inputs.map((n) => of.entriesOf(n));
  const fits = (x: Entry, y: Entry): boolean => {
    if (!y.positive) return false;
    const [bends, straightens] = q === "quasiconvex" ? (["convex", "concave"] as const) : (["concave", "convex"] as const);
    if (!x[bends]) return false;
    if (isAffine(y)) return true;
    // t has the sign of a: where a >= 0 and b is concave, −tb is convex; where a <= 0 and b is convex as well.
    if (x.range.lower >= 0) return y[straightens];
    return x.range.upper <= 0 && y[bends];
  };
  if (!a.every((x, i) => fits(x, b[i]))) return undefined;
  return step(
    a.every(isAffine) && b.every(isAffine)
      ? "ratio of affine functions, the lower one positive"
      : q === "quasiconvex"
        ? "ratio of a convex function and a positive one that bends the other way"
        : "ratio of a concave function and a positive one that bends the other way",
  );
}

/** A product of nonnegative concave functions is log-concave; so is minus a product of a nonpositive convex and a nonnegative concave one. */
function product(node: Node, q: Quasi, of: Composition, step: Step): Proof | undefined {
  const [a, b] = node.inputs.map((n) => of.entriesOf(n));
  const up = (e: Entry) => e.range.lower >= 0 && (e.concave || e.power >= 0);
  const down = (e: Entry) => e.range.upper <= 0 && e.convex && !isConstantEntry(e);
  const same = (x: Entry, y: Entry) => (up(x) && up(y)) || (down(x) && down(y));
  const mixed = (x: Entry, y: Entry) => (up(x) && down(y)) || (down(x) && up(y));
  const fits = q === "quasiconcave" ? same : mixed;
  return a.every((x, i) => fits(x, b[i])) ? step("product of nonnegative concave functions, up to signs") : undefined;
}
