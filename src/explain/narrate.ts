// Telling the worked example: the quantities of a subject worked out iteration after iteration, exactly and, where asked for, rounded at
// every line.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { sizeOf, stridesOf } from "../graph/shape.ts";
import type { Optimizer } from "../optim/index.ts";
import { type Backward, backwardOf, type PreparedBackward } from "./backward.ts";
import { checkLink, type Finding } from "./check-rules.ts";
import { scalarOperations } from "./compositions.ts";
import type { BackwardStep, Difference, Explanation, Iteration, Name, Quantity, Shown, Step } from "./explanation.ts";
import { nameFrom } from "./naming.ts";
import { advance, carried, type Manner, type Prepared, prepare, shown, type Tracks, work } from "./prepare.ts";
import { roundTo } from "./rounding.ts";
import { type Second, secondOf } from "./second.ts";
import { fixedOf, type Leaf, type Subject } from "./trace-quantities.ts";
import { tensorOf, type Updates, updatesOf } from "./updates.ts";

export interface Telling {
  readonly iterations: number;
  readonly digits: number;
  readonly order: 1 | 2;
  readonly rounding: "exact" | "by hand";
  readonly optimizer: Optimizer | undefined;
  /** Arguments that derivatives go to. */
  readonly learned: readonly number[];
  readonly trees: readonly unknown[];
  readonly entries: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** After how many updates the table has a row. */
  readonly after: readonly number[];
  readonly columns: readonly string[];
}

/** Quantities up to this size are worked out whole; where there are larger ones than `large`, only up to `fewEnough`. */
const smallEnough = 16;
const fewEnough = 3;
const large = 64;
/** Terms of a sum that are written; of longer ones the largest few. */
const mostTerms = 8;
/** Largest outputs that the table shows. */
const widest = 4;

interface Plan {
  readonly forward: readonly Prepared[];
  readonly backward: Backward | undefined;
  readonly updates: Updates | undefined;
  readonly second: Second | undefined;
}

/** The explanation of a subject, which is made with the nodes that are to be quantities besides those that have names. */
export function narrate(subjectWith: (further: ReadonlySet<Node>) => Subject, telling: Telling): Explanation {
  const further = new Set<Node>();
  for (;;) {
    const subject = subjectWith(further);
    const plan = planOf(subject, telling, namesBesides(subject));
    // What the backward pass needs again is named in the forward pass, and then derivatives are taken through it.
    const missing = [...(plan.backward?.reused ?? [])].filter((node) => !further.has(node));
    if (missing.length === 0) return tell(subject, plan, telling);
    for (const node of missing) further.add(node);
  }
}

/** Names that no quantity of the subject has. */
function namesBesides({ leaves, constants, computed }: Subject): (wanted: string) => Name {
  const ids = new Set([...leaves, ...constants, ...computed].map(({ quantity }) => quantity.name.id));
  return (wanted) => {
    let id = wanted;
    for (let k = 2; ids.has(id); k++)
      id = /\d$/.test(wanted) ? `${wanted.replace(/\d+$/, "")}${Number(/\d+$/.exec(wanted)?.[0]) + k - 1}` : `${wanted}${k}`;
    ids.add(id);
    return nameFrom(id);
  };
}

function tell(subject: Subject, plan: Plan, telling: Telling): Explanation {
  const { leaves, constants, computed } = subject;
  const quantities: Quantity[] = [
    ...[...leaves, ...constants, ...computed].map(({ quantity }) => quantity),
    ...(plan.backward?.quantities ?? []),
    ...(plan.second?.quantities ?? []),
    ...(plan.updates?.quantities ?? []),
  ];
  checkEntries(telling, quantities);
  const byHand = telling.rounding === "by hand";
  const digits = byHand ? telling.digits : undefined;
  const exact: Tracks["exact"] = new Map();
  const tracks: Tracks = { exact, carried: byHand ? new Map() : exact };
  for (const { quantity, value } of [...leaves, ...constants]) put(tracks, quantity.name.id, value, digits);
  for (const [id, value] of plan.updates?.start ?? []) put(tracks, id, value, digits);
  const given = [...tracks.carried].map(([quantity, value]) => ({ quantity, value: shown(value) }));

  const isLarge = [...leaves, ...computed].some(({ quantity }) => sizeOf(quantity.shape) > large);
  const manner: Manner = {
    digits,
    operations: scalarOperations(),
    mostTerms,
    picked: (id, value) => pickedEntries(telling.entries[id], value, isLarge ? fewEnough : smallEnough),
  };
  const columns = columnsOf(subject, telling, quantities);
  const rows: number[][] = [];
  const iterations: Iteration[] = [];
  const findings: Finding[] = [];
  const last = Math.max(telling.iterations, ...telling.after.map((k) => k + 1));
  for (let number = 1; number <= last; number++) {
    const worked = number <= telling.iterations;
    const workOut = (prepared: Prepared): Step | undefined => {
      if (worked) return work(prepared, tracks, manner);
      advance(prepared, tracks, digits);
      return undefined;
    };
    const forward = plan.forward.map(workOut);
    const wantsRow = telling.after.includes(number - 1);
    if (wantsRow) rows.push([number - 1, ...columns.map(({ id, flat }) => tracks.carried.get(id)?.data[flat] ?? Number.NaN)]);
    const isLast = number === last;
    if (isLast && !worked) break;
    const backward = plan.backward?.steps.flatMap((step) => tellBackward(step, workOut)) ?? [];
    if (number === 1) findings.push(...(plan.backward?.links ?? []).flatMap((link) => check(link, tracks)));
    const second = worked ? (plan.second?.steps.map(workOut) ?? []) : [];
    const before = new Map(tracks.carried);
    const updates = plan.updates?.steps.map(workOut) ?? [];
    if (!worked) continue;
    const loss = subject.loss?.quantity.name.id;
    iterations.push({
      number,
      forward: forward as Step[],
      loss: loss === undefined ? { value: Number.NaN, exact: Number.NaN } : lossOf(loss, tracks),
      backward: (backward as BackwardStep[]).map((step) => ({
        ...step,
        disagreements:
          number === 1 ? findings.filter((f) => f.of === step.of && step.quantity.startsWith("grad_")).map(bare) : [],
      })),
      second: second as Step[],
      updates: updates as Step[],
      summary: summaryOf(subject, plan, tracks, before),
    });
  }
  return {
    title: subject.title,
    order: telling.order,
    digits: telling.digits,
    rounding: telling.rounding,
    quantities,
    given,
    iterations,
    table: { columns: ["updates", ...columns.map(({ title }) => title)], rows },
    differences: byHand ? differencesOf(iterations, telling.digits) : [],
    notes: notesOf(subject, telling, plan, findings, iterations),
  };
}

function planOf(subject: Subject, { learned, optimizer, trees, order }: Telling, call: (wanted: string) => Name): Plan {
  const { leaves, constants, computed, loss } = subject;
  const all = new Map([...leaves, ...constants, ...computed].map(({ node, quantity }) => [node, quantity.name.id] as const));
  const fixed = fixedOf(subject);
  const forward = computed.map(({ node, quantity }) => {
    return prepare(quantity.name.id, node, new Map([...all].filter(([n]) => n !== node)), "computed", fixed);
  });
  if (!loss) {
    if (optimizer) fail("derivative", "explain: an optimizer needs a function that returns one scalar, its objective.");
    return { forward, backward: undefined, updates: undefined, second: undefined };
  }
  const own = leaves.filter(({ argument, node }) => learned.includes(argument) && isFloat(node.dtype));
  const wrt = new Set(own.map(({ quantity }) => quantity.name.id));
  const backward = backwardOf(subject, loss, wrt, call);
  const updates = optimizer && updatesFor(subject, optimizer, own, learned, trees, call);
  if (order === 1) return { forward, backward, updates, second: undefined };
  const known = [...[...leaves, ...constants, ...computed].map(({ quantity }) => quantity), ...backward.quantities];
  const quantities = new Map(known.map((quantity) => [quantity.name.id, quantity]));
  const targets = own.map(({ quantity }) => quantity);
  const second = secondOf({ forward, backward: backward.steps, wrt: targets, loss, quantities, fixed, call });
  return { forward, backward, updates, second };
}

/** The learned arguments as one tree, of their values here. */
function updatesFor(
  subject: Subject,
  optimizer: Optimizer,
  own: readonly Leaf[],
  learned: readonly number[],
  trees: readonly unknown[],
  call: (wanted: string) => Name,
): Updates {
  if (own.length === 0 || trees.length === 0) fail("argument", "explain: no argument that is learned holds a float tensor.");
  const built = learned.map((argument) => {
    const parts = subject.leaves.filter((leaf) => leaf.argument === argument);
    return subject.structures[argument].build(parts.map(({ value }) => tensorOf(value)));
  });
  const loss = (subject.loss as NonNullable<Subject["loss"]>).quantity.name;
  return updatesOf(optimizer, built.length === 1 ? built[0] : built, own, loss, call);
}

function put({ exact, carried: byHand }: Tracks, id: string, value: Dense, digits: number | undefined): void {
  exact.set(id, value);
  if (byHand !== exact) byHand.set(id, carried(value, digits));
}

function tellBackward(step: PreparedBackward, tell: (prepared: Prepared) => Step | undefined): (BackwardStep | undefined)[] {
  const { of, helpers, contributions, total } = step;
  const asBackward = (told: Step | undefined): BackwardStep | undefined =>
    told && { ...told, of, contributions: [], disagreements: [] };
  const before = helpers.map((helper) => asBackward(tell(helper)));
  const several = contributions.length > 1;
  const parts = several ? contributions.map((c) => tell(c.prepared)) : [];
  const sum = tell(total);
  return [
    ...before,
    sum && {
      ...sum,
      of,
      disagreements: [],
      contributions: contributions.map(({ through, local }, i) => {
        const { quantity, formula, lines, value } = parts[i] ?? sum;
        return { quantity, through, local, formula, lines, value };
      }),
    },
  ];
}

const check = (link: Backward["links"][number], { exact }: Tracks): Finding[] =>
  checkLink(link, exact, exact.get(`grad_${link.of.name.id}`));

const bare = ({ op, index, byRule, byDifference, kink }: Finding) => ({ op, index, byRule, byDifference, kink });

const lossOf = (id: string, tracks: Tracks) => ({
  value: tracks.carried.get(id)?.data[0] ?? Number.NaN,
  exact: tracks.exact.get(id)?.data[0] ?? Number.NaN,
});

function pickedEntries(
  wanted: readonly (readonly number[])[] | undefined,
  { shape, data }: Dense,
  most: number,
): readonly number[] {
  if (wanted !== undefined) {
    const strides = stridesOf(shape);
    return wanted.map((index) => index.reduce((at, i, axis) => at + i * strides[axis], 0));
  }
  if (data.length <= most) return Array.from(data.keys());
  let largest = 0;
  for (let i = 1; i < data.length; i++) if (Math.abs(data[i]) > Math.abs(data[largest])) largest = i;
  return [largest];
}

function checkEntries({ entries }: Telling, quantities: readonly Quantity[]): void {
  const known = new Map(quantities.map((q) => [q.name.id, q]));
  for (const [id, list] of Object.entries(entries)) {
    const quantity = known.get(id);
    if (!quantity)
      fail("argument", `explain: there is no quantity "${id}" to pick entries of; there are ${[...known.keys()].join(", ")}.`);
    for (const index of list) {
      const fits = index.length === quantity.shape.length && index.every((i, axis) => i >= 0 && i < quantity.shape[axis]);
      if (!fits)
        fail(
          "argument",
          `explain: ${id} of shape [${quantity.shape.join(", ")}] has no entry ${id}[${index.map((i) => i + 1)}] (counted from 1; [${index.join(", ")}] counted from 0).`,
        );
    }
  }
}

interface Column {
  readonly title: string;
  readonly id: string;
  readonly flat: number;
}

/** The loss, small outputs, and what was asked for. */
function columnsOf(subject: Subject, { columns }: Telling, quantities: readonly Quantity[]): Column[] {
  const known = new Map(quantities.map((q) => [q.name.id, q]));
  const of = (quantity: Quantity): Column[] => {
    const { name, shape } = quantity;
    const size = sizeOf(shape);
    const strides = stridesOf(shape);
    const entry = (flat: number) => strides.map((stride, axis) => (Math.floor(flat / stride) % shape[axis]) + 1).join(",");
    return Array.from({ length: size }, (_, flat) => ({
      title: size === 1 ? name.text : `${name.text}[${entry(flat)}]`,
      id: name.id,
      flat,
    }));
  };
  const shownByItself = subject.computed.filter(({ quantity }) => quantity.role === "output" || quantity.name.id === "y");
  const own = [subject.loss, ...shownByItself].flatMap((named) =>
    named && sizeOf(named.quantity.shape) <= widest ? of(named.quantity) : [],
  );
  const asked = columns.flatMap((text) => {
    const [, id, index] = /^([^[]+)(?:\[([\d,\s]+)\])?$/.exec(text) ?? [];
    const quantity = known.get(id ?? "");
    if (!quantity)
      return fail("argument", `explain: there is no quantity "${text}" for a column; there are ${[...known.keys()].join(", ")}.`);
    if (index === undefined) return of(quantity);
    const at = index.split(",").map((i) => Number(i) - 1);
    const column = of(quantity)[at.reduce((flat, i, axis) => flat + i * (stridesOf(quantity.shape)[axis] ?? Number.NaN), 0)];
    return (
      column ??
      fail("argument", `explain: ${id} of shape [${quantity.shape.join(", ")}] has no entry [${index}] (counted from 1).`)
    );
  });
  return [...own, ...asked];
}

function summaryOf(
  subject: Subject,
  { backward, updates }: Plan,
  tracks: Tracks,
  before: ReadonlyMap<string, Dense>,
): Record<string, number> {
  const loss = subject.loss?.quantity.name.id;
  const summary: Record<string, number> = {};
  if (loss !== undefined) summary.loss = tracks.carried.get(loss)?.data[0] ?? Number.NaN;
  const leaves = subject.leaves.map(({ quantity }) => quantity.name.id);
  let squares = 0;
  for (const { of, total } of backward?.steps ?? []) {
    if (!leaves.includes(of)) continue;
    for (const v of tracks.carried.get(total.id)?.data ?? []) squares += v * v;
  }
  if (backward) summary["norm of the gradient"] = Math.sqrt(squares);
  if (updates) {
    let largest = 0;
    for (const id of leaves) {
      const [old, now] = [before.get(id)?.data, tracks.carried.get(id)?.data];
      if (old && now && old !== now) for (let i = 0; i < now.length; i++) largest = Math.max(largest, Math.abs(now[i] - old[i]));
    }
    summary["largest change"] = largest;
  }
  return summary;
}

/** Per quantity and iteration, the first line whose digits working by hand changes. */
function differencesOf(iterations: readonly Iteration[], digits: number): Difference[] {
  const result: Difference[] = [];
  for (const { number, forward, backward, second, updates } of iterations) {
    for (const { quantity, lines } of [...forward, ...backward, ...second, ...updates]) {
      const line = lines.find(({ value, exact }) => roundTo(value, digits) !== roundTo(exact, digits));
      if (line) result.push({ iteration: number, quantity, index: line.index, byHand: line.value, exact: line.exact });
    }
  }
  return result;
}

function notesOf(
  subject: Subject,
  telling: Telling,
  plan: Plan,
  findings: readonly Finding[],
  iterations: readonly Iteration[],
): string[] {
  const notes = [...new Set(findings.map(({ message }) => message))];
  if (!subject.loss) notes.push("The function does not return one scalar, so there is no backward pass.");
  const [first] = iterations;
  const names = new Map(subject.computed.map(({ quantity }) => [quantity.name.id, quantity.name.text]));
  for (const { quantity, lines, value } of first?.forward ?? []) {
    if (lines.length === 0 && sizeOf(value.shape) > 0)
      notes.push(`${names.get(quantity) ?? quantity} has no formula entry by entry and is shown as a whole.`);
  }
  const broken = iterations
    .flatMap(({ number, forward }) => forward.map(({ quantity, value }) => ({ number, quantity, value })))
    .find(({ value }) => !isFinite(value));
  if (broken) {
    const text = names.get(broken.quantity) ?? broken.quantity;
    notes.push(
      `${text} is not finite in iteration ${broken.number}: its formula has no finite value at these numbers, and what follows from it says nothing.`,
    );
  }
  const unreached = subject.leaves.filter(
    ({ argument, quantity, node }) =>
      telling.learned.includes(argument) &&
      isFloat(node.dtype) &&
      !plan.backward?.steps.some(({ of }) => of === quantity.name.id),
  );
  if (subject.loss) {
    for (const { quantity } of unreached) notes.push(`Nothing depends smoothly on ${quantity.name.text}: its error signal is 0.`);
  }
  return notes;
}

const isFinite = ({ entries, summary }: Shown): boolean => entries?.every(Number.isFinite) ?? (summary?.notFinite ?? 0) === 0;
