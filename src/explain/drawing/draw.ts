// The graph of a function or a model, drawn.

import { isFloat } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import { type Graph, type Node, topologicalOrder, typeOf } from "../../graph/node.ts";
import { mergeEqual } from "../../graph/rewrite.ts";
import { parameter, scalar } from "../../graph/structural.ts";
import type { Module } from "../../nn/module.ts";
import { pullback } from "../../ops/autodiff.ts";
import { callable, named, oneOf } from "../../tensor/operands.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { nodeNames } from "../source-names.ts";
import { type Formal, isModule, type ModelOptions, type Traced, traceFunction, traceModel } from "../traced.ts";
import { buildDiagram, type Shown } from "./build.ts";
import type { Diagram } from "./diagram.ts";
import { dotOf } from "./dot.ts";
import { type Fold, grouped, statesFor } from "./fold.ts";
import { mermaidOf } from "./mermaid.ts";
import { errorsOf, valuesOf } from "./numbers.ts";
import type { Direction } from "./picture.ts";
import { svgOf } from "./svg.ts";
import { viewOf } from "./view.ts";

export type DrawFormat = "svg" | "html" | "dot" | "mermaid";

export interface DiagramOptions extends ModelOptions {
  readonly title?: string;
  /** What is written beside edges; default the shapes. Values and error signals are computed, the latter of a scalar result. */
  readonly show?: readonly Shown[];
  /** Draw the gradients' computation too. */
  readonly backward?: boolean;
  /** Which argument of a function holds the weights, with respect to which `backward` differentiates; default 0. */
  readonly argument?: number;
}

export interface DrawOptions extends DiagramOptions {
  /** "svg": a picture. "html": a page in which groups open and close by a click. "dot", "mermaid": text for these programs. Default "svg". */
  readonly format?: DrawFormat;
  /**
   * "auto" (default): modules, then runs of equal layers, are closed until at most 60 boxes show; a number: until so many. "none":
   * everything is open. "modules": the outermost modules are closed. A list: the modules at these paths are closed, all else is open.
   */
  readonly fold?: Fold;
  readonly direction?: Direction;
}

/**
 * The graph as a drawing: boxes for operations, weights and inputs, edges with what they carry, modules, compositions (softmax, layerNorm …)
 * and loops as groups that open and close. `draw(f, [w, x])` of a function and its arguments, `draw(model, [64, 784])` of a model and its
 * input or the shape of it, `draw(graph)` of a graph as it is. Throws an argument error where there is nothing to draw, and for error
 * signals of a result that is no scalar.
 *
 *     const svg = await draw(nn.sequential(nn.linear(784, 128), nn.relu(), nn.linear(128, 10)), [64, 784]);
 *     const loss = (w: Tensor, x: Tensor, t: Tensor) => x.matmul(w).logistic().sub(t).square().mean();
 *     const page = await draw(loss, [w, x, t], { format: "html", show: ["values", "errors"], backward: true });
 *     console.log(await draw(loss, [w, x, t], { format: "mermaid" }));
 */
export function draw(model: Module, input: unknown, options?: DrawOptions): Promise<string>;
export function draw<A extends unknown[]>(f: (...args: A) => unknown, args: A, options?: DrawOptions): Promise<string>;
export function draw(graph: Graph, inputs?: readonly Tensor[], options?: DrawOptions): Promise<string>;
export async function draw(subject: unknown, given: unknown, options: DrawOptions = {}): Promise<string> {
  const { format = "svg", fold = "auto", direction = "down", ...rest } = named("draw", options);
  oneOf("draw", "format", format, ["svg", "html", "dot", "mermaid"]);
  oneOf("draw", "direction", direction, ["down", "right"]);
  const whole = grouped(diagramOf(subject, given, rest));
  const states = statesFor(whole, fold);
  if (format === "dot") return dotOf(whole, states, direction);
  if (format === "mermaid") return mermaidOf(whole, states, direction);
  const library = await import("@dagrejs/dagre");
  // The page reads the library's text, which needs Node.
  const write = format === "svg" ? svgOf : (await import("./html.ts")).htmlOf;
  const boxes = viewOf(whole, states).boxes.length;
  if (boxes > mostBoxes) {
    fail(
      "argument",
      `draw: ${boxes} boxes are more than can be laid out (${mostBoxes}). Fold them (fold: "auto"), or use format: "dot".`,
    );
  }
  return write(library, whole, states, direction);
}

/** The layout calls itself as deep as a graph is long, and takes minutes for more. */
const mostBoxes = 1500;

/** What `draw` draws, as data, unfolded. */
export function diagramOf(subject: unknown, given: unknown, options: DiagramOptions = {}): Diagram {
  const { show = ["shapes"], backward = false, argument = 0, title, ...rest } = options;
  const { traced, names } = namedSubject(subject, given, rest);
  const parameters = isModule(subject) ? 0 : argument;
  const forward = traced.outputs.map(({ node }) => node);
  const whole = backward ? withGradients(traced, parameters) : traced;
  const outputs = whole.outputs.map(({ node }) => node);
  const before = new Set(topologicalOrder(outputs.slice(0, forward.length)));
  const computed = show.includes("values") || show.includes("errors");
  const values = computed ? valuesOf(whole.formals, outputs) : undefined;
  const errors =
    show.includes("errors") && values ? errorsOf(whole.formals, oneResult(outputs.slice(0, forward.length)), values) : undefined;
  return buildDiagram(whole, {
    title: title ?? titleOf(subject),
    show,
    names,
    parameters,
    backward: new Set(topologicalOrder(outputs).filter((node) => !before.has(node))),
    ...(values && { values }),
    ...(errors && { errors }),
  });
}

/** Names from the user's code are looked up, which takes a while a node, where there are few enough to be read in a picture. */
const mostNamed = 150;

function namedSubject(subject: unknown, given: unknown, options: ModelOptions) {
  let traced = subjectOf(subject, given, options);
  const nodes = topologicalOrder(traced.outputs.map(({ node }) => node));
  if (typeof subject !== "function" || nodes.length > mostNamed) return { traced, names: new Map<Node, string>() };
  const names = nodeNames(() => {
    traced = subjectOf(subject, given, options);
  });
  return { traced, names };
}

function subjectOf(subject: unknown, given: unknown, options: ModelOptions): Traced {
  if (isModule(subject)) return traceModel("draw", subject, given, options);
  if (isGraph(subject)) return tracedGraph(subject, (given ?? []) as readonly Tensor[]);
  callable("draw", "what is drawn, if it is neither a model nor a graph,", subject);
  if (!Array.isArray(given)) fail("argument", "draw: a function needs the list of its arguments: draw(f, [w, x]).");
  return traceFunction("draw", subject as (...args: never[]) => unknown, given);
}

function isGraph(value: unknown): value is Graph {
  return typeof value === "object" && value !== null && "parameters" in value && "outputs" in value;
}

function tracedGraph({ parameters, outputs }: Graph, inputs: readonly Tensor[]): Traced {
  const formals = parameters.map(
    (node, i): Formal => ({ node, name: String(node.attributes.name), argument: i, value: inputs[i] ?? new Tensor(node) }),
  );
  return {
    formals,
    outputs: outputs.map((node, i) => ({ node, name: outputs.length === 1 ? "output" : `output ${i + 1}` })),
    modules: new Map(),
  };
}

function titleOf(subject: unknown): string {
  if (isModule(subject)) return subject.kind;
  return typeof subject === "function" && subject.name !== "" ? subject.name : "computation graph";
}

function oneResult(outputs: readonly Node[]): Node {
  return outputs.length === 1
    ? outputs[0]
    : fail("argument", `draw: error signals are derivatives of one result, and there are ${outputs.length}.`);
}

/** The results and their gradients with respect to the parameters; of results that are no scalars, given their error signals. */
function withGradients(traced: Traced, argument: number): Traced {
  const learned = traced.formals.filter((formal) => formal.argument === argument && isFloat(formal.node.dtype));
  const outputs = traced.outputs.map(({ node }) => node);
  const given: Formal[] = [];
  const incoming = traced.outputs.map(({ node, name }) => {
    if (!isFloat(node.dtype)) return undefined;
    if (node.shape.length === 0) return scalar(1, node.dtype);
    const signal = parameter(typeOf(node), `error signal of ${name}`);
    given.push({ node: signal, name: `error signal of ${name}`, argument: -1, value: new Tensor(signal) });
    return signal;
  });
  const gradients = pullback(
    outputs,
    incoming,
    learned.map(({ node }) => node),
  );
  const present = learned.flatMap(({ name }, i) => (gradients[i] ? [{ name: `gradient of ${name}`, node: gradients[i] }] : []));
  const merged = mergeEqual([...outputs, ...present.map(({ node }) => node)]);
  const names = [...traced.outputs, ...present].map(({ name }) => name);
  return { ...traced, formals: [...traced.formals, ...given], outputs: merged.map((node, i) => ({ node, name: names[i] })) };
}
