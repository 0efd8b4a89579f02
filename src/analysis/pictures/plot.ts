// Curves and contours as SVG that needs nothing else.

import { escapeHtml, logTicks, niceTicks, tickLabel } from "../../train/report-html.ts";

export type Point = readonly [x: number, y: number];

export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Number of a colour, from 0. */
  readonly colour: number;
  readonly dashed?: boolean;
  /** Draw the points themselves too, or nothing else. */
  readonly dots?: boolean | "only";
}

export interface Mark {
  readonly at: Point;
  readonly label: string;
  readonly colour: number;
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
  readonly marks?: readonly Mark[];
  /** Logarithmic axis of values; what is not positive is left out. */
  readonly logarithmic?: boolean;
  /** Values beyond are cut off: for functions that run away. */
  readonly yRange?: readonly [number, number];
}

const width = 560;
const height = 340;
const margin = { left: 72, right: 16, top: 12, bottom: 42 };
const colours = ["#2563eb", "#d9480f", "#2b8a3e", "#9c36b5", "#868e96", "#e8590c"];

export const colourOf = (index: number): string => colours[index % colours.length];

interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

function scale(low: number, high: number, from: number, to: number, logarithmic: boolean): Scale {
  const ticks = logarithmic ? logTicks(low, high) : niceTicks(low, high, 6);
  const [a, b] = [ticks[0], ticks[ticks.length - 1]].map((t) => (logarithmic ? Math.log10(t) : t));
  const span = b - a || 1;
  return { ticks, place: (value) => from + (((logarithmic ? Math.log10(value) : value) - a) / span) * (to - from) };
}

function axes(x: Scale, y: Scale, xName: string, yName: string): string {
  const bottom = height - margin.bottom;
  const right = width - margin.right;
  const vertical = x.ticks.map((t) => {
    const at = x.place(t).toFixed(1);
    return `<line class="grid" x1="${at}" x2="${at}" y1="${margin.top}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 16}" text-anchor="middle">${tickLabel(t)}</text>`;
  });
  const horizontal = y.ticks.map((t) => {
    const at = y.place(t).toFixed(1);
    return `<line class="grid" x1="${margin.left}" x2="${right}" y1="${at}" y2="${at}"/><text class="tick" x="${margin.left - 6}" y="${at}" dy="4" text-anchor="end">${tickLabel(t)}</text>`;
  });
  const middle = (margin.left + right) / 2;
  return `${vertical.join("")}${horizontal.join("")}<text class="tick" x="${middle}" y="${height - 6}" text-anchor="middle">${escapeHtml(xName)}</text>
<text class="tick" x="14" y="${(margin.top + bottom) / 2}" transform="rotate(-90 14 ${(margin.top + bottom) / 2})" text-anchor="middle">${escapeHtml(yName)}</text>`;
}

const svg = (title: string, inside: string) =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}"><clipPath id="inside"><rect x="${margin.left}" y="${margin.top}" width="${width - margin.left - margin.right}" height="${height - margin.top - margin.bottom}"/></clipPath>${inside}</svg>`;

function stroke(
  path: string,
  colour: number,
  { dashed, dots }: Pick<Curve, "dots"> & { readonly dashed: boolean | undefined },
): string {
  if (dots === "only") return "";
  return `<path d="${path}" fill="none" stroke="${colourOf(colour)}" stroke-width="1.8"${dashed ? ' stroke-dasharray="5 4"' : ""}/>`;
}

/** Its entry in the legend, drawn as the curve is. */
function key({ name, colour, dashed, dots }: Curve): string {
  const look = dots === "only" ? "dotted" : dashed ? "dashed" : "solid";
  return `<span class="key"><i style="border-top:${dots === "only" ? 4 : 2}px ${look} ${colourOf(colour)}"></i>${escapeHtml(name)}</span>`;
}

/** Curves over one axis, as a figure with a legend. Points that are not finite break a curve. */
export function plotFigure(plot: Plot): string {
  const { logarithmic = false, marks = [] } = plot;
  const usable = ([x, y]: Point) => Number.isFinite(x) && Number.isFinite(y) && (!logarithmic || y > 0);
  const points = [...plot.curves.flatMap((curve) => curve.points), ...marks.map(({ at }) => at)].filter(usable);
  if (points.length === 0)
    return `<figure class="chart"><figcaption><h3>${escapeHtml(plot.title)}</h3></figcaption><p>There is nothing to draw.</p></figure>`;
  const xs = points.map(([x]) => x);
  const ys =
    plot.yRange ??
    ([points.reduce((m, [, y]) => Math.min(m, y), Infinity), points.reduce((m, [, y]) => Math.max(m, y), -Infinity)] as const);
  const x = scale(
    xs.reduce((m, v) => Math.min(m, v), Infinity),
    xs.reduce((m, v) => Math.max(m, v), -Infinity),
    margin.left,
    width - margin.right,
    false,
  );
  const y = scale(ys[0], ys[1], height - margin.bottom, margin.top, logarithmic);
  const curves = plot.curves.map(({ points: own, colour, dashed, dots = false }) => {
    let path = "";
    let drawing = false;
    for (const point of own) {
      if (!usable(point)) drawing = false;
      else {
        path += `${drawing ? "L" : "M"}${x.place(point[0]).toFixed(1)} ${y.place(point[1]).toFixed(1)}`;
        drawing = true;
      }
    }
    const circles = dots
      ? own
          .filter(usable)
          .map(
            ([a, b]) =>
              `<circle cx="${x.place(a).toFixed(1)}" cy="${y.place(b).toFixed(1)}" r="2.5" fill="${colourOf(colour)}"/>`,
          )
      : [];
    return `${stroke(path, colour, { dashed, dots })}${circles.join("")}`;
  });
  const labels = marks
    .filter(({ at }) => usable(at))
    .map(({ at, label, colour }) => {
      const [a, b] = [x.place(at[0]), y.place(at[1])];
      return `<circle cx="${a.toFixed(1)}" cy="${b.toFixed(1)}" r="4" fill="${colourOf(colour)}"/><text class="tick" x="${(a + 7).toFixed(1)}" y="${(b - 7).toFixed(1)}">${escapeHtml(label)}</text>`;
    });
  const legend = plot.curves.map(key);
  return `<figure class="chart"><figcaption><h3>${escapeHtml(plot.title)}</h3></figcaption>
${svg(plot.title, `${axes(x, y, plot.x, plot.y)}<g clip-path="url(#inside)">${curves.join("")}${labels.join("")}</g>`)}
<div class="legend">${legend.join("")}</div></figure>`;
}

export interface ContourPlot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Ascending. */
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  /** values[i·ys.length + j] at xs[i], ys[j]. */
  readonly values: ArrayLike<number>;
  readonly paths?: readonly Curve[];
  readonly marks?: readonly Mark[];
  /** Number of contour lines. Default 16. */
  readonly levels?: number;
}

/** Level lines of a function of two variables, at quantiles of its values, with paths over them. */
export function contourFigure(plot: ContourPlot): string {
  const { xs, ys, values, paths = [], marks = [] } = plot;
  const x = scale(xs[0], xs[xs.length - 1], margin.left, width - margin.right, false);
  const y = scale(ys[0], ys[ys.length - 1], height - margin.bottom, margin.top, false);
  const finite = Array.from(values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const count = plot.levels ?? 16;
  const levels = Array.from({ length: count }, (_, i) => finite[Math.floor(((i + 0.5) / count) * finite.length)]);
  const lines = [...new Set(levels)].map((level, i, all) => {
    const segments = levelSegments(plot, level).map(
      ([a, b, c, d]) => `M${x.place(a).toFixed(1)} ${y.place(b).toFixed(1)}L${x.place(c).toFixed(1)} ${y.place(d).toFixed(1)}`,
    );
    const hue = Math.round(230 - (200 * i) / Math.max(1, all.length - 1));
    return `<path d="${segments.join("")}" fill="none" stroke="hsl(${hue} 70% 55%)"><title>${tickLabel(Number(level.toPrecision(4)))}</title></path>`;
  });
  const routes = paths.map(({ points, colour, dashed, dots = true }) => {
    const places = points
      .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b))
      .map(([a, b]) => `${x.place(a).toFixed(1)} ${y.place(b).toFixed(1)}`);
    const circles = places.map(
      (place) => `<circle cx="${place.split(" ")[0]}" cy="${place.split(" ")[1]}" r="2.2" fill="${colourOf(colour)}"/>`,
    );
    return `${stroke(`M${places.join("L")}`, colour, { dashed, dots })}${circles.join("")}`;
  });
  const labels = marks.map(
    ({ at, label, colour }) =>
      `<circle cx="${x.place(at[0]).toFixed(1)}" cy="${y.place(at[1]).toFixed(1)}" r="4" fill="${colourOf(colour)}"/><text class="tick" x="${(x.place(at[0]) + 7).toFixed(1)}" y="${(y.place(at[1]) - 7).toFixed(1)}">${escapeHtml(label)}</text>`,
  );
  const range =
    finite.length === 0
      ? ""
      : `values from ${tickLabel(Number(finite[0].toPrecision(4)))} (blue) to ${tickLabel(Number(finite[finite.length - 1].toPrecision(4)))} (red)`;
  return `<figure class="chart"><figcaption><h3>${escapeHtml(plot.title)}</h3></figcaption>
${svg(plot.title, `${axes(x, y, plot.x, plot.y)}<g clip-path="url(#inside)">${lines.join("")}${routes.join("")}${labels.join("")}</g>`)}
<div class="legend">${paths.map(key).join("")}<span class="soft">${range}</span></div></figure>`;
}

/** Marching squares with the cell's mean at saddles (Lorensen & Cline 1987, in two dimensions). */
function levelSegments({ xs, ys, values }: ContourPlot, level: number): [number, number, number, number][] {
  const segments: [number, number, number, number][] = [];
  const at = (i: number, j: number) => values[i * ys.length + j];
  for (let i = 0; i + 1 < xs.length; i++) {
    for (let j = 0; j + 1 < ys.length; j++) {
      const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
      ] as const;
      const heights = corners.map(([a, b]) => at(a, b) - level);
      if (!heights.every(Number.isFinite)) continue;
      const crossings: Point[] = [];
      for (let k = 0; k < 4; k++) {
        const [h, next] = [heights[k], heights[(k + 1) % 4]];
        if (h >= 0 === next >= 0) continue;
        const t = h / (h - next);
        const [[a, b], [c, d]] = [corners[k], corners[(k + 1) % 4]];
        crossings.push([xs[a] + t * (xs[c] - xs[a]), ys[b] + t * (ys[d] - ys[b])]);
      }
      if (crossings.length === 2) segments.push([...crossings[0], ...crossings[1]]);
      else if (crossings.length === 4) {
        const inside = heights.reduce((sum, h) => sum + h, 0) >= 0 === heights[0] >= 0;
        const pairs = inside
          ? [
              [0, 1],
              [2, 3],
            ]
          : [
              [0, 3],
              [1, 2],
            ];
        for (const [p, q] of pairs) segments.push([...crossings[p], ...crossings[q]]);
      }
    }
  }
  return segments;
}
