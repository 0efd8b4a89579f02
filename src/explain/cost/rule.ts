// The rule of thumb that a pass forward takes one multiply-add for each weight and a pass backward two, held against what is counted: for
// each weight whether it is met, and where it is not, why.

import { type Node, topologicalOrder } from "../../graph/node.ts";
import { type Shape, sizeOf } from "../../graph/shape.ts";
import type { Passes } from "../../ops/passes.ts";
import { bodiesOf, type Origin, productsOf, traceOrigins, type Use } from "./origins.ts";

/** A tensor that is learned, or could be. */
export interface Weight {
  readonly name: string;
  readonly node: Node;
  readonly frozen: boolean;
}

/** What the passes take for one tensor of weights. */
export interface WeightCost {
  /** As "layers[0].weight". */
  readonly name: string;
  readonly shape: Shape;
  readonly weights: number;
  readonly frozen: boolean;
  /** Multiply-adds of all examples with it as an operand in the forward pass. */
  readonly forward: number;
  /** … for its own gradient. */
  readonly ownGradient: number;
  /** … for taking the error signal back through it. */
  readonly errorSignal: number;
  /** Per weight and example: 1 and 2 where the rule is met. */
  readonly perWeight: { readonly forward: number; readonly backward: number };
  readonly met: boolean;
  /** Why not, in sentences; empty where it is met. */
  readonly reasons: readonly string[];
}

export interface Rule {
  /** Examples in the batch: the rule speaks of one. */
  readonly examples: number;
  readonly tensors: readonly WeightCost[];
  /** Multiply-adds in which no weight takes part, as those between queries and keys. */
  readonly betweenActivations: { readonly forward: number; readonly backward: number };
}

export function ruleOf(
  passes: Passes,
  weights: readonly Weight[],
  gradients: readonly (Node | undefined)[],
  examples: number,
): Rule {
  const origins = new Map<Node, Origin>(weights.map(({ node }, i) => [node, { weights: new Set([i]), data: false }]));
  const forward: Use[] = [];
  const backward: Use[] = [];
  traceOrigins(passes.forward, origins, (use) => forward.push(use));
  traceOrigins(passes.backward, origins, (use) => backward.push(use));
  const withWeight = new Map<Node, ReadonlySet<number>>([...forward, ...backward].map(({ node, weights: w }) => [node, w]));
  const users = usersOf(passes.forward);
  let owned = 0;
  const tensors = weights.map((weight, i): WeightCost => {
    const uses = forward.filter((use) => use.weights.has(i));
    const size = sizeOf(weight.node.shape);
    const counts = {
      forward: total(uses),
      // What no product goes into (a bias, a table) has a gradient that is made by sums alone.
      ownGradient:
        uses.length === 0 || gradients[i] === undefined
          ? 0
          : productsOf(gradients[i], (node) => withWeight.get(node)?.has(i) === false),
      errorSignal: total(backward.filter((use) => use.weights.has(i))),
    };
    owned += counts.ownGradient;
    const each = size * examples;
    const perWeight = {
      forward: counts.forward / each,
      backward: (counts.ownGradient + counts.errorSignal) / each,
    };
    const met = size === 0 || (perWeight.forward === 1 && perWeight.backward === 2);
    const reasons = met ? [] : reasonsFor({ weight, uses, users, counts, each, examples, reached: gradients[i] !== undefined });
    return {
      name: weight.name,
      shape: weight.node.shape,
      weights: size,
      frozen: weight.frozen,
      ...counts,
      perWeight,
      met,
      reasons,
    };
  });
  const unowned = (uses: readonly Use[]) => total(uses.filter((use) => use.weights.size === 0));
  return {
    examples,
    tensors,
    betweenActivations: { forward: unowned(forward), backward: Math.max(0, unowned(backward) - owned) },
  };
}

const total = (uses: readonly Use[]) => uses.reduce((n, { multiplyAdds }) => n + multiplyAdds, 0);

function usersOf(nodes: readonly Node[]): Map<Node, Node[]> {
  const users = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const known = users.get(input);
      if (known) known.push(node);
      else users.set(input, [node]);
    }
  }
  return users;
}

interface Case {
  readonly weight: Weight;
  readonly uses: readonly Use[];
  readonly users: ReadonlyMap<Node, readonly Node[]>;
  readonly counts: Pick<WeightCost, "forward" | "ownGradient" | "errorSignal">;
  /** Weights times examples. */
  readonly each: number;
  readonly examples: number;
  /** Whether it has a gradient. */
  readonly reached: boolean;
}

function reasonsFor(given: Case): string[] {
  const { weight, uses, users, counts, each, reached } = given;
  if (uses.length === 0) return [withoutProducts(weight, users)];
  const reasons: string[] = [];
  if (counts.forward !== each) reasons.push(whyNotOne(given));
  if (weight.frozen) reasons.push("it is frozen: no gradient of its own is asked for");
  else if (!reached) reasons.push("no gradient reaches it");
  if (counts.errorSignal === 0 && (reached || weight.frozen)) {
    reasons.push(
      "nothing before it is learned, so no error signal is taken back through it: a layer's input needs no gradient where it is data",
    );
  } else if (counts.errorSignal < counts.forward && reached) {
    reasons.push(
      `the error signal is taken back through ${share(counts.errorSignal, counts.forward)} of its uses only: the rest of what it multiplies is data`,
    );
  }
  if (reached && !weight.frozen && counts.ownGradient !== counts.forward) {
    reasons.push(`its own gradient takes ${ratio(counts.ownGradient / counts.forward)} multiply-adds for each one forward`);
  }
  if (counts.errorSignal > counts.forward) {
    reasons.push(
      `taking the error signal back takes ${ratio(counts.errorSignal / counts.forward)} multiply-adds for each one forward`,
    );
  }
  return reasons;
}

const ratio = (x: number) => String(Number(x.toPrecision(4)));
const share = (part: number, whole: number) => `${ratio((100 * part) / whole)} %`;

/** Operations between a weight and where its values are used. */
const passing = new Set([
  "reshape",
  "transpose",
  "broadcast",
  "slice",
  "cast",
  "alias",
  "pad",
  "flip",
  "concat",
  "pick",
  "stopGradient",
]);

/** Names of the operations that use a value, seen through arrangements of it and into loops. */
function usedBy(node: Node, users: ReadonlyMap<Node, readonly Node[]>): Set<string> {
  const names = new Set<string>();
  const add = (more: Iterable<string>) => {
    for (const name of more) names.add(name);
  };
  for (const user of users.get(node) ?? []) {
    const bodies = bodiesOf(user);
    for (const { graph, given } of bodies) {
      const within = usersOf(topologicalOrder(graph.outputs));
      graph.parameters.forEach((p, i) => {
        if (given[i] === node) add(usedBy(p, within));
      });
    }
    if (bodies.length > 0) continue;
    add(passing.has(user.op.name) ? usedBy(user, users) : [user.op.name]);
  }
  return names;
}

function withoutProducts({ node }: Weight, users: ReadonlyMap<Node, readonly Node[]>): string {
  const names = usedBy(node, users);
  const only = (...expected: readonly string[]) => [...names].every((name) => expected.includes(name));
  if (names.size === 0) return "the output does not depend on it";
  if (only("add", "sub")) return "it is added (a bias): additions, no multiply-adds; its gradient is a sum of error signals";
  if (only("gather", "dynamicSlice")) {
    return "rows of it are looked up (an embedding): nothing is multiplied; backward the rows' error signals are added up";
  }
  if (only("mul", "div", "add", "sub")) {
    return "it scales element by element: multiplications alone, counted as elementary operations";
  }
  return `it goes into ${[...names].join(", ")}, where no multiply-adds are counted with it as a factor`;
}

/** Why a weight does not meet each example once. */
function whyNotOne({ uses, counts, each, examples }: Case): string {
  const times = counts.forward / each;
  const counted = `${ratio(times)} multiply-adds per weight and example`;
  const rounds = Math.max(...uses.map((use) => use.rounds));
  if (rounds > 1) return `it is shared over time: a loop uses it in each of ${rounds} steps (${counted})`;
  if (uses.length > 1) return `it is used in ${uses.length} products (${counted})`;
  const [{ node }] = uses;
  if (node.op.name === "convolution") {
    const positions = node.shape.slice(1, -1);
    return `a convolution uses each weight at every position of its output: ${positions.join("·")} (${counted}, those on padding included)`;
  }
  if (node.op.name.startsWith("convolution")) return `a convolution uses each weight at every position (${counted})`;
  const ofWeights = uses.some((use) => use.weights.size > 1);
  if (ofWeights) return `it is multiplied with other weights before it meets an example (${counted})`;
  if (node.op.name === "matmul") {
    return times < 1
      ? `it meets fewer rows than there are examples (${counted})`
      : `it is used at ${ratio(times)} positions of each of ${examples === 1 ? "one example" : `${examples} examples`}, as at every step of a sequence (${counted})`;
  }
  return `${node.op.name} takes ${counted}`;
}
