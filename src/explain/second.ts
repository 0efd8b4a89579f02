// Second order: how the error signals move when the parameters do. Every quantity of both passes is differentiated forward along a
// direction (Pearlmutter 1994, Fast exact multiplication by the Hessian): with a few scalar parameters along each of them, which gives the
// rows of the Hessian; else along the gradient, which gives the Hessian times the gradient.

import { isFloat } from "../graph/dtype.ts";
import { type Node, typeOf } from "../graph/node.ts";
import { parameter } from "../graph/structural.ts";
import { pushforward } from "../ops/autodiff.ts";
import type { PreparedBackward } from "./backward.ts";
import type { Name, Quantity } from "./explanation.ts";
import { directionalName, gradientName, partialName } from "./naming.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { segments } from "./segments.ts";
import type { Named } from "./trace-quantities.ts";
import type { Fixed } from "./whole.ts";

export interface Second {
  readonly steps: readonly Prepared[];
  readonly quantities: readonly Quantity[];
}

/** Scalar parameters up to which every row of the Hessian is worked out. */
const mostRows = 4;

export interface Passes {
  readonly forward: readonly Prepared[];
  readonly backward: readonly PreparedBackward[];
  /** What derivatives go to. */
  readonly wrt: readonly Quantity[];
  readonly loss: Named;
  readonly quantities: ReadonlyMap<string, Quantity>;
  readonly fixed: Fixed;
  readonly call: (wanted: string) => Name;
}

/** Where the leaves move: a number, or a quantity, for each that does. */
type Direction = ReadonlyMap<string, string | number>;

export function secondOf(passes: Passes): Second {
  const { wrt, loss } = passes;
  const byRows = wrt.length <= mostRows && wrt.every(({ shape }) => shape.length === 0);
  if (byRows) {
    const rows = wrt.map((along) => {
      const naming = (of: Name) => partialName(of, along.name, loss.quantity.name);
      return alongDirection(passes, new Map([[along.name.id, 1]]), naming, `derivative along ${along.name.text}`);
    });
    return { steps: rows.flatMap(({ steps }) => steps), quantities: rows.flatMap(({ quantities }) => quantities) };
  }
  const direction = new Map(wrt.map(({ name }) => [name.id, gradientName(name, loss.quantity.name).id]));
  const reached = new Set(passes.backward.map(({ of }) => of));
  const present = new Map([...direction].filter(([id]) => reached.has(id)));
  return alongDirection(passes, present, directionalName, "derivative along the gradient");
}

function alongDirection(
  { forward, backward, wrt, quantities, fixed, call }: Passes,
  direction: Direction,
  naming: (of: Name) => Name,
  meaning: string,
): Second {
  const tangents = new Map<string, string | number>(direction);
  const steps: Prepared[] = [];
  const made: Quantity[] = [];
  const differentiate = (prepared: Prepared) => {
    const of = quantities.get(prepared.id);
    const moving = [...prepared.leaves].filter(
      ([node, leaf]) => typeof leaf === "string" && tangents.has(leaf) && isFloat(node.dtype),
    );
    if (!of || moving.length === 0) return;
    const leaves = new Map<Node, string | number>(prepared.leaves);
    const given = moving.map(([node, leaf]) => {
      const tangent = parameter(typeOf(node), "t");
      leaves.set(tangent, tangents.get(leaf as string) as string | number);
      return tangent;
    });
    const [pushed] = pushforward(
      [prepared.node],
      moving.map(([node]) => node),
      given,
    );
    if (!pushed) return;
    // The value itself is known here: σ′(z) is written with σ(z).
    if (!leaves.has(prepared.node)) leaves.set(prepared.node, prepared.id);
    for (const part of segments([pushed], leaves, longest)) {
      if (part === pushed) continue;
      const name = call("r");
      made.push({
        name,
        role: "intermediate",
        shape: part.shape,
        dtype: part.dtype,
        meaning: "part of a formula",
        path: of.path,
      });
      steps.push(prepare(name.id, part, leaves, "computed", fixed));
      leaves.set(part, name.id);
    }
    const name = naming(of.name);
    made.push({
      name,
      role: "intermediate",
      shape: of.shape,
      dtype: of.dtype,
      meaning: `${meaning} of ${of.name.text}`,
      path: of.path,
    });
    steps.push(prepare(name.id, pushed, leaves, "copied", fixed));
    tangents.set(prepared.id, name.id);
  };
  for (const prepared of forward) differentiate(prepared);
  for (const { helpers, contributions, total } of backward) {
    for (const helper of helpers) differentiate(helper);
    if (contributions.length > 1) for (const { prepared } of contributions) differentiate(prepared);
    differentiate(total);
  }
  return { steps: needed(steps, new Set(wrt.map(({ name }) => name.id)), backward, tangents), quantities: made };
}

/** Operations that a second-order line holds. */
const longest = 10;

/** The steps on which the derivatives of the parameters' error signals depend. */
function needed(
  steps: readonly Prepared[],
  wrt: ReadonlySet<string>,
  backward: readonly PreparedBackward[],
  tangents: ReadonlyMap<string, string | number>,
): Prepared[] {
  const wanted = new Set<string | number>();
  for (const { of, total } of backward) if (wrt.has(of)) wanted.add(tangents.get(total.id) ?? 0);
  const kept: Prepared[] = [];
  for (const step of [...steps].reverse()) {
    if (!wanted.has(step.id)) continue;
    kept.push(step);
    for (const leaf of step.leaves.values()) wanted.add(leaf);
  }
  return kept.reverse();
}
