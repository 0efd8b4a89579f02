// The sections of a report that show what a classifier does: confusions, mistakes, first-layer weights, parameters.

import { bytes, count } from "./format.ts";
import type { ReportConfusion, ReportMistakes, ReportParameter, ReportWeights } from "./report-data.ts";
import { escapeHtml } from "./report-html.ts";
import { divergingIndex, divergingPalette, floatsFromBase64, fromBase64, inkPalette, pngDataUri } from "./report-image.ts";

const pairsShown = 8;

/** Counts as a heat map, each class's recall and precision, and the pairs that are confused most. */
export function confusionSection({ labels, counts }: ReportConfusion): string {
  const rowSums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const columnSums = labels.map((_, j) => counts.reduce((sum, row) => sum + row[j], 0));
  const pairs = counts
    .flatMap((row, i) => row.map((value, j) => ({ i, j, value })))
    .filter(({ i, j, value }) => i !== j && value > 0)
    .sort((a, b) => b.value - a.value);
  const worst = pairs[0]?.value ?? 1;
  const right = counts.reduce((sum, row, i) => sum + row[i], 0);
  const total = rowSums.reduce((a, b) => a + b, 0);
  const head = labels.map((label) => `<th scope="col">${escapeHtml(label)}</th>`).join("");
  const rows = counts.map((row, i) => {
    const cells = row.map((value, j) => {
      const share = i === j ? value / (rowSums[i] || 1) : value / worst;
      const heat = value === 0 ? 0 : i === j ? 0.15 + 0.75 * share ** 3 : 0.12 + 0.78 * share;
      const kind = value === 0 ? "none" : i === j ? "right" : "wrong";
      const title = `${labels[i]} taken for ${labels[j]}: ${value} of ${rowSums[i]}`;
      return `<td class="${kind}${heat > 0.62 ? " strong" : ""}" style="--heat:${heat.toFixed(2)}" title="${escapeHtml(title)}">${value}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(labels[i])}</th>${cells.join("")}<td class="rate">${share(row[i], rowSums[i])}</td></tr>`;
  });
  const precision = labels
    .map((_, j) => `<td class="rate" style="width:auto">${share(counts[j][j], columnSums[j], 0)}</td>`)
    .join("");
  const list = pairs.slice(0, pairsShown).map(({ i, j, value }) => {
    const wide = ((100 * value) / worst).toFixed(0);
    return (
      `<li><b>${escapeHtml(labels[i])} → ${escapeHtml(labels[j])}</b><div class="bar"><i style="width:${wide}%"></i></div>` +
      `<span>${value} of ${rowSums[i]}</span></li>`
    );
  });
  const most = list.length === 0 ? "<p>Nothing was confused.</p>" : `<ul class="pairs">${list.join("")}</ul>`;
  return `<section><h2>Confusion matrix</h2>
<p class="soft">Rows are what the validation examples are, columns what they were taken for: ${count(right)} of ${count(total)} right.</p>
<div class="pair">
<div class="card scroll"><table class="confusion"><caption class="hidden">Confusion matrix</caption>
<thead><tr><td style="background:none"></td>${head}<th class="rate" scope="col">recall</th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
<tfoot><tr><th class="rate" scope="row" style="width:auto" title="precision">prec.</th>${precision}<td class="rate"></td></tr></tfoot></table></div>
<div class="card"><h3>Most confused</h3>${most}</div>
</div></section>`;
}

/** Pictures of wrongly classified examples, the most confident mistakes first. */
export function mistakesSection({ total, examples, width, height, shown }: ReportMistakes): string {
  const palette = inkPalette();
  const items = shown.map(({ index, truth, predicted, confidence, pixels }) => {
    const alt = `example ${index}: ${truth}, taken for ${predicted} with ${(100 * confidence).toFixed(1)} % confidence`;
    const image = pngDataUri(fromBase64(pixels), width, height, palette);
    return (
      `<li title="${escapeHtml(alt)}"><img alt="${escapeHtml(alt)}" width="${width}" height="${height}" src="${image}">` +
      `<b>${escapeHtml(truth)}</b> as <b class="as">${escapeHtml(predicted)}</b><span>${(100 * confidence).toFixed(1)} %</span></li>`
    );
  });
  const which = shown.length < total ? `, the ${shown.length} most confident ones first` : "";
  const body = total === 0 ? "" : `<ul class="gallery" style="--ratio:${width}/${height}">${items.join("\n")}</ul>`;
  return `<section><h2>Mistakes</h2>
<p class="soft">${count(total)} of ${count(examples)} validation examples were taken for something else${which}.</p>
${body}</section>`;
}

/** One picture a unit: where it wants ink (blue) and where it wants none (orange). All units share one image and one scale. */
export function weightsSection({ layer, units, width, height, values }: ReportWeights): string {
  const weights = floatsFromBase64(values);
  const limit = quantile(
    Array.from(weights, (weight) => Math.abs(weight)).filter((size) => Number.isFinite(size)),
    0.995,
  );
  const across = Math.min(units, 16);
  const down = Math.ceil(units / across);
  const atlas = new Uint8Array(across * width * down * height).fill(128);
  for (let unit = 0; unit < units; unit++) {
    const [left, top] = [(unit % across) * width, Math.floor(unit / across) * height];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = weights[(unit * height + y) * width + x];
        atlas[(top + y) * across * width + left + x] = divergingIndex(value, limit);
      }
    }
  }
  const image = pngDataUri(atlas, across * width, down * height, divergingPalette());
  const items = Array.from({ length: units }, (_, unit) => {
    const place = `${place100(unit % across, across)} ${place100(Math.floor(unit / across), down)}`;
    return `<li role="img" aria-label="weights of unit ${unit}" title="unit ${unit}" style="background-position:${place}"></li>`;
  });
  return `<section><h2>First-layer weights</h2>
<p class="soft">What each of the ${count(units)} units of <code>${escapeHtml(layer)}</code> looks for in the picture.</p>
<div class="scale" aria-hidden="true">−${limit.toPrecision(2)}<i></i>+${limit.toPrecision(2)}</div>
<ul class="filters" style="--atlas:url(${image});--across:${across};--ratio:${width}/${height}">${items.join("")}</ul></section>`;
}

export function parametersSection(parameters: readonly ReportParameter[]): string {
  const sizes = parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const width = (dtype: string) => ({ float32: 4, float64: 8, int32: 4, bool: 1 })[dtype] ?? 4;
  const weight = (index: number) => sizes[index] * width(parameters[index].dtype);
  const rows = parameters.map(
    ({ path, shape, dtype, formula, rms, trainable }, index) =>
      `<tr><th scope="row"><code>${escapeHtml(path)}</code>${trainable === false ? ' <span class="soft">fixed</span>' : ""}</th>` +
      `<td>[${shape.join(", ")}]</td><td>${escapeHtml(dtype)}</td><td>${escapeHtml(formula ?? shape.join(" × "))}</td>` +
      `<td>${count(sizes[index])}</td><td>${bytes(weight(index))}</td><td>${rms === undefined ? "" : rms.toPrecision(3)}</td></tr>`,
  );
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  return `<section><h2>Parameters</h2>
<div class="card scroll"><table class="numbers">
<thead><tr><th scope="col">parameter</th><th scope="col">shape</th><th scope="col">dtype</th><th scope="col">formula</th>
<th scope="col">numbers</th><th scope="col">bytes</th><th scope="col" title="root mean square">RMS</th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
<tfoot><tr><th scope="row">all</th><td></td><td></td><td></td><td>${count(sum(sizes))}</td><td>${bytes(sum(sizes.map((_, i) => weight(i))))}</td><td></td></tr></tfoot>
</table></div></section>`;
}

function share(part: number, whole: number, digits = 1): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(digits)} %`;
}

/** Position of tile `index` of `of` in a background image, as CSS counts it. */
function place100(index: number, of: number): string {
  return `${of === 1 ? 0 : Number(((100 * index) / (of - 1)).toFixed(4))}%`;
}

function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return 1;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] || 1;
}
