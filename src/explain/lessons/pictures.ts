// Pictures of a lesson's own: numbers laid out as images.

import { escapeHtml } from "../../train/report-html.ts";
import { type Colour, divergingIndex, divergingPalette, inkPalette, pngDataUri } from "../../train/report-image.ts";

export interface ImageGallery {
  readonly title: string;
  /** Row by row, each width·height long. */
  readonly images: readonly { readonly values: ArrayLike<number>; readonly label?: string }[];
  readonly width: number;
  readonly height: number;
  /** How many stand side by side; default all, up to 10. */
  readonly across?: number;
  /** "ink" (default): 0 is paper and 1 is black. "signed": orange below 0, blue above, on the scale of the whole gallery. */
  readonly colours?: "ink" | "signed";
  /** Said below. */
  readonly caption?: string;
}

const cell = 84;
const gap = 10;

/** Images side by side with labels under them, as one figure. */
export function imageGallery(gallery: ImageGallery): string {
  const { title, images, width, height, colours = "ink", caption = "" } = gallery;
  const across = Math.min(gallery.across ?? 10, Math.max(1, images.length));
  const down = Math.ceil(images.length / across);
  const labelled = images.some(({ label }) => label !== undefined);
  const tall = (cell * height) / width;
  const step = tall + gap + (labelled ? 14 : 0);
  const limit = images.reduce((m, { values }) => Array.from(values).reduce((n, v) => Math.max(n, Math.abs(v)), m), 0);
  const palette: readonly Colour[] = colours === "signed" ? divergingPalette() : inkPalette();
  const index = (v: number) => (colours === "signed" ? divergingIndex(v, limit) : Math.round(255 * Math.min(1, Math.max(0, v))));
  const parts = images.map(({ values, label }, i) => {
    const [x, y] = [(i % across) * (cell + gap), Math.floor(i / across) * step];
    const png = pngDataUri(Uint8Array.from(values, index), width, height, palette);
    // Ink needs paper, also where the page is dark.
    const paper = colours === "ink" ? "#fff" : "none";
    const frame = `<rect x="${x}" y="${y.toFixed(1)}" width="${cell}" height="${tall.toFixed(1)}" fill="${paper}" stroke="currentColor" stroke-opacity=".2"/>`;
    const picture = `<image href="${png}" x="${x}" y="${y.toFixed(1)}" width="${cell}" height="${tall.toFixed(1)}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`;
    const words =
      label === undefined
        ? ""
        : `<text class="tick" x="${x + cell / 2}" y="${(y + tall + 12).toFixed(1)}" text-anchor="middle">${escapeHtml(label)}</text>`;
    return frame + picture + words;
  });
  const [w, h] = [across * (cell + gap) - gap, down * step];
  const below = caption === "" ? "" : `<div class="legend"><span class="soft">${escapeHtml(caption)}</span></div>`;
  return `<figure class="chart"><figcaption><h3>${escapeHtml(title)}</h3></figcaption>
<svg viewBox="-1 -1 ${w + 2} ${h.toFixed(0)}" style="max-width:${w}px" role="img" aria-label="${escapeHtml(title)}">${parts.join("")}</svg>${below}</figure>`;
}
