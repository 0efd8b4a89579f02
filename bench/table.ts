// Tables of figures, for terminals and for Markdown; the first column to the left, the others to the right.

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function render({ head, rows }: Table, markdown: boolean): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  if (markdown) return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
  const padded = (cells: readonly string[]) =>
    cells.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join("  ");
  return [padded(head), widths.map((w) => "─".repeat(w)).join("  "), ...rows.map(padded)].join("\n");
}

/** Microseconds: 3 digits below 100, else whole with thousands apart. */
export function microseconds(us: number | undefined): string {
  if (us === undefined) return "–";
  return us < 100 ? String(Number(us.toPrecision(3))) : grouped(us);
}

/** A whole number, its thousands apart by thin spaces. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** How many times: "2.31×". */
export function times(ratio: number | undefined): string {
  return ratio === undefined ? "–" : `${ratio < 100 ? Number(ratio.toPrecision(3)) : grouped(ratio)}×`;
}

export function percent(share: number | undefined): string {
  return share === undefined ? "unknown" : `${(100 * share).toFixed(0)} %`;
}

export function geometricMean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.exp(values.reduce((s, v) => s + Math.log(v), 0) / values.length);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
