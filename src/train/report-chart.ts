// Line charts of reports: SVG that reads without a script. The script of report-style.ts adds the values under the pointer.

import { isShare, metric, percent } from "./format.ts";
import { escapeHtml, logTicks, niceTicks, tickLabel } from "./report-html.ts";
import { margins } from "./report-style.ts";

export interface Series {
  readonly name: string;
  /** CSS class that gives the colour: "train", "validation" or "steps". */
  readonly style: "train" | "validation" | "steps";
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What the values are; shares are written as percentages. */
  readonly metric: string;
  readonly series: readonly Series[];
  /** Epoch to mark, and what to call it. */
  readonly mark?: { readonly epoch: number; readonly label: string };
  /** Name of the second view, drawn with a logarithmic axis: the values themselves, or for shares 1 − value. */
  readonly logName: string;
}

const width = 560;
const height = 300;
const margin = margins();

/** A figure with a linear and a logarithmic view, a legend, and all values in a table. */
export function chartFigure(chart: Chart): string {
  const share = isShare(chart.metric);
  const loggable = share ? complement(chart) : positive(chart);
  const views = loggable === undefined ? [] : [svg(chart, "log", loggable)];
  const toggle =
    loggable === undefined
      ? ""
      : `<fieldset class="views"><legend class="hidden">Axis of ${escapeHtml(chart.title)}</legend>
<label><input type="radio" name="${chart.id}" value="linear" checked> linear</label>
<label><input type="radio" name="${chart.id}" value="log"> ${escapeHtml(chart.logName)}</label></fieldset>`;
  const legend = chart.series.map(({ name, style }) => `<span class="key ${style}"><i></i>${escapeHtml(name)}</span>`).join("");
  return `<figure class="chart" id="${chart.id}" data-values="${escapeHtml(JSON.stringify(hoverValues(chart)))}">
<figcaption><h3>${escapeHtml(chart.title)}</h3>${toggle}</figcaption>
${svg(chart, "linear", chart.series)}
${views.join("\n")}
<div class="legend">${legend}</div>
<output class="tip" hidden></output>
</figure>`;
}

/** The same values as a table, for readers who do not see the curves. */
export function valueTable(charts: readonly Chart[]): string {
  const columns = charts.flatMap(({ metric: name, series }) =>
    series.filter(({ style }) => style !== "steps").map((one) => ({ name, series: one })),
  );
  const epochs = [...new Set(columns.flatMap(({ series }) => series.points.map(([x]) => x)))].sort((a, b) => a - b);
  const head = columns.map(({ name, series }) => `<th scope="col">${escapeHtml(`${series.name} ${name}`)}</th>`).join("");
  const rows = epochs.map((epoch) => {
    const cells = columns.map(({ name, series }) => {
      const value = series.points.find(([x]) => x === epoch)?.[1];
      return `<td>${value === undefined ? "" : written(name, value)}</td>`;
    });
    return `<tr><th scope="row">${epoch}</th>${cells.join("")}</tr>`;
  });
  return `<table class="numbers"><thead><tr><th scope="col">epoch</th>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
}

function svg(chart: Chart, view: "linear" | "log", series: readonly Series[]): string {
  const points = series.flatMap((one) => one.points.filter(([, y]) => Number.isFinite(y)));
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [low, high] = points.length === 0 ? [0, 1] : [Math.min(...ys), Math.max(...ys)];
  const ticks = view === "log" ? logTicks(low, high) : linearTicks(chart, low, high);
  const [bottom, top] = [ticks[0], ticks[ticks.length - 1]];
  const firstX = Math.min(...xs, series.some(({ style }) => style === "steps") ? 0 : 1);
  const lastX = Math.max(...xs, firstX + 1);
  const place = view === "log" ? Math.log : (y: number) => y;
  const x = (value: number) => margin.left + ((value - firstX) / (lastX - firstX)) * (width - margin.left - margin.right);
  const y = (value: number) =>
    height -
    margin.bottom -
    ((place(value) - place(bottom)) / (place(top) - place(bottom) || 1)) * (height - margin.top - margin.bottom);
  const label = (tick: number) =>
    isShare(chart.metric) ? `${tickLabel(Number((100 * tick).toPrecision(10)))} %` : tickLabel(tick);
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${f(y(tick))}" y2="${f(y(tick))}"/>` +
      `<text class="tick" x="${margin.left - 8}" y="${f(y(tick) + 4)}" text-anchor="end">${label(tick)}</text>`,
  );
  const epochs = niceTicks(firstX, lastX, 8).filter((tick) => Number.isInteger(tick) && tick >= firstX && tick <= lastX);
  const bottomLabels = epochs.map(
    (tick) => `<text class="tick" x="${f(x(tick))}" y="${height - margin.bottom + 18}" text-anchor="middle">${tick}</text>`,
  );
  const mark =
    chart.mark === undefined
      ? ""
      : `<line class="mark" x1="${f(x(chart.mark.epoch))}" x2="${f(x(chart.mark.epoch))}" y1="${margin.top}" y2="${height - margin.bottom}"><title>${escapeHtml(chart.mark.label)}</title></line>`;
  const name = view === "log" ? chart.logName : "linear axis";
  return `<svg class="${view}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(describe(chart))}, ${escapeHtml(name)}" tabindex="0" data-from="${firstX}" data-to="${lastX}">
${grid.join("\n")}
${bottomLabels.join("")}
<text class="tick" x="${(margin.left + width - margin.right) / 2}" y="${height - 4}" text-anchor="middle">epoch</text>
${mark}
${series.map((one) => line(one, x, y)).join("\n")}
<line class="cursor" y1="${margin.top}" y2="${height - margin.bottom}" hidden/>
</svg>`;
}

/** A share is drawn up to 100 % at most; a loss from 0 when that wastes less than half of the picture. */
function linearTicks(chart: Chart, low: number, high: number): number[] {
  if (isShare(chart.metric)) {
    const ticks = niceTicks(low, Math.min(1, Math.max(high, low + 0.01)), 6);
    return ticks.filter((tick) => tick <= 1 + 1e-9);
  }
  return niceTicks(low >= 0 && low < high / 2 ? 0 : low, high, 6);
}

/** Unbroken runs of finite points; a single point is a dot. */
function line(series: Series, x: (value: number) => number, y: (value: number) => number): string {
  let path = "";
  let drawing = false;
  for (const [px, py] of series.points) {
    if (!Number.isFinite(py)) {
      drawing = false;
      continue;
    }
    path += `${drawing ? "L" : "M"}${f(x(px))} ${f(y(py))}`;
    drawing = true;
  }
  const finite = series.points.filter(([, py]) => Number.isFinite(py));
  const dots =
    series.style === "steps" || finite.length > 40
      ? ""
      : finite.map(([px, py]) => `<circle cx="${f(x(px))}" cy="${f(y(py))}" r="3"/>`).join("");
  return `<g class="series ${series.style}"><path d="${path}"/>${dots}</g>`;
}

/** 1 − share, or undefined when some share is 1: its logarithm would not exist. */
function complement({ series }: Chart): Series[] | undefined {
  const flipped = series.map((one) => ({ ...one, points: one.points.map(([x, y]) => [x, 1 - y] as const) }));
  return flipped.every(({ points }) => points.every(([, y]) => !(y <= 1e-9))) ? flipped : undefined;
}

function positive({ series }: Chart): readonly Series[] | undefined {
  return series.every(({ points }) => points.every(([, y]) => !(y < 1e-250))) ? series : undefined;
}

function hoverValues({ metric: name, series }: Chart): Record<string, Record<string, string>> {
  const values: Record<string, Record<string, string>> = {};
  for (const one of series.filter(({ style }) => style !== "steps")) {
    for (const [x, y] of one.points) values[x] = { ...values[x], [one.name]: written(name, y) };
  }
  return values;
}

function describe({ title, metric: name, series }: Chart): string {
  const ends = series
    .filter(({ style, points }) => style !== "steps" && points.length > 0)
    .map((one) => {
      const [[, first], [, last]] = [one.points[0], one.points[one.points.length - 1]];
      return `${one.name} from ${written(name, first)} to ${written(name, last)}`;
    });
  return `${title}: ${ends.join(", ")}`;
}

function written(name: string, value: number): string {
  return isShare(name) ? percent(value) : metric(value);
}

/** A coordinate with as many digits as can be seen. */
function f(value: number): string {
  return String(Number(value.toFixed(1)));
}
