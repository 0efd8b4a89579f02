// The backward pass over quantities: each use of a quantity contributes to its error signal what the derivative rules of the operations in
// between make of the error signal of the quantity that uses it.

import { isFloat } from "../graph/dtype.ts";
import { type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import { substitute, withInputs } from "../graph/rewrite.ts";
import { parameter } from "../graph/structural.ts";
import { add } from "../ops/arithmetic.ts";
import { pullback } from "../ops/autodiff.ts";
import type { Formula, Name, Quantity } from "./explanation.ts";
import { factorOf, number, sumOf } from "./formula.ts";
import { contributionName, gradientName } from "./naming.ts";
import { type Leaves, type Prepared, prepare } from "./prepare.ts";
import { isUnseen, segments } from "./segments.ts";
import { fixedOf, type Named, type Subject } from "./trace-quantities.ts";
import type { Fixed } from "./whole.ts";

/** One quantity between those that it is made of and its own error signal, with a stand-in for every use of each. */
export interface Link {
  readonly of: Quantity;
  /** The quantity over the stand-ins. */
  readonly body: Node;
  readonly uses: readonly Use[];
  /** Its error signal. */
  readonly cotangent: Node;
  /** Nodes of the body and what they are in the function. */
  readonly origins: ReadonlyMap<Node, Node>;
}

export interface Use {
  readonly standIn: Node;
  readonly quantity: Quantity;
  /** What it contributes; undefined where no derivative leads there. */
  readonly pulled: Node | undefined;
}

export interface PreparedContribution {
  readonly name: Name;
  readonly through: string;
  readonly local: Formula;
  readonly prepared: Prepared;
}

export interface PreparedBackward {
  readonly of: string;
  /** Parts of formulas that have names of their own, worked out before. */
  readonly helpers: readonly Prepared[];
  readonly contributions: readonly PreparedContribution[];
  /** The sum over the uses; with one use, that contribution. */
  readonly total: Prepared;
}

export interface Backward {
  readonly steps: readonly PreparedBackward[];
  readonly links: readonly Link[];
  /** Error signals, contributions and helpers, as they come up. */
  readonly quantities: readonly Quantity[];
  /** Nodes of the forward pass that backward formulas need again and that had no name. */
  readonly reused: ReadonlySet<Node>;
}

/** Uses of one quantity in another that are told apart; beyond that they are taken together. */
const mostUses = 3;

/** Backward steps from the loss to the leaves in `wrt`, in reverse topological order. `call` gives names that are not taken. */
export function backwardOf(subject: Subject, loss: Named, wrt: ReadonlySet<string>, call: (wanted: string) => Name): Backward {
  const { leaves, constants, computed } = subject;
  const named = new Map<Node, Quantity>([...leaves, ...constants, ...computed].map(({ node, quantity }) => [node, quantity]));
  const active = activeQuantities(computed, named, wrt);
  const quantities: Quantity[] = [];
  const steps: PreparedBackward[] = [];
  const links: Link[] = [];
  const received = new Map<string, { contributions: PreparedContribution[]; helpers: Prepared[] }>();
  const lossName = loss.quantity.name;
  const helped = new Set<Prepared>();
  const reused = new Set<Node>();
  const fixed = fixedOf(subject);
  const nameById = new Map([...named.values()].map(({ name }) => [name.id, name]));

  const finish = (quantity: Quantity) => {
    const gathered = received.get(quantity.name.id);
    if (!gathered) return;
    const name = gradientName(quantity.name, lossName);
    quantities.push(signal(name, quantity, `error signal of ${quantity.name.text}`));
    const helpers = [...new Set(gathered.helpers)].filter((helper) => !helped.has(helper));
    for (const helper of helpers) helped.add(helper);
    if (gathered.contributions.length > 1) {
      for (const { through, name: part } of gathered.contributions) {
        const user = nameById.get(through) ?? quantity.name;
        quantities.push(signal(part, quantity, `what ${user.text} passes on to ${quantity.name.text}`));
      }
    }
    steps.push({
      of: quantity.name.id,
      contributions: gathered.contributions,
      helpers,
      total: totalOf(name.id, quantity, gathered.contributions),
    });
  };
  const lastUses = new Map<string, number>();
  computed.forEach(({ node }, at) => {
    for (const leaf of leavesWithin(node, named)) {
      const { id } = (named.get(leaf) as Quantity).name;
      if (!lastUses.has(id)) lastUses.set(id, at);
    }
  });

  for (let at = computed.length - 1; at >= 0; at--) {
    const { node, quantity } = computed[at];
    const { id } = quantity.name;
    const isLoss = quantity === loss.quantity;
    if (!isLoss) finish(quantity);
    if ((isLoss || received.has(id)) && active.has(id)) {
      const link = linkOf(node, quantity, named, active);
      links.push(link);
      receive(isLoss ? withoutFactorOne(link) : link, isLoss, { call, lossName, quantities, received, reused, fixed });
    }
    for (const leaf of leaves) if (lastUses.get(leaf.quantity.name.id) === at) finish(leaf.quantity);
  }
  return { steps, links, quantities, reused };
}

function signal(name: Name, { shape, path }: Quantity, meaning: string): Quantity {
  return { name, role: "error signal", shape, dtype: "float64", meaning, path };
}

/** The nodes with names that a node is made of. */
function leavesWithin(node: Node, named: ReadonlyMap<Node, Quantity>): Set<Node> {
  const stops = { has: (n: Node) => n !== node && named.has(n) };
  return new Set(topologicalOrder([node], stops).flatMap((n) => n.inputs.filter((x) => stops.has(x))));
}

/** Quantities that depend on those in `wrt`. */
function activeQuantities(computed: readonly Named[], named: ReadonlyMap<Node, Quantity>, wrt: ReadonlySet<string>): Set<string> {
  const active = new Set(wrt);
  for (const { node, quantity } of computed) {
    if (!isFloat(quantity.dtype)) continue;
    for (const leaf of leavesWithin(node, named)) {
      if (active.has((named.get(leaf) as Quantity).name.id)) active.add(quantity.name.id);
    }
  }
  return active;
}

/** The quantity rebuilt over stand-ins, and its derivative rules applied. */
function linkOf(node: Node, of: Quantity, named: ReadonlyMap<Node, Quantity>, active: ReadonlySet<string>): Link {
  const isLeaf = (n: Node) => n !== node && named.has(n);
  const order = topologicalOrder([node], { has: isLeaf });
  const counts = new Map<Node, number>();
  for (const inner of order) for (const x of inner.inputs) if (isLeaf(x)) counts.set(x, (counts.get(x) ?? 0) + 1);
  const uses: { standIn: Node; quantity: Quantity }[] = [];
  const shared = new Map<Node, Node>();
  const standInFor = (leaf: Node): Node => {
    const known = shared.get(leaf);
    if (known) return known;
    const quantity = named.get(leaf) as Quantity;
    const standIn = parameter(typeOf(leaf), quantity.name.id);
    uses.push({ standIn, quantity });
    if ((counts.get(leaf) ?? 0) > mostUses || !active.has(quantity.name.id)) shared.set(leaf, standIn);
    return standIn;
  };
  const rebuilt = new Map<Node, Node>();
  for (const inner of order) {
    rebuilt.set(
      inner,
      withInputs(
        inner,
        inner.inputs.map((x) => (isLeaf(x) ? standInFor(x) : (rebuilt.get(x) as Node))),
      ),
    );
  }
  const body = rebuilt.get(node) as Node;
  const cotangent = parameter(typeOf(node), "g");
  const targets = uses.filter(({ quantity }) => active.has(quantity.name.id) && isFloat(quantity.dtype));
  const pulled = pullback(
    [body],
    [cotangent],
    targets.map(({ standIn }) => standIn),
  );
  const results = new Map(targets.map(({ standIn }, i) => [standIn, pulled[i]]));
  const origins = new Map([...rebuilt].map(([original, copy]) => [copy, original]));
  return { of, body, cotangent, origins, uses: uses.map((use) => ({ ...use, pulled: results.get(use.standIn) })) };
}

/** The link of the loss, whose own error signal is 1. */
function withoutFactorOne(link: Link): Link {
  const { cotangent, uses } = link;
  const drop = (node: Node) => {
    const [a, b] = node.inputs;
    return node.op.name !== "mul" ? undefined : a === cotangent ? b : b === cotangent ? a : undefined;
  };
  const replacements = new Map<Node, Node>();
  return {
    ...link,
    uses: uses.map((use) => ({ ...use, pulled: use.pulled && substitute([use.pulled], replacements, drop)[0] })),
  };
}

interface Receiving {
  readonly call: (wanted: string) => Name;
  readonly lossName: Name;
  readonly quantities: Quantity[];
  readonly reused: Set<Node>;
  readonly fixed: Fixed;
  readonly received: Map<string, { contributions: PreparedContribution[]; helpers: Prepared[] }>;
}

/** Hands the contributions of a link to the quantities that it uses. */
function receive(link: Link, isLoss: boolean, { call, lossName, quantities, received, reused, fixed }: Receiving): void {
  const { of, body, cotangent, uses } = link;
  const own = gradientName(of.name, lossName).id;
  const leaves = new Map<Node, string | number>(uses.map(({ standIn, quantity }) => [standIn, quantity.name.id]));
  leaves.set(body, of.name.id);
  leaves.set(cotangent, isLoss ? 1 : own);
  const present = uses.flatMap(({ quantity, pulled }) => (pulled ? [{ quantity, pulled }] : []));
  const outputs = present.map(({ pulled }) => pulled);
  const helpers: Prepared[] = [];
  for (const node of segments(outputs, leaves)) {
    if (outputs.includes(node)) continue;
    for (const original of worthNaming(node, link)) reused.add(original);
    const name = call("s");
    quantities.push({
      name,
      role: "intermediate",
      shape: node.shape,
      dtype: node.dtype,
      meaning: "part of a formula",
      path: of.path,
    });
    helpers.push(prepare(name.id, node, leaves, "computed", fixed));
    leaves.set(node, name.id);
  }
  for (const { quantity, pulled } of present) {
    const { id } = quantity.name;
    const slot = received.get(id) ?? { contributions: [], helpers: [] };
    received.set(id, slot);
    const before = slot.contributions.filter(({ through }) => through === of.name.id).length;
    const name = contributionName(gradientName(quantity.name, lossName), of.name, before);
    const prepared = prepare(name.id, pulled, leaves, "copied", fixed);
    slot.contributions.push({
      name,
      through: of.name.id,
      local: isLoss ? prepared.whole : factorOf(prepared.whole, own),
      prepared,
    });
    slot.helpers.push(...helpers);
  }
}

/**
 * What to name in the forward pass instead of a part of a backward formula: that part, if it is one of the forward formula; else what
 * the forward formula's last operation is applied to, whose error signal the part is most likely.
 */
function worthNaming(node: Node, { body, origins, uses }: Link): Node[] {
  const itself = origins.get(node);
  if (itself) return [itself];
  const standIns = new Set(uses.map(({ standIn }) => standIn));
  const inner = (x: Node): Node => (x.inputs.length === 1 && isUnseen(x) ? inner(x.inputs[0]) : x);
  const operands = inner(body)
    .inputs.map(inner)
    .filter((x) => !standIns.has(x) && isFloat(x.dtype) && !isMerelyMoved(x, standIns));
  return operands.flatMap((x) => origins.get(x) ?? []);
}

const movers = new Set(["slice", "transpose", "reshape", "broadcast", "flip", "gather", "pad", "concat"]);

/** Whether a node is a part of a quantity in another place, which is no news. */
function isMerelyMoved(node: Node, standIns: ReadonlySet<Node>): boolean {
  return standIns.has(node) || (movers.has(node.op.name) && isMerelyMoved(node.inputs[0], standIns));
}

/** The sum of contributions, each a quantity; a single one is the error signal itself. */
function totalOf(id: string, { shape }: Quantity, contributions: readonly PreparedContribution[]): Prepared {
  const [first] = contributions;
  if (contributions.length === 1) return { ...first.prepared, id };
  const parts = contributions.map(({ prepared }) => ({ id: prepared.id, node: parameter({ shape, dtype: "float64" }) }));
  const whole = sumOf(parts.map((part) => ({ kind: "quantity", id: part.id }) as const));
  const total = parts.map(({ node }) => node).reduce(add);
  const leaves: Leaves = new Map(parts.map((part) => [part.node, part.id]));
  return { ...prepare(id, total, leaves, "computed"), whole: contributions.length === 0 ? number(0) : whole };
}
