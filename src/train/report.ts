// The report of a training run: one HTML file that needs nothing else, neither network nor script, to be read.

import type { JsonValue } from "./command.ts";
import { count, duration, isShare, metric, namedMetric, percent, rate } from "./format.ts";
import { type Chart, chartFigure, type Series, valueTable } from "./report-chart.ts";
import type { ReportData, ReportEpoch } from "./report-data.ts";
import { escapeHtml } from "./report-html.ts";
import { profileSection } from "./report-profile.ts";
import { confusionSection, mistakesSection, parametersSection, weightsSection } from "./report-sections.ts";
import { css, script } from "./report-style.ts";

/** `data` as a self-contained HTML page. */
export function renderReport(data: ReportData): string {
  const charts = chartsOf(data);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="gradus ${escapeHtml(data.version)}">
<title>${escapeHtml(data.title)} · ${data.status} · Gradus</title>
<style>${css}</style>
</head>
<body>
<header>
<h1>${escapeHtml(data.title)}<span class="badge ${data.status}">${data.status}</span></h1>
<p class="when">${escapeHtml(subtitle(data))}</p>
${data.message === undefined ? "" : `<p class="message">${escapeHtml(data.message)}</p>`}
${facts(data)}
</header>
<main>
${[
  curves(data, charts),
  data.confusion === undefined ? "" : confusionSection(data.confusion),
  data.mistakes === undefined ? "" : mistakesSection(data.mistakes),
  data.weights === undefined ? "" : weightsSection(data.weights),
  parametersSection(data.parameters),
  data.profile === undefined ? "" : profileSection(data.profile),
  settings(data),
]
  .filter((part) => part !== "")
  .join("\n")}
</main>
<footer>Written by Gradus ${escapeHtml(data.version)}.</footer>
<script>${script}</script>
</body>
</html>
`;
}

function subtitle({ startedAt, history, engine, seed }: ReportData): string {
  const epochs = `${history.length} ${history.length === 1 ? "epoch" : "epochs"}`;
  return `${startedAt.replace("T", " ").replace(/:\d\d(\.\d+)?Z?$/, " UTC")} · ${epochs} · engine ${engine} · seed ${seed}`;
}

/** The numbers one looks for first. */
function facts(data: ReportData): string {
  const { history, examples, seconds } = data;
  const last = history[history.length - 1];
  const rows: (readonly [name: string, value: string, lead?: boolean])[] = [];
  if (last !== undefined) {
    const names = ["val_accuracy", "accuracy", "val_loss", "loss"].filter((name) => name in last.metrics);
    names.forEach((name, index) => {
      rows.push([readable(name), written(name, last.metrics[name]), index === 0]);
    });
  }
  rows.push(["training time", duration(seconds)]);
  if (examples !== undefined && history.length > 0 && seconds > 0) {
    rows.push(["examples a second", rate((examples.train * history.length) / seconds)]);
  }
  rows.push(["parameters", count(data.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0))]);
  const cells = rows.map(
    ([name, value, lead]) => `<div${lead === true ? ' class="lead"' : ""}><dt>${name}</dt><dd>${value}</dd></div>`,
  );
  return `<dl class="facts">${cells.join("")}</dl>`;
}

function chartsOf({ history, steps }: ReportData): Chart[] {
  const names = new Set(history.flatMap(({ metrics }) => Object.keys(metrics)));
  const plain = [...names].filter((name) => !name.startsWith("val_"));
  const unpaired = [...names].filter((name) => name.startsWith("val_") && !names.has(name.slice(4))).map((name) => name.slice(4));
  const ordered = [...plain, ...unpaired].sort((a, b) => Number(b === "loss") - Number(a === "loss"));
  return ordered.map((name) => {
    const series: Series[] = [
      { name: "training", style: "train", points: pointsOf(history, name) },
      { name: "validation", style: "validation", points: pointsOf(history, `val_${name}`) },
    ];
    if (name === "loss" && steps !== undefined && steps.length > 0) {
      series.unshift({ name: "training, within epochs", style: "steps", points: steps.map(({ epoch, loss }) => [epoch, loss]) });
    }
    const mark = bestEpoch(history, `val_${name}`);
    return {
      id: `chart-${name.replace(/\W/g, "-")}`,
      title: readable(name).replace(/^./, (letter) => letter.toUpperCase()),
      metric: name,
      series: series.filter(({ points }) => points.length > 0),
      logName: isShare(name) ? "error, logarithmic" : "logarithmic",
      ...(mark === undefined ? {} : { mark }),
    };
  });
}

function pointsOf(history: readonly ReportEpoch[], name: string): (readonly [number, number])[] {
  return history.filter(({ metrics }) => name in metrics).map(({ epoch, metrics }) => [epoch, metrics[name]] as const);
}

function bestEpoch(history: readonly ReportEpoch[], name: string): Chart["mark"] | undefined {
  const points = pointsOf(history, name).filter(([, value]) => Number.isFinite(value));
  if (points.length < 2) return undefined;
  const sign = isShare(name) ? -1 : 1;
  const [epoch, value] = points.reduce((best, point) => (sign * point[1] < sign * best[1] ? point : best));
  return { epoch, label: `${namedMetric(name, value).replace(/^val /, "validation ")} in epoch ${epoch}` };
}

function curves({ history }: ReportData, charts: readonly Chart[]): string {
  if (history.length === 0) return `<section><h2>Learning curves</h2><p class="soft">No epoch was completed.</p></section>`;
  const marks = charts.flatMap(({ mark }) => (mark === undefined ? [] : [mark.label]));
  return `<section><h2>Learning curves</h2>
${marks.length === 0 ? "" : `<p class="soft">Dotted lines mark the best epochs: ${escapeHtml(marks.join(", "))}.</p>`}
<div class="pair">${charts.map(chartFigure).join("\n")}</div>
<details><summary>All values</summary><div class="scroll">${valueTable(charts)}</div></details></section>`;
}

/** What was asked for, where it ran, where the time went, and how to run it again. */
function settings({ configuration, machine, timing, command, seconds }: ReportData): string {
  const total = timing?.reduce((sum, part) => sum + part.seconds, 0) ?? 0;
  const timeRows = (timing ?? []).map(
    (part) =>
      `<li><b>${escapeHtml(part.name)}</b><div class="bar"><i style="width:${((100 * part.seconds) / (total || 1)).toFixed(1)}%;background:var(--train)"></i></div>` +
      `<span>${duration(part.seconds)}</span></li>`,
  );
  const time = timeRows.length === 0 ? "" : `<ul class="pairs">${timeRows.join("")}</ul>`;
  return `<section><h2>Configuration, time and machine</h2>
<div class="pair">
<div class="card"><h3>Configuration</h3>${factTable(flatten(configuration))}</div>
<div><div class="card"><h3>Time: ${duration(seconds)}</h3>${time}</div>
<div class="card"><h3>Machine</h3>${factTable(Object.entries(machine))}</div></div>
</div>
${command === undefined ? "" : `<p style="margin-top:20px">To run this again, to the same bits:</p><pre><code>${escapeHtml(command)}</code></pre>`}
</section>`;
}

function factTable(rows: readonly (readonly [string, string])[]): string {
  const body = rows.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td class="text"><code>${escapeHtml(value)}</code></td></tr>`,
  );
  return `<table class="numbers"><tbody>${body.join("")}</tbody></table>`;
}

/** Nested configuration as dotted paths; arrays of plain values stay on one line. */
function flatten(value: Readonly<Record<string, JsonValue>>, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, item]): [string, string][] => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (isRecord(item)) return flatten(item, path);
    return [[path, typeof item === "string" ? item : JSON.stringify(item)]];
  });
}

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readable(name: string): string {
  return escapeHtml(name.replace(/^val_/, "validation ").replaceAll("_", " "));
}

function written(name: string, value: number): string {
  return isShare(name) ? percent(value) : metric(value);
}
