// How numbers of a training run are written for people: durations, losses, counts, bytes.

/** Seconds as "0:07", "12:34" or "1:02:03": time left, where digits must not jump. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-:--";
  const total = Math.max(0, Math.round(seconds));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Seconds with a unit: "85 µs", "3.2 ms", "1.4 s", "2 min 5 s", "1 h 3 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds === 0) return "0 s";
  if (seconds < 999.5e-6) return `${significant(seconds * 1e6, 2)} µs`;
  if (seconds < 0.9995) return `${significant(seconds * 1e3, 2)} ms`;
  if (seconds < 59.95) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const total = Math.round(seconds);
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3600)} h ${Math.floor(total / 60) % 60} min`;
}

/**
 * A metric: four decimals, or exponent form where these would lose it (|x| < 0.001, |x| ≥ 10⁵). Unlike a test of `x` alone, a
 * negative number reads like a positive one.
 */
export function metric(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0.0000";
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e5 ? value.toExponential(3) : value.toFixed(4);
}

/** A share as a percentage: 0.9712 is "97.12 %". */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(2)} %` : "?";
}

/** An integer with thousands separated by commas: 101,770. */
export function count(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",") : "?";
}

/** A rate with a prefix: 940, 12.4k, 1.3M. */
export function rate(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (value < 999.5) return significant(value, 3);
  if (value < 999_500) return `${significant(value / 1e3, 3)}k`;
  return `${significant(value / 1e6, 3)}M`;
}

/** Bytes in binary units: "397.5 KiB". */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** Floating-point operations in decimal units: "12.8 MFLOP". */
export function operations(value: number): string {
  const units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(3))} ${units[unit]}`;
}

/** Rows of cells as lines with their columns aligned, to the left unless `sides` says otherwise. */
export function columns(rows: readonly (readonly string[])[], sides: readonly ("left" | "right")[] = []): string[] {
  const widths: number[] = [];
  // A bar over a letter is a character of its own, but takes no place.
  const bars = (cell: string) => cell.length - cell.replace(/\p{M}/gu, "").length;
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length - bars(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => cell[sides[i] === "right" ? "padStart" : "padEnd"](widths[i] + bars(cell)))
      .join("  ")
      .trimEnd(),
  );
}

/** Whether a metric of this name is a share between 0 and 1, written as a percentage. */
export function isShare(name: string): boolean {
  return /accuracy|precision|recall|f1$/i.test(name);
}

/** A metric with its name, as "loss 0.4321" or "val accuracy 94.12 %". */
export function namedMetric(name: string, value: number): string {
  return `${name.replaceAll("_", " ")} ${isShare(name) ? percent(value) : metric(value)}`;
}

/** `value` with `digits` significant digits, never in exponent form: 3.2, 48, 120. */
function significant(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  const integerDigits = Math.max(1, Math.floor(Math.log10(Math.max(rounded, 1e-9))) + 1);
  return rounded.toFixed(Math.max(0, digits - integerDigits));
}
