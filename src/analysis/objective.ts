// What can be said of a training objective before training: the loss of a model on data as a function of its parameters.
//
// A linear model with a convex loss is convex in its weights. With a hidden layer the objective is convex in the last layer while what comes
// before is held fixed, but not in all parameters together: exchanging two hidden units gives other parameters with the same loss, and
// half-way between them both units are alike, which is worse wherever the two had learned different things.

import { fail } from "../graph/errors.ts";
import type { Graph } from "../graph/node.ts";
import { type Module, observe, type Parameters } from "../nn/index.ts";
import { flatten, random, type Structure, type Tensor } from "../tensor/index.ts";
import { known } from "../tensor/options.ts";
import { trace } from "../transforms/trace.ts";
import type { Answer, Finding } from "./certificate.ts";
import { compositionFinding } from "./composition/index.ts";
import { everywhere } from "./domain.ts";
import { logitsForm } from "./objective-forms.ts";
import { objectiveWitness, type Pair, type Setting } from "./objective-witness.ts";

export interface Objective {
  /** In all parameters together. */
  readonly all: Finding & { readonly convex: Answer };
  /** In the parameters of the last layer, those before it held at the values given. */
  readonly lastLayer?: Finding & { readonly parameters: readonly string[] };
  /** Names and shapes of the parameters, in the order of the coordinates of a witness. */
  readonly variables: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The answer in words. */
  readonly explanation: string;
}

export interface ObjectiveOptions {
  /** Where features are frozen and the search for a witness starts; fresh ones when omitted. */
  readonly parameters?: Parameters;
  readonly seed?: number;
  /** Gradient steps spent on finding a witness; default 600. */
  readonly steps?: number;
}

type Loss = (predictions: Tensor, targets: Tensor) => Tensor;

/**
 * Whether loss(model(x; w), y), on data x [N, …] and y, is convex in w: proved for linear models with convex losses, with L and μ from the data;
 * convex in the last layer alone, for frozen features; refuted by a permutation of hidden units, where there are any, or else by a direction of negative curvature. Computed in float64.
 * Throws an analysis error for data that hold NaN or infinities.
 */
export function certifyObjective(
  model: Module,
  loss: Loss,
  data: { readonly inputs: Tensor; readonly targets: Tensor },
  options: ObjectiveOptions = {},
): Objective {
  known("certifyObjective", options, ["parameters", "seed", "steps"]);
  known("certifyObjective: data", data, ["inputs", "targets"]);
  const inputs = float64(data.inputs, "inputs");
  const targets = float64(data.targets, "targets");
  const given = options.parameters ?? model.init(random.key(options.seed ?? 0), "float64").parameters;
  const { leaves, structure } = flatten(given);
  const setting: Setting = {
    structure,
    leaves: leaves.map((l) => l.cast("float64")),
    f: (parameters) => loss(model.apply(parameters, inputs), targets),
    sizes: leaves.map((l) => l.size),
  };
  const variables = structure.paths.map((name, i) => ({ name, shape: leaves[i].shape }));
  const every = leaves.map((_, i) => i);
  const graph = graphOf(setting, every);
  const all = compositionFinding(graph, everywhere(total(setting, every)));
  if (all.convex) {
    const strong = (all.mu?.lower ?? 0) > 0;
    const shape = strong ? "strongly convex" : all.strict ? "strictly convex" : "convex";
    const explanation =
      `The predictions are affine in the parameters and the loss is convex in the predictions, so the objective is ${shape} in all of them: ` +
      `every local minimum is a global one${strong || all.strict ? ", and there is at most one" : ""}.`;
    return { all: { ...all, convex: all.convex }, variables, explanation };
  }
  const equivalent = logitsForm(model, inputs, targets);
  const instead = equivalent ? ` Convex instead: ${equivalent.expression}, for ${equivalent.why}.` : "";
  const last = lastLayerOf(structure.paths);
  const frozen = compositionFinding(graphOf(setting, last), everywhere(total(setting, last)));
  const lastLayer = { ...frozen, parameters: last.map((i) => structure.paths[i]) };
  const pair = hiddenPair(model, given, inputs, structure);
  const witness = objectiveWitness(setting, graph, pair, options.steps ?? 600);
  const inLast = frozen.convex
    ? ` With the layers before it held fixed, the objective is convex in the last layer (${lastLayer.parameters.join(", ")}).`
    : "";
  if (witness) {
    const amount = witness.gap.toPrecision(3);
    const reason =
      witness.units && pair
        ? `exchanging hidden units ${witness.units[0]} and ${witness.units[1]} of ${pair.first} leaves the network's function and so its loss unchanged, ` +
          `yet half-way between the two sets of parameters the loss is larger by ${amount}: the chord lies below the graph`
        : `there are parameters at which the loss is curved downwards: half-way between two sets of them it is larger than the mean of both by ${amount}, ` +
          "so the chord lies below the graph";
    const method = witness.units ? "permutation of hidden units" : "negative curvature";
    const { a, b, t, gap } = witness;
    const convex: Answer = { answer: "no", method, witness: { a, b, t, gap }, reason, ...(equivalent && { equivalent }) };
    return {
      all: { ...all, convex },
      lastLayer,
      variables,
      explanation: `Not convex in all parameters together: ${reason}.${inLast}${instead}`,
    };
  }
  const why = pair
    ? "hidden units may be exchanged, but no parameters were found at which the loss half-way is provably larger, nor a direction of negative curvature"
    : "composition rules do not apply, no pair of layers with units that can be exchanged was recognised, and no direction of negative curvature was found and proved";
  const convex: Answer = { answer: "unknown", method: "none", reason: why, ...(equivalent && { equivalent }) };
  const explanation = `Undecided in all parameters together: ${why}.${inLast}${instead}`;
  return { all: { ...all, convex }, lastLayer, variables, explanation };
}

function float64(x: Tensor, what: string): Tensor {
  const bad = x.data().findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    fail("analysis", `certifyObjective: the ${what} hold ${x.data()[bad]} at position ${bad}; remove or replace such values.`);
  return x.dtype === "float32" ? x.cast("float64") : x;
}

const total = ({ sizes }: Setting, which: readonly number[]) => which.reduce((n, i) => n + sizes[i], 0);

/** The objective as a graph in some of the parameters, the others constant. */
function graphOf({ structure, leaves, f }: Setting, which: readonly number[]): Graph {
  const part = (...free: Tensor[]): Tensor => {
    const all = [...leaves];
    which.forEach((i, k) => {
      all[i] = free[k];
    });
    return f(structure.build(all) as Parameters);
  };
  const traced = trace(
    "certifyObjective",
    part,
    which.map((i) => leaves[i]),
  );
  return { parameters: traced.formals.nodes, outputs: traced.output.leaves.map((x) => x.node) };
}

/** The parameters that share the path of the last one: of "layers[2].weight", all of layers[2]. */
function lastLayerOf(paths: readonly string[]): number[] {
  const owner = (path: string) => path.replace(/\.?[^.]*$/, "");
  const of = owner(paths[paths.length - 1]);
  return paths.flatMap((p, i) => (owner(p) === of ? [i] : []));
}

const elementwiseKinds = new Set([
  "relu",
  "leakyRelu",
  "softplus",
  "hardThreshold",
  "logistic",
  "tanh",
  "gelu",
  "silu",
  "elu",
  "identity",
  "mish",
]);

function hiddenPair(model: Module, parameters: Parameters, inputs: Tensor, structure: Structure): Pair | undefined {
  const seen: { kind: string; path: string; parameters: Parameters }[] = [];
  const one = inputs.rank > 0 ? inputs.slice([0], [1]) : inputs;
  observe(
    ({ module, path, parameters: own }) => seen.push({ kind: module.kind, path, parameters: own }),
    () => model.apply(parameters, one),
  );
  const { leaves } = flatten(parameters);
  const indexOf = (own: Parameters, name: string): number => {
    const t = (own as { readonly [key: string]: Tensor | undefined })[name];
    return t ? leaves.indexOf(t) : -1;
  };
  for (let i = 0; i + 1 < seen.length; i++) {
    if (seen[i].kind !== "linear") continue;
    let j = i + 1;
    while (j < seen.length && elementwiseKinds.has(seen[j].kind)) j++;
    if (j >= seen.length || seen[j].kind !== "linear") continue;
    const columns = indexOf(seen[i].parameters, "weight");
    const rows = indexOf(seen[j].parameters, "weight");
    const bias = indexOf(seen[i].parameters, "bias");
    // Only where nothing else reads the units between: layers in a row.
    if (columns < 0 || rows < 0 || leaves[columns].shape[1] !== leaves[rows].shape[0] || !inARow(model)) continue;
    return { first: structure.paths[columns], units: leaves[columns].shape[1], columns, bias: bias < 0 ? undefined : bias, rows };
  }
  return undefined;
}

/** A sequence of layers, perhaps of sequences: no unit is read twice. */
function inARow(model: Module): boolean {
  if (!model.children) return true;
  return model.kind === "sequential" && model.children.every(([, m]) => inARow(m));
}
