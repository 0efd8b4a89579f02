// Two networks that differ by an exchange of hidden units compute the same function; before their minima are compared, the units of
// one are put into the order that fits the other best (weight matching: Ainsworth, Hayase & Srinivasa 2023).

import { fail } from "../../graph/errors.ts";
import type { Module, Parameters } from "../../nn/module.ts";
import { flatten, type Tensor, tensor } from "../../tensor/index.ts";

export interface Alignment {
  /** The parameters of `b` with its hidden units in the new order: the same function. */
  readonly parameters: Parameters;
  /** For each hidden layer, which unit of `b` takes each place. */
  readonly permutations: readonly (readonly number[])[];
}

/** Activations that act on each unit alone, so that units may be exchanged across them. */
const unitwise = new Set([
  ...["identity", "relu", "leakyRelu", "softplus", "hardThreshold", "logistic", "tanh", "gelu", "silu", "elu", "dropout"],
  // Of what is a vector already.
  "flatten",
]);

/**
 * Puts the hidden units of `b` into the order nearest to those of `a` (squared distance of all weights and biases), layer by layer
 * until nothing changes. Throws an argument error for a model that is not a sequence of linear modules with activations between.
 */
export function alignPermutation(model: Module, a: Parameters, b: Parameters): Alignment {
  const layers = linearLayers(model);
  const [own, other] = [a, b].map((parameters) => layers.map((path) => layerOf(parameters, path)));
  const permutations = layers.slice(0, -1).map((_, l) => Array.from({ length: other[l].outputs }, (_, i) => i));
  for (let round = 0, changed = true; changed && round < 100; round++) {
    changed = false;
    for (let l = 0; l < permutations.length; l++) {
      const found = assignment(similarity(own, other, permutations, l), own[l].outputs);
      if (found.some((unit, i) => unit !== permutations[l][i])) {
        permutations[l] = found;
        changed = true;
      }
    }
  }
  const { structure } = flatten(b);
  const permuted = new Map<string, Tensor>();
  for (const [l, path] of layers.entries()) {
    const layer = other[l];
    const rows = permutations[l - 1] ?? Array.from({ length: layer.inputs }, (_, i) => i);
    const columns = permutations[l] ?? Array.from({ length: layer.outputs }, (_, i) => i);
    const weight = rows.flatMap((r) => columns.map((c) => layer.weight[r * layer.outputs + c]));
    permuted.set(`${path}.weight`, tensor(weight, { dtype: layer.dtype }).reshape([layer.inputs, layer.outputs]));
    if (layer.bias)
      permuted.set(
        `${path}.bias`,
        tensor(
          columns.map((c) => (layer.bias as readonly number[])[c]),
          { dtype: layer.dtype },
        ),
      );
  }
  const leaves = flatten(b).leaves.map((leaf, i) => permuted.get(structure.paths[i]) ?? leaf);
  return { parameters: structure.build(leaves) as Parameters, permutations };
}

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs]. */
  readonly weight: readonly number[];
  readonly bias: readonly number[] | undefined;
  readonly dtype: Tensor["dtype"];
}

function linearLayers(model: Module): readonly string[] {
  const parts = model.kind === "sequential" ? (model.children ?? []) : [["", model] as const];
  const odd = parts.find(([, { kind }]) => kind !== "linear" && !unitwise.has(kind));
  if (odd) {
    fail(
      "argument",
      `alignPermutation: units can be exchanged in a sequence of linear modules with activations between; ${odd[0]} is ${odd[1].kind}.`,
    );
  }
  return parts.filter(([, { kind }]) => kind === "linear").map(([path]) => path);
}

function layerOf(parameters: Parameters, path: string): Layer {
  const { leaves, structure } = flatten(parameters);
  const leaf = (name: string) => leaves[structure.paths.indexOf(path === "" ? name : `${path}.${name}`)] as Tensor | undefined;
  const weight = leaf("weight");
  if (weight === undefined) fail("argument", `alignPermutation: the parameters have no ${path}.weight; give those of the model.`);
  const [inputs, outputs] = weight.shape;
  return {
    inputs,
    outputs,
    weight: Array.from(weight.data(), Number),
    bias: leaf("bias") && Array.from(leaf("bias")?.data() ?? [], Number),
    dtype: weight.dtype,
  };
}

/** Entry (i, j): how much is gained when unit j of `other` takes place i in layer l, its neighbours as they stand. */
function similarity(
  own: readonly Layer[],
  other: readonly Layer[],
  permutations: readonly (readonly number[])[],
  l: number,
): Float64Array {
  const [a, b, nextA, nextB] = [own[l], other[l], own[l + 1], other[l + 1]];
  const n = a.outputs;
  const gain = new Float64Array(n * n);
  const before = permutations[l - 1];
  const after = permutations[l + 1];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = a.bias && b.bias ? a.bias[i] * b.bias[j] : 0;
      for (let r = 0; r < a.inputs; r++) sum += a.weight[r * n + i] * b.weight[(before ? before[r] : r) * n + j];
      for (let c = 0; c < nextA.outputs; c++)
        sum += nextA.weight[i * nextA.outputs + c] * nextB.weight[j * nextA.outputs + (after ? after[c] : c)];
      gain[i * n + j] = sum;
    }
  }
  return gain;
}

/** For each place the unit that takes it, with the greatest sum of gains (Kuhn 1955; Jonker & Volgenant 1987), in O(n³). */
export function assignment(gain: Float64Array, n: number): number[] {
  // Shortest augmenting paths with potentials, places and units counted from 1; unit 0 is where a path starts.
  const placePotential = new Float64Array(n + 1);
  const unitPotential = new Float64Array(n + 1);
  const placeOf = new Int32Array(n + 1);
  const cameFrom = new Int32Array(n + 1);
  for (let place = 1; place <= n; place++) {
    placeOf[0] = place;
    let unit = 0;
    const distance = new Float64Array(n + 1).fill(Infinity);
    const done = new Uint8Array(n + 1);
    do {
      done[unit] = 1;
      const at = placeOf[unit];
      let nearest = Infinity;
      let next = 0;
      for (let j = 1; j <= n; j++) {
        if (done[j]) continue;
        const reduced = -gain[(at - 1) * n + j - 1] - placePotential[at] - unitPotential[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          cameFrom[j] = unit;
        }
        if (distance[j] < nearest) {
          nearest = distance[j];
          next = j;
        }
      }
      for (let j = 0; j <= n; j++) {
        if (done[j]) {
          placePotential[placeOf[j]] += nearest;
          unitPotential[j] -= nearest;
        } else distance[j] -= nearest;
      }
      unit = next;
    } while (placeOf[unit] !== 0);
    while (unit !== 0) {
      placeOf[unit] = placeOf[cameFrom[unit]];
      unit = cameFrom[unit];
    }
  }
  const result = new Array<number>(n);
  for (let j = 1; j <= n; j++) result[placeOf[j] - 1] = j - 1;
  return result;
}
