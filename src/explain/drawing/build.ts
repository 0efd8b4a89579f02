// From a graph to what is drawn of it. Every operation is a box, every use of a value an edge. What only passes a value on (aliases,
// stretching to a shape, the choice of one of several outputs) is no box, and a number that is an operand is written in the box that
// uses it. Modules, named compositions and control flow are groups with their bodies inside.

import { costOf } from "../../graph/cost.ts";
import { type Node, topologicalOrder, typeOf } from "../../graph/node.ts";
import type { TensorType } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, constantData, isCall, isConstant, isParameter, isPick } from "../../graph/structural.ts";
import type { CondAttributes, ScanAttributes, WhileAttributes } from "../../ops/index.ts";
import { notationOf } from "../../ops/notations.ts";
import { count } from "../../train/format.ts";
import { type Traced, typeText } from "../traced.ts";
import type { Box, Diagram, Edge, Group, Value } from "./diagram.ts";
import { type Numbers, numberText, valueFacts, valueText } from "./numbers.ts";

/** What is written beside an edge. */
export type Shown = "shapes" | "values" | "errors" | "multiplyAdds";

export interface BuildOptions {
  readonly title: string;
  readonly show: readonly Shown[];
  readonly values?: Numbers;
  readonly errors?: Numbers;
  /** What the user's code calls values. */
  readonly names?: ReadonlyMap<Node, string>;
  /** The nodes of the backward pass. */
  readonly backward?: ReadonlySet<Node>;
  /** The argument whose leaves are parameters. */
  readonly parameters: number;
}

/** Where a value comes from: a box, or a number that needs none. */
type Source = { readonly box: string; readonly value: number } | { readonly number: string };

/** A graph within the drawing: its sources so far, the group it is in, the module path there, how often it runs. */
interface Scope {
  readonly sources: Map<Node, readonly Source[]>;
  readonly group: string;
  readonly path: string;
  readonly rounds: number;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** What passes its first operand on. */
const passing = new Set(["broadcast", "alias", "barrier"]);

/** The whole drawing of a traced function, unfolded. */
export function buildDiagram(traced: Traced, options: BuildOptions): Diagram {
  const boxes: Draft<Box>[] = [];
  const groups = new Map<string, Draft<Group>>();
  const edges: Edge[] = [];
  const values: Value[] = [];
  const { show, backward = new Set<Node>() } = options;

  const addBox = (box: Omit<Box, "id">): Draft<Box> => {
    const made = { ...box, id: `n${boxes.length}` };
    boxes.push(made);
    return made;
  };
  const addGroup = (group: Omit<Group, "multiplyAdds">): string => {
    if (!groups.has(group.id)) groups.set(group.id, { ...group, multiplyAdds: 0 });
    return group.id;
  };
  const addValue = (node: Node, index: number, type: TensorType, multiplyAdds: number): number => {
    const value = options.values?.get(node)?.[index];
    const error = options.errors?.get(node)?.[index];
    const lines = [
      ...(show.includes("shapes") ? [typeText(type)] : []),
      ...(show.includes("values") && value ? [valueText(value)] : []),
      ...(show.includes("errors") && error ? [`δ ${valueText(error)}`] : []),
      ...(show.includes("multiplyAdds") && multiplyAdds > 0 ? [`${count(multiplyAdds)} mult-adds`] : []),
    ];
    const tip = [
      typeText(type),
      ...(value ? valueFacts("value", value) : []),
      ...(error ? valueFacts("error signal", error) : []),
      ...(multiplyAdds > 0 ? [`${count(multiplyAdds)} multiply-adds`] : []),
    ];
    const name = options.names?.get(node);
    values.push(name === undefined ? { lines, tip } : { lines: named(name, lines, show), tip: [name, ...tip] });
    return values.length - 1;
  };

  /** The group of a module path within a scope. */
  const groupAt = (scope: Scope, path: string, isBackward: boolean): string => {
    const outer = isBackward && scope.group === "" ? addGroup(passGroup()) : scope.group;
    const inside = scope.path === "" ? path : path.startsWith(`${scope.path}.`) ? path.slice(scope.path.length + 1) : "";
    let [group, at] = [outer, scope.path];
    for (const segment of inside === "" ? [] : inside.split(".")) {
      at = at === "" ? segment : `${at}.${segment}`;
      const module = traced.modules.get(at);
      const label = isBackward && scope.group === "" ? `∇ ${segment}` : segment;
      group = addGroup({
        id: `${group}/${segment}`,
        kind: "module",
        label,
        detail: module ? optionsText(module.options) : "",
        parent: group,
        backward: isBackward,
      });
    }
    return group;
  };

  const connect = (source: Source, to: Box, kind: Edge["kind"] = "data"): void => {
    if ("box" in source) edges.push({ from: source.box, to: to.id, value: source.value, kind });
  };
  /** A source as a box: a number gets one of its own. */
  const boxed = (source: Source, node: Node, group: string): Source => {
    if ("box" in source) return source;
    const box = addBox({
      kind: "constant",
      label: source.number,
      detail: "",
      group,
      backward: false,
      type: typeText(node),
      multiplyAdds: 0,
      tip: [],
    });
    return { box: box.id, value: addValue(node, 0, typeOf(node), 0) };
  };
  const operationBox = (
    node: Node,
    label: string,
    detail: string,
    group: string,
    rounds: number,
    multiplyAdds: number,
  ): readonly [Box, readonly Source[]] => {
    const isBackward = backward.has(node);
    const facts = node.outputs.flatMap((type, i) => {
      const [value, error] = [options.values?.get(node)?.[i], options.errors?.get(node)?.[i]];
      return [typeText(type), ...(value ? valueFacts("value", value) : []), ...(error ? valueFacts("error signal", error) : [])];
    });
    const tip = [
      ...facts,
      ...(multiplyAdds > 0 ? [`${count(multiplyAdds)} multiply-adds${rounds > 1 ? ` in ${rounds} rounds` : ""}`] : []),
      ...(node.path === "" ? [] : [`in ${node.path}`]),
    ];
    const box = addBox({
      kind: "operation",
      label,
      detail,
      group,
      backward: isBackward,
      type: node.outputs.map(typeText).join(" "),
      multiplyAdds,
      tip,
    });
    return [box, node.outputs.map((type, i) => ({ box: box.id, value: addValue(node, i, type, i === 0 ? multiplyAdds : 0) }))];
  };

  const drawNodes = (outputs: readonly Node[], scope: Scope): Source[] => {
    for (const node of topologicalOrder(outputs, scope.sources)) scope.sources.set(node, drawNode(node, scope));
    return outputs.map((node) => sourceOf(node, scope));
  };
  const sourceOf = (node: Node, { sources }: Scope): Source => sources.get(node)?.[0] ?? { number: "?" };

  const drawNode = (node: Node, scope: Scope): readonly Source[] => {
    if (isPick(node)) return [scope.sources.get(node.inputs[0])?.[node.attributes.index as number] ?? { number: "?" }];
    if (isConstant(node)) return [drawConstant(node, scope)];
    if (passing.has(node.op.name)) return [sourceOf(node.inputs[0], scope)];
    const operands = node.inputs.map((input) => sourceOf(input, scope));
    const group = groupAt(scope, node.path, backward.has(node));
    if (isCall(node)) return drawCall(node, operands, { ...scope, group });
    if (node.op.name === "scan") return drawScan(node, operands, { ...scope, group });
    if (node.op.name === "while") return drawWhile(node, operands, { ...scope, group });
    if (node.op.name === "cond") return drawCond(node, operands, { ...scope, group });
    const multiplyAdds = costOf(node).multiplyAdds * scope.rounds;
    const [box, sources] = operationBox(node, node.op.name, detailOf(node, operands), group, scope.rounds, multiplyAdds);
    node.inputs.forEach((input, i) => {
      const isKept = backward.has(node) && !backward.has(input) && !isConstant(input) && !isParameter(input);
      connect(operands[i], box, isKept ? "kept" : "data");
    });
    return sources;
  };

  const drawConstant = (node: Node, scope: Scope): Source => {
    const data = constantData(node);
    if (sizeOf(node.shape) === 1) return { number: numberText(data[0]) };
    const box = addBox({
      kind: "constant",
      label: data.every((x) => x === data[0]) ? numberText(data[0]) : "constant",
      detail: "",
      group: scope.group,
      backward: false,
      type: typeText(node),
      multiplyAdds: 0,
      tip: [typeText(node), ...valueFacts("value", { ...typeOf(node), data })],
    });
    return { box: box.id, value: addValue(node, 0, typeOf(node), 0) };
  };

  const within = (kind: Group["kind"], label: string, detail: string, node: Node, scope: Scope, rounds = 1): Scope => {
    const id = `${scope.group}/${label}#${groups.size}`;
    addGroup({ id, kind, label, detail, parent: scope.group, backward: backward.has(node) });
    return { sources: new Map(), group: id, path: node.path, rounds: scope.rounds * rounds };
  };

  const drawCall = (node: Node, operands: readonly Source[], scope: Scope): readonly Source[] => {
    const { name, body, parameters } = callAttributes(node);
    const inner = within("composition", name, optionsText(parameters), node, scope);
    body.parameters.forEach((p, i) => inner.sources.set(p, [operands[i]]));
    return drawNodes(body.outputs, inner).map((source, i) => namedSource(boxed(source, body.outputs[i], inner.group), node, i));
  };
  /** The same box under the type, value and error signal that the node around it has. */
  const namedSource = (source: Source, node: Node, index: number): Source =>
    "box" in source ? { box: source.box, value: addValue(node, index, node.outputs[index], 0) } : source;

  const carried = (formal: Node, label: string, group: string, from: Source): Box => {
    const box = addBox({
      kind: "carried",
      label,
      detail: "",
      group,
      backward: false,
      type: typeText(formal),
      multiplyAdds: 0,
      tip: [typeText(formal)],
    });
    connect(from, box);
    return box;
  };

  const drawScan = (node: Node, operands: readonly Source[], scope: Scope): readonly Source[] => {
    const { body, carries, sequences, length, reverse } = node.attributes as ScanAttributes;
    const inner = within("loop", "scan", `${length} rounds${reverse ? ", backwards" : ""}`, node, scope, length);
    const starts = body.parameters.map((formal, i) => {
      if (i >= carries + sequences) {
        inner.sources.set(formal, [operands[i]]);
        return undefined;
      }
      const label = i < carries ? `carried ${i + 1}` : `slice ${i - carries + 1}`;
      const box = carried(formal, label, inner.group, operands[i]);
      inner.sources.set(formal, [{ box: box.id, value: addValue(formal, 0, typeOf(formal), 0) }]);
      return box;
    });
    const results = drawNodes(body.outputs, inner).map((source, i) => boxed(source, body.outputs[i], inner.group));
    for (let i = 0; i < carries; i++) {
      const start = starts[i];
      if (start) connect(results[i], start, "again");
    }
    return results.map((source, i) => namedSource(source, node, i));
  };

  const drawWhile = (node: Node, operands: readonly Source[], scope: Scope): readonly Source[] => {
    const { condition, body, carries } = node.attributes as WhileAttributes;
    const loop = within("loop", "while", "as long as its condition holds", node, scope);
    const starts = body.parameters
      .slice(0, carries)
      .map((formal, i) => carried(formal, `carried ${i + 1}`, loop.group, operands[i]));
    const bind = (formals: readonly Node[], inner: Scope) => {
      formals.forEach((formal, i) => {
        inner.sources.set(formal, [
          i < carries ? { box: starts[i].id, value: addValue(formal, 0, typeOf(formal), 0) } : operands[i],
        ]);
      });
      return inner;
    };
    const test = bind(condition.parameters, within("branch", "condition", "", node, loop));
    const [holds] = drawNodes(condition.outputs, test);
    connect(
      holds,
      addBox({
        kind: "carried",
        label: "again?",
        detail: "",
        group: test.group,
        backward: false,
        type: "bool[]",
        multiplyAdds: 0,
        tip: [],
      }),
    );
    const round = bind(body.parameters, within("branch", "body", "", node, loop));
    drawNodes(body.outputs, round).forEach((source, i) => {
      connect(boxed(source, body.outputs[i], round.group), starts[i], "again");
    });
    return starts.map(({ id }, i) => ({ box: id, value: addValue(node, i, node.outputs[i], 0) }));
  };

  const drawCond = (node: Node, [predicate, ...operands]: readonly Source[], scope: Scope): readonly Source[] => {
    const { branches } = node.attributes as CondAttributes;
    const choice = within("choice", "cond", "one of two", node, scope);
    const results = branches.map((graph, k) => {
      const inner = within("branch", k === 0 ? "if true" : "if false", "", node, choice);
      graph.parameters.forEach((p, i) => inner.sources.set(p, [operands[i]]));
      return drawNodes(graph.outputs, inner).map((source, i) => boxed(source, graph.outputs[i], inner.group));
    });
    const [box, sources] = operationBox(node, "choose", "", choice.group, scope.rounds, 0);
    for (const source of [predicate, ...results.flat()]) connect(source, box);
    return sources;
  };

  const root: Scope = { sources: new Map(), group: "", path: "", rounds: 1 };
  for (const { node, name, argument } of traced.formals) {
    const isParameterLeaf = argument === options.parameters;
    const label = isParameterLeaf && name.includes(".") ? name.slice(name.lastIndexOf(".") + 1) : name;
    const value = options.values?.get(node)?.[0];
    const error = options.errors?.get(node)?.[0];
    const tip = [
      name,
      typeText(node),
      ...(value ? valueFacts("value", value) : []),
      ...(error ? valueFacts("error signal", error) : []),
    ];
    const box = addBox({
      kind: isParameterLeaf ? "parameter" : "input",
      label,
      detail: "",
      group: "",
      backward: false,
      type: typeText(node),
      multiplyAdds: 0,
      tip,
    });
    root.sources.set(node, [{ box: box.id, value: addValue(node, 0, typeOf(node), 0) }]);
  }
  const results = drawNodes(
    traced.outputs.map(({ node }) => node),
    root,
  );
  traced.outputs.forEach(({ node, name }, i) => {
    const source = boxed(results[i], node, "");
    const isBackward = backward.has(node);
    const box = addBox({
      kind: "output",
      label: name,
      detail: "",
      group: isBackward ? addGroup(passGroup()) : "",
      backward: isBackward,
      type: typeText(node),
      multiplyAdds: 0,
      tip: [typeText(node)],
    });
    connect(source, box);
  });
  return { title: options.title, ...settle(boxes, [...groups.values()], edges), values };
}

const passGroup = (): Omit<Group, "multiplyAdds"> => ({
  id: "/backward",
  kind: "pass",
  label: "backward pass",
  detail: "",
  parent: "",
  backward: true,
});

/** The lines of a value with its name before them: "h [2]", "h = 0.5". */
function named(name: string, [first, ...rest]: readonly string[], show: readonly Shown[]): string[] {
  if (first === undefined) return [name];
  const isValue = show.includes("values") && !show.includes("shapes");
  return first.startsWith("δ") ? [name, first, ...rest] : [`${name}${isValue ? " = " : " "}${first}`, ...rest];
}

/** Options as few words: numbers and lists of them. */
function optionsText(options: Readonly<Record<string, unknown>>): string {
  const plain = Object.values(options).flatMap((value) => {
    if (Number.isInteger(value) && (value as number) > 0) return [String(value)];
    const isList = Array.isArray(value) && value.length > 0 && value.every((v) => Number.isInteger(v) && v > 0);
    return isList ? [value.join("×")] : [];
  });
  return plain.slice(0, 4).join(", ");
}

/** What an operation box says besides its name: its formula where a number is an operand, else its axes or permutation. */
function detailOf(node: Node, operands: readonly Source[]): string {
  if (node.op.kind === "elementwise" && operands.some((source) => "number" in source)) {
    const names = ["x", "y", "z"];
    let next = 0;
    const text = notationOf(node).text(
      ...operands.map((source) => ("number" in source ? source.number : (names[next++] ?? "x"))),
    );
    // Brackets around single names and numbers say nothing: (x) * (0.5).
    return text.replace(/(^|[^\p{L}\p{N}])\(([^()\s,]+)\)/gu, "$1$2").replaceAll(" * ", " · ");
  }
  const { axes, axis, permutation } = node.attributes as Readonly<Record<string, unknown>>;
  if (Array.isArray(permutation)) return `axes ${permutation.join(", ")}`;
  if (Array.isArray(axes) && axes.length > 0) return `over axis ${axes.join(", ")}`;
  return typeof axis === "number" ? `axis ${axis}` : "";
}

/** Puts weights and constants beside their users, drops groups that are nothing but their one part, and adds up the work of groups. */
function settle(boxes: readonly Draft<Box>[], groups: readonly Draft<Group>[], edges: readonly Edge[]) {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const above = (id: string): string[] => {
    const chain: string[] = [];
    for (let at = byId.get(id); at; at = byId.get(at.parent)) chain.unshift(at.id);
    return chain;
  };
  const place = new Map(boxes.map((box) => [box.id, box]));
  const users = new Map<string, Box[]>();
  for (const { from, to } of edges) users.set(from, [...(users.get(from) ?? []), place.get(to)!]);
  const order = new Map(boxes.map(({ id }, i) => [id, i]));
  for (const box of boxes) {
    const all = users.get(box.id) ?? [];
    // What the backward pass reads of the forward pass stays there.
    const using = all.some(({ backward }) => !backward) ? all.filter(({ backward }) => !backward) : all;
    if ((box.kind !== "parameter" && box.kind !== "constant") || using.length === 0) continue;
    // What a loop begins with comes from outside it.
    const [first, ...rest] = using.map(({ kind, group }) => above(kind === "carried" ? (byId.get(group)?.parent ?? "") : group));
    const shared = first.filter((id, i) => rest.every((chain) => chain[i] === id));
    box.group = shared.at(-1) ?? "";
    // "weight" says enough within its layer only.
    if (box.kind === "parameter" && shared.length === 0) box.label = box.tip[0];
    order.set(box.id, Math.min(...using.map(({ id }) => order.get(id)!)) - 0.5);
  }
  const used = new Set(boxes.flatMap(({ group }) => above(group)));
  const kept = groups.filter(({ id }) => used.has(id));
  // layers[0] that holds linear alone is one group, "layers[0] · linear".
  for (const group of kept) {
    if (group.kind !== "module" || boxes.some((box) => box.group === group.id)) continue;
    const parts = kept.filter(({ parent, id }) => parent === group.id && used.has(id));
    if (parts.length !== 1 || parts[0].kind !== "module") continue;
    parts[0].label = `${group.label} · ${parts[0].label.replace(/^∇ /, "")}`;
    parts[0].parent = group.parent;
    used.delete(group.id);
  }
  const final = kept.filter(({ id }) => used.has(id));
  for (const box of boxes) {
    for (const id of above(box.group)) {
      const group = byId.get(id);
      if (group) group.multiplyAdds += box.multiplyAdds;
    }
  }
  const sorted = [...boxes].sort((a, b) => order.get(a.id)! - order.get(b.id)!);
  return { boxes: sorted, groups: final, edges };
}
