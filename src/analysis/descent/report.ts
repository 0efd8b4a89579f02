// The report of a run as text.

import type { Known } from "./constants.ts";
import type { Outcome } from "./run.ts";
import type { TheoremReport } from "./theorems.ts";

const short = (x: number) => (Number.isNaN(x) ? "–" : String(Number(x.toPrecision(6))));

const endings: Readonly<Record<Outcome["path"]["stopped"], string>> = {
  gradient: "the gradient is small enough",
  movement: "the iterates move no more",
  iterations: "the budget of iterations is spent",
  time: "the budget of time is spent",
  diverged: "it diverged",
  stuck: "no further step could be found",
  unbounded: "f falls without end",
  asked: "stopped by the caller",
};

/** Constants with their standing, as "L = 8 (proved)". */
function constants(outcome: Outcome): string {
  const { facts, minimum } = outcome;
  const numeric = (name: string, known: Known | undefined) =>
    known ? [`${name} = ${short(known.value)} (${known.status})`] : [];
  const truth = (name: string, known: Known<boolean> | undefined) => (known?.value ? [`${name} (${known.status})`] : []);
  return [
    ...numeric("L", facts.L),
    ...numeric("μ", facts.mu),
    ...truth("convex", facts.convex),
    ...truth("quadratic", facts.quadratic),
    ...(facts.pl !== facts.mu ? numeric("pl", facts.pl) : []),
    ...numeric("M", facts.lipschitz ?? facts.hessianLipschitz),
    ...numeric("f*", minimum),
  ].join(", ");
}

function theorem(report: TheoremReport): string[] {
  const { id, name, statement, bounds, measured, held, failedAt, tightness, tightestAt, status, quantity, sense } = report;
  const last = bounds.length - 1 - [...bounds].reverse().findIndex((b) => !Number.isNaN(b));
  const verdict = held
    ? `held; tightest at k = ${tightestAt}: ${(100 * tightness).toPrecision(3)} % of the bound`
    : `FAILED at k = ${failedAt}: a hypothesis does not hold`;
  const relation = sense === "at most" ? "≤" : "≥";
  return [
    `${id} ${name} (hypotheses ${status})`,
    `   ${statement}`,
    ...(last < bounds.length
      ? [`   k = ${last}: ${quantity} = ${short(measured[last])} ${relation} ${short(bounds[last])}; ${verdict}`]
      : []),
  ];
}

/** What several theorems lack in common is said once. */
function inapplicableLines(inapplicable: Outcome["inapplicable"]): string[] {
  const reasons = [...new Set(inapplicable.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const alike = inapplicable.filter((theorem) => theorem.reason === reason);
    const [{ id, name }] = alike;
    if (alike.length === 1) return `${id} ${name}: does not apply, ${reason}.`;
    return `${alike.map((theorem) => theorem.id).join(", ")}: do not apply, ${reason}.`;
  });
}

export function summary(outcome: Outcome): string {
  const { method, rule, step, momentum, path, rate, rateOf, beyond, notes, theorems, inapplicable, evaluations } = outcome;
  const last = path.values.length - 1;
  const how = [
    step === undefined ? rule.kind : `step ${short(step)}`,
    ...(momentum === undefined ? [] : [`momentum ${short(momentum)}`]),
  ];
  const lines = [
    `${method}, ${how.join(", ")}: ${last} iterations, ${evaluations} evaluations; ${endings[path.stopped]}.`,
    `f = ${short(path.values[0])} → ${short(path.values[last])}, ‖∇f‖ = ${short(path.gradientNorms[0])} → ${short(path.gradientNorms[last])}`,
    constants(outcome),
    `Measured rate of ${rateOf}: ${rate.text}.`,
    ...(beyond ? [beyond.text] : []),
    ...notes,
    ...theorems.flatMap(theorem),
    ...inapplicableLines(inapplicable),
  ];
  return lines.filter((line) => line !== "").join("\n");
}
