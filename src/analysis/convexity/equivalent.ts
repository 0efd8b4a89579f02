// The same question in a form that is convex: minus a concave function, an increasing function of f, logarithms for positive variables
// (geometric programming), a logarithm without the guard that was added to it. Every form is certified before it is offered.

import { GradusError } from "../../graph/errors.ts";
import { type Node, typeOf } from "../../graph/node.ts";
import { substitute } from "../../graph/rewrite.ts";
import { parameter } from "../../graph/structural.ts";
import { point } from "../../numeric/interval.ts";
import { log as logI } from "../../numeric/interval-elementary.ts";
import * as ops from "../../ops/index.ts";
import type { Certificate, Equivalent, Proof } from "../certificate.ts";
import { composition, formulaOf } from "../composition/index.ts";
import type { Domain } from "../domain.ts";
import { guardless, stable, withLogarithms } from "../expression/index.ts";
import { coordinatesOf } from "../variables.ts";
import { type Problem, problemOf } from "./problem.ts";

type Side = "convex" | "concave";
/** A certificate of the function, undefined where one side is sure not to be proved. */
export type Certify = (problem: Problem, side: Side) => Certificate | undefined;

/** An increasing function h for which h(f) is convex (concave): f is then quasi-convex, and has the same minima. */
export interface Transformed {
  readonly equivalent: Equivalent;
  readonly proof: Proof;
}

/** The text of the function: as it was written, or from its graph. */
function textOf({ source, graph }: Problem): string {
  return source ? source.text.slice(source.syntax.from, source.syntax.to) : formulaOf(graph.outputs[0], 6);
}

function proved(certify: Certify, problem: Problem, side: Side): Proof | undefined {
  const found = certify(problem, side);
  return found && found.excluded === undefined && found[side].answer === "yes" ? found[side].proof : undefined;
}

/** An increasing function of f that is proved to be convex (concave) on the domain. */
export function transformed(problem: Problem, domain: Domain, side: Side, certify: Certify): Transformed | undefined {
  const { graph } = problem;
  const [f] = graph.outputs;
  const of = composition(graph, domain);
  const { lower, upper } = of.entriesOf(of.output)[0].range;
  const text = textOf(problem);
  const constant = (c: number): Node => ops.full(f.shape, c, f.dtype);
  const forms: [string, string, () => Node][] = [];
  if (side === "convex") {
    if (lower >= 0) forms.push([`(${text})^2`, "the square increases where f >= 0", () => ops.square(f)]);
    forms.push([`exp(${text})`, "exp increases", () => ops.exp(f)]);
    if (Number.isFinite(upper)) {
      const below = `-log(${upper} - (${text}))`;
      forms.push([below, `-log(${upper} - f) increases with f`, () => ops.neg(ops.log(ops.sub(constant(upper), f)))]);
    }
  } else {
    if (lower === 0) forms.push([`log(${text})`, "log increases", () => ops.log(f)]);
    else if (Number.isFinite(lower)) {
      const above = lower < 0 ? `log(${text} + ${-lower})` : `log(${text} - ${lower})`;
      forms.push([above, `log(f - ${lower}) increases with f`, () => ops.log(ops.sub(f, constant(lower)))]);
    }
    forms.push([`-exp(-(${text}))`, "-exp(-f) increases with f", () => ops.neg(ops.exp(ops.neg(f)))]);
  }
  const { source: _, excluded: __, ...rest } = problem;
  for (const [expression, why, build] of forms) {
    const proof = proved(certify, { ...rest, domain, graph: { ...graph, outputs: [build()] } }, side);
    if (!proof) continue;
    const verb = side === "convex" ? "minimising" : "maximising";
    return { equivalent: { expression, why: `${why}, so ${verb} f is ${verb} this, which is ${side}` }, proof };
  }
  return undefined;
}

/** log x in place of every variable that is positive on the domain. */
export function inLogarithms(problem: Problem, domain: Domain, certify: Certify): Equivalent | undefined {
  const { graph, variables, source } = problem;
  if (domain.halfSpaces.length > 0 || domain.cones.length > 0) return undefined;
  const box = domain.box.map((side) => ({ ...side }));
  const open = domain.open.map((side) => ({ ...side }));
  const replaced = new Map<Node, Node>();
  const names = new Map<string, string>();
  const parameters: Node[] = [];
  let from = 0;
  graph.parameters.forEach((p, i) => {
    const { name } = variables[i];
    const to = from + coordinatesOf(variables[i]);
    if (domain.box.slice(from, to).every(({ lower }) => lower >= 0)) {
      const renamed = parameter(typeOf(p), `log_${name}`);
      parameters.push(renamed);
      names.set(name, `log_${name}`);
      replaced.set(p, ops.exp(renamed));
      for (let k = from; k < to; k++) {
        const { lower, upper } = box[k];
        box[k] = {
          lower: lower > 0 ? logI(point(lower)).lower : -Infinity,
          upper: upper === Infinity ? upper : logI(point(upper)).upper,
        };
        open[k] = { lower: lower === 0 || open[k].lower, upper: open[k].upper };
      }
    } else {
      parameters.push(p);
      replaced.set(p, p);
    }
    from = to;
  });
  if (names.size === 0) return undefined;
  const outputs = substitute(graph.outputs, replaced);
  const text = source ? withLogarithms(source, names) : formulaOf(outputs[0], 6);
  const { source: _, excluded: __, ...rest } = problem;
  const renamed = variables.map((v) => ({ ...v, name: names.get(v.name) ?? v.name }));
  const asked: Problem = {
    ...rest,
    graph: { parameters, outputs },
    variables: renamed,
    names: problem.names.map((n) => n.replace(/^\w+/, (name) => names.get(name) ?? name)),
    domain: { box, open, halfSpaces: [], cones: [], text: `R^${box.length}` },
  };
  if (!proved(certify, asked, "convex")) return undefined;
  const substitution = [...names].map(([name, log]) => `${name} = exp(${log})`).join(", ");
  return { expression: text, why: `with ${substitution} it is convex (a geometric program)` };
}

/** The formula changed in its text, where that is certified. */
function rewritten(problem: Problem, text: string | undefined, side: Side, certify: Certify): boolean {
  if (text === undefined || !problem.source) return false;
  try {
    const asked = problemOf("certify", problem.source.rewritten(text), { domain: problem.domain });
    return asked.names.join() === problem.names.join() && proved(certify, asked, side) !== undefined;
  } catch (error) {
    if (error instanceof GradusError) return false;
    throw error;
  }
}

/** A formula without the guards of its logarithms, where that is convex. */
export function guardlessForm(problem: Problem, certify: Certify): Equivalent | undefined {
  const bare = problem.source && guardless(problem.source);
  if (!bare || !rewritten(problem, bare.text, "convex", certify)) return undefined;
  return {
    expression: bare.text,
    why: `the guard ${bare.guards.join(", ")} makes it flat where it ought to be steep; computed from logits (softplus, logsumexp) the logarithm needs none`,
  };
}

/** Minus a concave function. */
export function negatedForm(problem: Problem): Equivalent {
  return { expression: `-(${textOf(problem)})`, why: "maximising f is minimising -f, which is convex" };
}

/** The same function in a form that does not overflow, for a formula that does. */
export function stableForm(problem: Problem, side: Side, certify: Certify): Equivalent | undefined {
  const text = problem.source && stable(problem.source);
  if (!rewritten(problem, text, side, certify)) return undefined;
  return { expression: text as string, why: "the same function, which does not overflow where exp does" };
}
