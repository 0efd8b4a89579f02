// Kernels of control flow: loops and choices, whose bodies are plans of their own.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import type { CondAttributes, ScanAttributes, WhileAttributes } from "../../ops/control.ts";
import type { Binding, Body, InitialCopies, Kernel, Launch, Plan, Slot } from "./ir.ts";
import { bytesOfKernel, type Context, type LaunchMaker, type Operands, operandsOf } from "./launches.ts";
import { align } from "./memory.ts";

interface Nest {
  readonly bodies: Body[];
  readonly slots: Slot[];
  readonly buffers: number[];
}

/** Bodies bound to the slots of a control kernel, with slots added for the bodies' constants and their memory. */
function nest(
  operands: Operands,
  plans: readonly { readonly plan: Plan; readonly parameters: readonly Binding[]; readonly outputs: readonly Binding[] }[],
  context: Context,
): Nest {
  const slots = [...operands.slots];
  const buffers = [...operands.buffers];
  let bytes = 0;
  const bodies = plans.map(({ plan, parameters, outputs }): Body => {
    const bound = new Map<number, Binding>();
    plan.parameters.forEach((b, i) => bound.set(b, parameters[i]));
    plan.outputs.forEach((b, i) => {
      if (!bound.has(b)) bound.set(b, outputs[i]);
    });
    const bindings = plan.externals.map((b): Binding => {
      const { role, dtype, length, data, name } = plan.buffers[b];
      if (role !== "constant") return bound.get(b)!;
      buffers.push(context.addBuffer(dtype, length, "constant", name, data));
      slots.push({ dtype, length, access: "read" });
      return { slot: slots.length - 1, stride: 0 };
    });
    const start = bytes;
    bytes += align(plan.bytes);
    return { plan, bindings, start };
  });
  buffers.push(context.addBuffer("bool", bytes, "temporary", "workspace"));
  slots.push({ dtype: "bool", length: bytes, access: "both" });
  return { bodies, slots, buffers };
}

let lastControl = 0;
const flopsOf = (plan: Plan) => plan.launches.reduce((total, l) => total + l.flops, 0);
const still = (slot: number): Binding => ({ slot, stride: 0 });

function scanned(node: Node, context: Context): Launch {
  const { body, carries, sequences, length, reverse } = node.attributes as ScanAttributes;
  const operands = operandsOf(node, context);
  const count = node.inputs.length;
  const plan = context.lowerBody(
    body,
    body.parameters.map((_, i) => (i < carries ? i : undefined)),
    carries,
  );
  // Carries live in the outputs' memory from the start.
  const parameters = body.parameters.map((p, i): Binding => {
    if (i < carries) return still(count + i);
    return i < carries + sequences ? { slot: i, stride: sizeOf(p.shape) } : still(i);
  });
  const outputs = body.outputs.map((n, i): Binding => ({ slot: count + i, stride: i < carries ? 0 : sizeOf(n.shape) }));
  const { bodies, slots, buffers } = nest(operands, [{ plan, parameters, outputs }], context);
  const copies: InitialCopies = Array.from({ length: carries }, (_, i) => [i, count + i] as const);
  const kernel: Kernel = {
    kind: "scan",
    name: "scan",
    key: `scan ${++lastControl}`,
    slots,
    copies,
    length,
    reverse,
    body: bodies[0],
  };
  return { kernel, buffers, flops: length * flopsOf(plan), bytes: bytesOfKernel(kernel) };
}

function repeated(node: Node, context: Context): Launch {
  const { condition, body, carries } = node.attributes as WhileAttributes;
  const operands = operandsOf(node, context);
  const count = node.inputs.length;
  const test = context.lowerBody(condition, [], 1);
  const plan = context.lowerBody(
    body,
    body.parameters.map((_, i) => (i < carries ? i : undefined)),
    carries,
  );
  const parameters = body.parameters.map((_, i) => still(i < carries ? count + i : i));
  const { bodies, slots, buffers } = nest(
    operands,
    [
      { plan: test, parameters, outputs: [] },
      { plan, parameters, outputs: [] },
    ],
    context,
  );
  const copies: InitialCopies = Array.from({ length: carries }, (_, i) => [i, count + i] as const);
  const kernel: Kernel = {
    kind: "while",
    name: "while",
    key: `while ${++lastControl}`,
    slots,
    copies,
    condition: bodies[0],
    body: bodies[1],
  };
  return { kernel, buffers, flops: flopsOf(test) + flopsOf(plan), bytes: bytesOfKernel(kernel) };
}

function chosen(node: Node, context: Context): Launch {
  const { branches } = node.attributes as CondAttributes;
  const operands = operandsOf(node, context);
  const count = node.inputs.length;
  const plans = branches.map((g) => ({
    plan: context.lowerBody(g, [], 0),
    parameters: g.parameters.map((_, i) => still(i + 1)),
    outputs: g.outputs.map((_, i) => still(count + i)),
  }));
  const { bodies, slots, buffers } = nest(operands, plans, context);
  const kernel: Kernel = { kind: "cond", name: "cond", key: `cond ${++lastControl}`, slots, branches: [bodies[0], bodies[1]] };
  return { kernel, buffers, flops: flopsOf(plans[0].plan), bytes: bytesOfKernel(kernel) };
}

export const controlLaunches = { scan: scanned, while: repeated, cond: chosen } satisfies Readonly<Record<string, LaunchMaker>>;
