// Lowering: a graph becomes a plan, that is, kernels in an order, with a place in memory for everything they touch.

import type { DType } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { constantData } from "../../graph/structural.ts";
import { buildGroup, type Home } from "./build.ts";
import { chainEnds, productGroups } from "./epilogues.ts";
import { type Group, groupItems, NotAffine } from "./groups.ts";
import type { Buffer, Kernel, Launch, Plan, ProductKernel } from "./ir.ts";
import { denseSource, findItems, type Items } from "./items.ts";
import { type AddBuffer, type Context, copyLaunch, fusedLaunch, launchesOf, launchOf } from "./launches.ts";
import { livesOf, overwritesOf, placeBuffers } from "./memory.ts";
import { mergeGroups } from "./merge.ts";
import { schedule } from "./schedule.ts";
import { simplify } from "./simplify.ts";
import { kindOf } from "./views.ts";

export interface LowerOptions {
  /** donate[i] = j: output j is left in parameter i's memory. */
  readonly donate?: readonly (number | undefined)[];
  /** Bytes of scratch memory that the engine's rendering of a kernel needs; they become its last buffer. */
  readonly scratch?: (kernel: Kernel, launch: Launch) => number;
  /** Whether the engine renders this matrix product or convolution with its epilogue; without this option none is given one. */
  readonly epilogues?: (kernel: ProductKernel) => boolean;
}

interface Mode extends LowerOptions {
  /** In the body of a loop parameters, constants, and outputs from this one on are given memory from outside. */
  readonly externalOutputs?: number;
}

/** The plan of a graph. */
export function lower(graph: Graph, options: LowerOptions = {}): Plan {
  return lowerGraph({ parameters: graph.parameters, outputs: simplify(graph.outputs) }, options);
}

/** The plan of a graph that has been simplified. */
export function lowerSimplified(graph: Graph, options: LowerOptions = {}): Plan {
  return lowerGraph(graph, options);
}

function lowerGraph({ parameters, outputs }: Graph, mode: Mode): Plan {
  const forced = new Set<Node>();
  const { epilogues } = mode;
  const ends = epilogues ? chainEnds(outputs) : new Set<Node>();
  for (;;) {
    const items = findItems(outputs, new Set([...forced, ...ends]));
    try {
      const products = epilogues ? productGroups(items, epilogues) : [];
      const lost = [...ends].filter((n) => !products.some((g) => g.members.has(n)));
      if (lost.length === 0) return planOf(parameters, outputs, items, products, mode);
      for (const n of lost) ends.delete(n);
    } catch (error) {
      if (!(error instanceof NotAffine) || forced.has(error.node)) throw error;
      forced.add(error.node);
    }
  }
}

function planOf(
  parameters: readonly Node[],
  outputs: readonly Node[],
  items: Items,
  products: readonly Group[],
  mode: Mode,
): Plan {
  const groups = mergeGroups(groupItems(items, products), items);
  const isBody = mode.externalOutputs !== undefined;
  const buffers: Buffer[] = [];
  const addBuffer: AddBuffer = (dtype: DType, length, role, name, data) => {
    buffers.push({ id: buffers.length, dtype, length, role, name, ...(data ? { data } : {}) });
    return buffers.length - 1;
  };
  const known = new Map<string, number>();
  const parameterBuffers = parameters.map((p) => {
    const b = addBuffer(p.dtype, sizeOf(p.shape), "parameter", String(p.attributes.name));
    if (!known.has(`${p.id}.0`)) known.set(`${p.id}.0`, b);
    return b;
  });
  const homeAt = (node: Node, index: number): Home => {
    const key = `${node.id}.${index}`;
    const { shape, dtype } = node.outputs[index];
    let buffer = known.get(key);
    if (buffer === undefined) {
      const kind = kindOf(node);
      if (kind === "parameter") fail("engine", `lowering: ${String(node.attributes.name)} is not a parameter of this graph.`);
      const data = kind === "constant" ? constantData(node) : undefined;
      buffer = addBuffer(dtype, sizeOf(shape), data ? "constant" : "temporary", node.op.name, data);
      known.set(key, buffer);
    }
    return { buffer, length: sizeOf(shape) };
  };
  const homeOf = (node: Node): Home =>
    kindOf(node) === "pick" ? homeAt(node.inputs[0], node.attributes.index as number) : homeAt(node, 0);

  const sources = outputs.map((n) => denseSource(n, items.stored));
  const leaving = new Set(sources);
  const groupOf = new Map<Node, Group>();
  for (const g of groups) for (const n of g.members.keys()) groupOf.set(n, g);
  const context: Context = {
    items,
    homeOf,
    homeAt,
    addBuffer,
    padded: !isBody,
    isNeeded: (node) => {
      if (leaving.has(node)) return true;
      const home = groupOf.get(node);
      for (const user of items.users.get(node) ?? []) if (groupOf.get(user) !== home) return true;
      return false;
    },
    lowerBody: (graph, donate, externalOutputs) =>
      lowerGraph({ parameters: graph.parameters, outputs: simplify(graph.outputs) }, { ...mode, donate, externalOutputs }),
  };
  const launchesOfGroup = (group: Group): Launch[] => {
    if (group.fusable) return [launchOf(buildGroup(group, context))];
    const [node] = group.members.keys();
    const fused = group.members.size > 1 ? fusedLaunch(node, context, buildGroup(group, context)) : undefined;
    return fused ? [fused] : launchesOf(node, context);
  };
  const ordered = schedule(groups, items, groupOf, { donate: mode.donate ?? [], parameters, sources });
  const computed = ordered.flatMap(launchesOfGroup);

  // Outputs that are parameters or constants, or of which several are one buffer, are copies where each must have its own.
  const donate = mode.donate ?? [];
  const donor = new Map<number, number>();
  donate.forEach((j, i) => {
    if (j !== undefined) donor.set(j, i);
  });
  const first: Launch[] = [];
  const last: Launch[] = [];
  const claimed = new Set<number>();
  const outputBuffers = sources.map((source, j) => {
    const { buffer } = homeOf(source);
    const { role, dtype, length } = buffers[buffer];
    const own = donor.get(j);
    const external = isBody && j >= mode.externalOutputs!;
    if (own !== undefined && parameterBuffers[own] === buffer) return buffer;
    if (role === "temporary" && !claimed.has(buffer)) {
      claimed.add(buffer);
      return buffer;
    }
    if (!external && own === undefined && role !== "parameter") return buffer;
    const copy = addBuffer(dtype, length, "temporary", "output");
    (role === "temporary" ? last : first).push(copyLaunch(buffers, buffer, copy));
    claimed.add(copy);
    return copy;
  });
  const launches = [...first, ...computed, ...last].map((launch): Launch => {
    const bytes = mode.scratch?.(launch.kernel, launch) ?? 0;
    if (bytes === 0) return launch;
    return { ...launch, buffers: [...launch.buffers, addBuffer("bool", bytes, "temporary", "scratch")] };
  });

  const standsIn = donated(buffers, launches, donate, parameterBuffers, outputBuffers);
  const lasting = new Set(buffers.filter((b) => b.role !== "temporary").map((b) => b.id));
  const externals = isBody
    ? [
        ...new Set([
          ...parameterBuffers,
          ...outputBuffers.filter((b, j) => j >= mode.externalOutputs! && !standsIn.has(b)),
          ...buffers.filter((b) => b.role === "constant").map((b) => b.id),
        ]),
      ]
    : [];
  const { offsets, bytes } = placeBuffers(buffers, launches, {
    fixed: lasting,
    kept: new Set(outputBuffers),
    external: new Set(externals),
    standsIn,
  });
  return { buffers, launches, parameters: parameterBuffers, outputs: outputBuffers, externals, offsets, standsIn, bytes };
}

/**
 * Donation: an output is written straight into its parameter's memory if nothing reads the parameter afterwards; else copied there
 * at the end. Returns which buffers use a parameter's memory.
 */
function donated(
  buffers: readonly Buffer[],
  launches: Launch[],
  donate: readonly (number | undefined)[],
  parameterBuffers: readonly number[],
  outputBuffers: readonly number[],
): Map<number, number> {
  const standsIn = new Map<number, number>();
  const lives = livesOf(buffers, launches, new Set());
  donate.forEach((j, i) => {
    if (j === undefined) return;
    const from = parameterBuffers[i];
    const to = outputBuffers[j];
    if (from === to) return;
    const { dtype, length } = buffers[from];
    if (dtype !== buffers[to].dtype || length !== buffers[to].length) {
      fail(
        "engine",
        `donate: parameter ${i} (${dtype}, ${length} elements) cannot hold output ${j} (${buffers[to].dtype}, ` +
          `${buffers[to].length} elements); their types must agree.`,
      );
    }
    const born = lives[to].first;
    const free =
      lives[from].last < born ||
      (lives[from].last === born && overwritesOf(launches[born]).some(([s, t]) => s === from && t === to));
    if (length > 0 && free && !standsIn.has(to) && buffers[to].role === "temporary") standsIn.set(to, from);
    else launches.push(copyLaunch(buffers, to, from));
  });
  return standsIn;
}
