// Text that goes into HTML, and the scales of a chart.

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** `text` as HTML, safe in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** Round numbers that cover [low, high]: about `count` of them, steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size < 1e-250) return niceTicks(-0.5, 0.5, count);
  if (!(high - low > 1e-9 * size)) return niceTicks(low - size / 2, low + size / 2, count);
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  const step = factor * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten that cover [low, high], with 2 and 5 between them when there are few, and not all when there are many. */
export function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const factors = last - first <= 3 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((last - first) / 8));
  const powers = Array.from({ length: Math.ceil((last - first) / stride) + 1 }, (_, i) => first + i * stride);
  const ticks = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)));
  const from = ticks.findLastIndex((tick) => tick <= low * (1 + 1e-9));
  const to = ticks.findIndex((tick) => tick >= high * (1 - 1e-9));
  return ticks.slice(Math.max(0, from), to < 0 ? undefined : to + 1);
}

/** A tick's label: 0.25, 1,000, 1e-5. */
export function tickLabel(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential().replace("e+", "e");
  return String(value);
}
