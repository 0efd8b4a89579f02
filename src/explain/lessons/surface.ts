// A function of two variables as a coloured square, with points on it: what a classifier answers all over the plane.

import { escapeHtml, tickLabel } from "../../train/report-html.ts";
import { divergingIndex, divergingPalette, pngDataUri } from "../../train/report-image.ts";

export interface SurfacePlot {
  readonly title: string;
  readonly x: { readonly name: string; readonly low: number; readonly high: number };
  readonly y: { readonly name: string; readonly low: number; readonly high: number };
  /** Points on each side of the square. */
  readonly size: number;
  /** values[i·size + j] at the i-th x and the j-th y, both ascending, ends included. */
  readonly values: ArrayLike<number>;
  /** The value that is drawn white; orange below, blue above. Default 0. */
  readonly middle?: number;
  readonly points?: readonly { readonly at: readonly [number, number]; readonly above: boolean; readonly label?: string }[];
}

const side = 300;
const margin = { left: 46, bottom: 40, top: 10, right: 14 };

/** A point that is `above` is filled dark, one that is not is left open. */
export function surfaceFigure(plot: SurfacePlot): string {
  const { title, x, y, size, values, middle = 0, points = [] } = plot;
  const limit = Array.from(values).reduce((most, v) => Math.max(most, Math.abs(v - middle)), 0) || 1;
  const pixels = new Uint8Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) pixels[(size - 1 - j) * size + i] = divergingIndex(values[i * size + j] - middle, limit);
  }
  const across = (v: number) => margin.left + ((v - x.low) / (x.high - x.low)) * side;
  const up = (v: number) => margin.top + side - ((v - y.low) / (y.high - y.low)) * side;
  const ends = (axis: { low: number; high: number }) => [axis.low, (axis.low + axis.high) / 2, axis.high];
  const ticks = [
    ...ends(x).map((v) => text(across(v), margin.top + side + 16, tickLabel(v), "middle")),
    ...ends(y).map((v) => text(margin.left - 6, up(v) + 4, tickLabel(v), "end")),
    text(margin.left + side / 2, margin.top + side + 34, x.name, "middle"),
    text(12, margin.top + side / 4, y.name, "middle"),
  ];
  const marks = points.map(({ at: [a, b], above, label }) => {
    const [left, top] = [across(a).toFixed(1), up(b).toFixed(1)];
    const circle = `<circle cx="${left}" cy="${top}" r="5" fill="${above ? "#111" : "#fff"}" stroke="#111" stroke-width="1.6"/>`;
    return circle + (label === undefined ? "" : text(across(a) + 9, up(b) - 8, label, "start", "#111"));
  });
  const image = `<image href="${pngDataUri(pixels, size, size, divergingPalette())}" x="${margin.left}" y="${margin.top}" width="${side}" height="${side}" preserveAspectRatio="none"/>`;
  const [w, h] = [margin.left + side + margin.right, margin.top + side + margin.bottom];
  const range = `orange is below ${tickLabel(middle)}, blue above`;
  return `<figure class="chart"><figcaption><h3>${escapeHtml(title)}</h3></figcaption>
<svg viewBox="0 0 ${w} ${h}" style="max-width:${w + 60}px" role="img" aria-label="${escapeHtml(title)}"><rect x="${margin.left}" y="${margin.top}" width="${side}" height="${side}" fill="#fff"/>${image}${ticks.join("")}${marks.join("")}</svg>
<div class="legend"><span class="soft">${range}</span></div></figure>`;
}

function text(x: number, y: number, words: string, anchor: string, colour?: string): string {
  const look = colour === undefined ? "" : ` style="fill:${colour}"`;
  return `<text class="tick"${look} x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeHtml(words)}</text>`;
}
