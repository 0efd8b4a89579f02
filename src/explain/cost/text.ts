// A cost report as tables of plain text.

import { formatShape } from "../../graph/shape.ts";
import { bytes, columns, count } from "../../train/format.ts";
import type { CostReport } from "./cost.ts";
import type { WeightCost } from "./rule.ts";

/** The report as text: totals, modules, memory, the rule; with `nodes` every node besides. */
export function formatCost(report: CostReport, { nodes = false }: { readonly nodes?: boolean } = {}): string {
  const { forward, backward, total, parameters, outputs, rule } = report;
  const sum = [
    ["", "multiply-adds", "elementary", "transcendental"],
    ["forward", ...numbers(forward)],
    ["backward", ...numbers(backward)],
    ["total", ...numbers(total)],
  ];
  const sections = [
    `${count(parameters)} parameters, ${rule.examples === 1 ? "one example" : `${rule.examples} examples`}, result ${outputs.map((o) => formatShape(o.shape)).join(", ")}`,
    columns(sum, ["left", "right", "right", "right"]).join("\n"),
    modulesText(report),
    memoryText(report),
    ruleText(report),
    ...(nodes ? [nodesText(report)] : []),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

type Counts = CostReport["total"];

const numbers = ({ multiplyAdds, elementary, transcendental }: Counts) => [multiplyAdds, elementary, transcendental].map(count);

function modulesText({ modules }: CostReport): string {
  if (modules.length < 2) return "";
  const isBelow = (path: string, above: string) => above === "" || path.startsWith(`${above}.`);
  // A module that is nothing but its one part is left out, as layers[0] above layers[0].linear.
  const shown = modules.filter(
    ({ path, forward, backward }) =>
      path === "" ||
      !modules.some(
        (part) => part.path !== path && isBelow(part.path, path) && same(part.forward, forward) && same(part.backward, backward),
      ),
  );
  const rows = shown.map(({ path, forward, backward }) => {
    const above = shown.filter((other) => other.path !== path && isBelow(path, other.path));
    const nearest = above.reduce((longest, { path: p }) => (p.length > longest.length ? p : longest), "");
    const name = path === "" ? "all" : nearest === "" ? path : path.slice(nearest.length + 1);
    return [
      "  ".repeat(above.length) + name,
      count(forward.multiplyAdds),
      count(backward.multiplyAdds),
      ...others(forward, backward),
    ];
  });
  const head = ["module", "mult-adds forward", "backward", "elementary", "transcendental"];
  return columns([head, ...rows], ["left", "right", "right", "right", "right"]).join("\n");
}

const same = (a: Counts, b: Counts) =>
  a.multiplyAdds === b.multiplyAdds && a.elementary === b.elementary && a.transcendental === b.transcendental;

const others = (a: Counts, b: Counts) => [count(a.elementary + b.elementary), count(a.transcendental + b.transcendental)];

function memoryText({ memory }: CostReport): string {
  const rows = [
    ["parameters", bytes(memory.parameterBytes)],
    ["inputs", bytes(memory.inputBytes)],
    ["kept for the backward pass", bytes(memory.keptBytes)],
    ["gradients", bytes(memory.gradientBytes)],
    ["compiled, at its peak", bytes(memory.peakBytes)],
  ];
  return columns(rows, ["left", "right"]).join("\n");
}

function ruleText({ rule }: CostReport): string {
  const { tensors, examples, betweenActivations } = rule;
  const weights = tensors.reduce((n, t) => n + t.weights, 0);
  const meeting = tensors.reduce((n, t) => n + (t.met ? t.weights : 0), 0);
  const batch = examples === 1 ? "" : `; all counts are those of one example times ${examples}`;
  const rows = tensors.map((t) => [
    t.name,
    formatShape(t.shape),
    times(t.perWeight.forward),
    times(t.perWeight.backward),
    t.met ? "met" : "not met",
  ]);
  const head = ["weights", "shape", "forward", "backward", ""];
  const table = columns([head, ...rows], ["left", "left", "right", "right", "left"]);
  const between = betweenActivations.forward + betweenActivations.backward;
  return [
    `One multiply-add per weight forward, two backward: met by ${count(meeting)} of ${count(weights)} weights${batch}.`,
    ...table,
    ...reasons(tensors),
    ...(between > 0
      ? [
          `${count(betweenActivations.forward)} multiply-adds forward and ${count(betweenActivations.backward)} backward have no weight as a factor: activations are multiplied with each other.`,
        ]
      : []),
  ].join("\n");
}

const times = (x: number) => String(Number(x.toPrecision(6)));

/** Each reason once, with the tensors that it holds for. */
function reasons(tensors: readonly WeightCost[]): string[] {
  const found = new Map<string, string[]>();
  for (const { name, reasons: why } of tensors) {
    for (const reason of why) found.set(reason, [...(found.get(reason) ?? []), name]);
  }
  return [...found].map(([reason, names]) => {
    const shown = names.length > 4 ? [...names.slice(0, 3), `… (${names.length})`] : names;
    return `- ${shown.join(", ")}: ${reason}.`;
  });
}

function nodesText({ nodes }: CostReport): string {
  const rows = nodes.map((n) => [n.pass, String(n.number), n.operation, formatShape(n.output.shape), ...numbers(n), n.path]);
  const head = ["pass", "", "operation", "output", "multiply-adds", "elementary", "transcendental", "module"];
  return columns([head, ...rows], ["left", "right", "left", "left", "right", "right", "right", "left"]).join("\n");
}
