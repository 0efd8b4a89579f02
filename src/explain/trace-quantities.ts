// A function or a model as named quantities: what goes in, what has a name on the way, what comes out.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Node, topologicalOrder } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { constantData, isConstant, isIdentity } from "../graph/structural.ts";
import { type Module, observe } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten, mapTree, type Structure } from "../tensor/tree.ts";
import { asTree, trace } from "../transforms/trace.ts";
import type { Name, Quantity, Role } from "./explanation.ts";
import { distinct, nameFrom } from "./naming.ts";
import { constantsOf, segments } from "./segments.ts";
import { unrolled } from "./unroll.ts";

/** A quantity and the node that it is. */
export interface Named {
  readonly node: Node;
  readonly quantity: Quantity;
}

/** A leaf of an argument. */
export interface Leaf extends Named {
  readonly argument: number;
  readonly value: Dense;
}

/** A function, its arguments' quantities, and those on the way to its outputs. */
export interface Subject {
  readonly title: string;
  readonly leaves: readonly Leaf[];
  /** Tensors that the function brings along. */
  readonly constants: readonly (Named & { readonly value: Dense })[];
  /** In order of computation; the outputs are among them. */
  readonly computed: readonly Named[];
  readonly outputs: readonly Named[];
  /** The output that is differentiated, if there is a scalar. */
  readonly loss: Named | undefined;
  /** Per argument, its form. */
  readonly structures: readonly Structure[];
}

/** Values that do not change from iteration to iteration and are no real numbers: labels, indices. */
export function fixedOf({ leaves, constants }: Subject): Map<string, Dense> {
  return new Map(
    [...leaves, ...constants].flatMap(({ quantity, value }) =>
      isFloat(quantity.dtype) ? [] : [[quantity.name.id, value] as const],
    ),
  );
}

export interface SubjectOptions {
  readonly title: string;
  /** Names by path of an argument's leaf ("layers[0].weight", "[1]"), or in place of names that would be given. */
  readonly names: Readonly<Record<string, string>>;
  /** Of each argument. */
  readonly argumentNames: readonly (string | undefined)[];
  /** What the outputs are called, in order. */
  readonly outputNames: readonly (string | undefined)[];
  readonly roles: readonly Role[];
  /** Names that the user's code gives to nodes. */
  readonly nodeNames: (run: () => void) => ReadonlyMap<Node, string>;
}

/** Floats in float64: what is worked out is not to be blurred by rounding of its own. */
export function widened(tree: unknown): unknown {
  return mapTree((t: Tensor) => (isFloat(t.dtype) ? t.cast("float64") : t), asTree(tree));
}

interface Application {
  readonly module: Pick<Module, "kind" | "options">;
  readonly path: string;
  readonly parameters: unknown;
  readonly output: Node;
}

/** `f` traced on all leaves of its arguments, and its quantities: those with names, `further` nodes, and what else is worth a name. */
export function subjectOf(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  options: SubjectOptions,
): (further: ReadonlySet<Node>) => Subject {
  const wide = args.map(widened);
  const applications: Application[] = [];
  let traced: ReturnType<typeof trace> | undefined;
  const found = options.nodeNames(() => {
    traced = observe(
      ({ module, path, parameters, output }) => applications.push({ module, path, parameters, output: output.node }),
      () => trace("explain", f, wide),
    );
  });
  const { formals, arguments: parts, output } = traced as ReturnType<typeof trace>;
  const formalNodes = new Set(formals.nodes);
  const fromModules = moduleNames(applications, (node) => !isGiven(node, formalNodes));
  const loops = unrolled(
    output.leaves.map((t) => t.node),
    new Map([...fromModules, ...found]),
  );
  const results = loops.outputs;
  const [first] = results;
  const loss = first && sizeOf(first.shape) === 1 && isFloat(first.dtype) ? first : undefined;
  return (further) => {
    const unique = distinct();
    const call = (wanted: string) => nameFrom(unique(options.names[wanted] ?? wanted));
    const structures = parts.map(({ structure }) => structure);
    const leaves = parts.flatMap(({ from, structure }, argument) =>
      structure.paths.map((path, i): Leaf => {
        const node = formals.nodes[from + i];
        const actual = formals.actuals[from + i];
        if (!isConstant(actual))
          fail("symbolic", "explain: the arguments must have values; call it outside grad, compile and the like.");
        const wanted =
          options.names[path] ??
          fromModules.get(node) ??
          lastOf(path) ??
          options.argumentNames[argument] ??
          fallbackName(argument);
        return {
          node,
          argument,
          value: { shape: actual.shape, dtype: actual.dtype, data: constantData(actual) },
          quantity: described(call(wanted), options.roles[argument] ?? "input", node, path),
        };
      }),
    );

    const names = new Map<Node, string>();
    for (const [node, name] of loops.names) {
      if (node.symbolic && !isGiven(node, formalNodes)) names.set(node, name);
    }
    const outputs = results.map((node, i) => {
      const own = found.get(output.leaves[i].node);
      return { node, wanted: own ?? options.outputNames[i] ?? (node === loss ? undefined : lastOf(output.structure.paths[i])) };
    });
    for (const { node, wanted } of outputs) {
      if (wanted !== undefined) names.set(node, wanted);
      else if (!names.has(node)) names.set(node, node === loss ? "L" : "y");
    }

    const given = new Set(leaves.map(({ node }) => node));
    const roots = outputs.map(({ node }) => node);
    const stops = new Set([...given, ...names.keys(), ...further]);
    const reached = topologicalOrder(roots, given);
    const nodes = new Set<Node>();
    for (const node of reached) if ((names.has(node) || further.has(node)) && !given.has(node)) nodes.add(node);
    // A named node ends the formulas after it, but what comes before it is looked at as well.
    for (const node of [...nodes]) {
      const others = { has: (n: Node) => n !== node && stops.has(n) };
      for (const part of segments([node], others)) nodes.add(part);
    }
    const order = [...nodes].filter((n) => !isConstant(n)).sort((a, b) => a.id - b.id);
    let auxiliary = 0;
    const computed = order.map((node): Named => {
      const role: Role = node === loss ? "loss" : roots.includes(node) ? "output" : "intermediate";
      const wanted = names.get(node) ?? `v${++auxiliary}`;
      return { node, quantity: described(call(wanted), role, node, "") };
    });
    const known = new Set([...given, ...order]);
    const constants = order
      .flatMap((node) => constantsOf([node], { has: (n) => n !== node && known.has(n) }))
      .filter((node, i, all) => all.indexOf(node) === i)
      .map((node) => ({
        node,
        value: { shape: node.shape, dtype: node.dtype, data: constantData(node) },
        quantity: described(call(found.get(node) ?? "c"), "constant", node, ""),
      }));
    const byNode = new Map(computed.map((named) => [named.node, named]));
    return {
      title: options.title,
      leaves,
      constants,
      computed,
      outputs: roots.flatMap((node) => byNode.get(node) ?? []),
      loss: loss && byNode.get(loss),
      structures,
    };
  };
}

const fallbackName = (argument: number) => "xyzuvw"[argument] ?? `x${argument}`;

/** The last part of a path, as "W1" of "layers.W1"; undefined for the root and for indices. */
function lastOf(path: string): string | undefined {
  const last = path.split(".").at(-1) ?? "";
  return /^[A-Za-z_$][\w$]*$/.test(last) ? last : undefined;
}

/** Whether a node is an argument, a constant, or one of these in another shape. */
function isGiven(node: Node, formals: ReadonlySet<Node>): boolean {
  let source = node;
  while (!formals.has(source) && (isIdentity(source) || source.op.name === "reshape")) source = source.inputs[0];
  return isConstant(source) || formals.has(source);
}

const letters: Readonly<Record<string, string>> = { weight: "W", bias: "b", scale: "gamma", shift: "beta" };

/** Kinds of modules whose results books call otherwise than z, the weighted sum, and h, the activation. */
const resultLetters: readonly (readonly [RegExp, string])[] = [
  [/pool/i, "p"],
  [/norm/i, "n"],
  [/embedding/i, "e"],
  [/dropout/i, "d"],
];

/** Names of parameters and results of modules, numbered by layer: W₁, b₁, z₁, h₁ …; numbers are left out where there is one of a kind. */
function moduleNames(applications: readonly Application[], isNew: (node: Node) => boolean): Map<Node, string> {
  const wanted: { node: Node; letter: string; layer: number }[] = [];
  let layer = 0;
  for (const { module, parameters, output } of applications) {
    const own = flatten(parameters);
    if (own.leaves.length > 0) layer++;
    own.leaves.forEach((t, i) => {
      const name = lastOf(own.structure.paths[i]) ?? "w";
      wanted.push({ node: t.node, letter: letters[name] ?? name, layer });
    });
    const special = resultLetters.find(([kind]) => kind.test(module.kind))?.[1];
    const onlyMoved = output.op.name === "reshape" && output !== applications.at(-1)?.output;
    if (isNew(output) && !onlyMoved)
      wanted.push({ node: output, letter: special ?? (own.leaves.length > 0 ? "z" : "h"), layer: Math.max(layer, 1) });
  }
  const first = new Map<Node, { letter: string; layer: number }>();
  for (const { node, letter, layer: k } of wanted) if (!first.has(node)) first.set(node, { letter, layer: k });
  const last = applications.at(-1)?.output;
  if (last && first.has(last)) first.set(last, { letter: "y", layer: 1 });
  const counts = new Map<string, number>();
  for (const { letter } of first.values()) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return new Map(
    [...first].map(([node, { letter, layer: k }]) => [node, (counts.get(letter) ?? 0) > 1 ? `${letter}${k}` : letter]),
  );
}

const words: Readonly<Record<Role, string>> = {
  input: "input",
  parameter: "parameter",
  constant: "constant",
  intermediate: "value",
  output: "output",
  loss: "objective",
  "error signal": "error signal",
  state: "state",
  rate: "rate",
};

/** "weight of layers[0].linear, 2×3". */
function described(name: Name, role: Role, node: Node, leafPath: string): Quantity {
  const where = leafPath === "" || leafPath === name.id ? "" : ` ${leafPath}`;
  const place = node.path === "" ? "" : ` of ${node.path}`;
  const size = shapeText(node.shape);
  const meaning = [`${words[role]}${where}${place}`, size].filter(Boolean).join(", ");
  return { name, role, shape: node.shape, dtype: node.dtype, meaning, path: node.path };
}

/** "2×3", "4 numbers", "" for a scalar. */
export function shapeText(shape: Shape): string {
  if (shape.length === 0) return "";
  return shape.length === 1 ? `${sizeOf(shape)} number${shape[0] === 1 ? "" : "s"}` : shape.join("×");
}
