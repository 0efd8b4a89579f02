// Numbers of a worked example: so many digits after the point, a real minus sign, and nothing that reads as zero but is not.
//
// A number without trailing zeros is exact at the digits shown; a rounded one keeps its zeros: 1.1 against 0.6060.

/** How a formula is written: plain characters for a terminal, or TeX. */
export type Form = "text" | "tex";

export interface NumberStyle {
  readonly form: Form;
  /** Digits after the point. */
  readonly digits: number;
  /** Keeps trailing zeros of a number that is exact as shown, because it was rounded on the way. */
  readonly rounded?: boolean;
}

/** Distance, in units of the last digit shown, below which a number counts as exact there: float32 holds 0.2 no better. */
const exactness = 1e-3;

/** Whether `value` is what its rounding to `digits` shows. */
export function isExact(value: number, digits: number): boolean {
  if (Number.isInteger(value)) return true;
  const rounded = Number(value.toFixed(Math.min(digits, 100)));
  return Math.abs(value - rounded) <= exactness * 10 ** -digits + 4 * Number.EPSILON * Math.abs(value) && rounded !== 0;
}

/**
 * `value` with `digits` digits after the point. Below 10^(1−digits), where fewer than two digits would be left, and from 10⁹ on it is
 * written with a power of ten: 7.0255·10⁻⁵.
 */
export function writeNumber(value: number, { form, digits, rounded = false }: NumberStyle): string {
  const tex = form === "tex";
  if (Number.isNaN(value)) return tex ? String.raw`\text{NaN}` : "NaN";
  const minus = tex ? "-" : "−";
  const infinity = tex ? String.raw`\infty` : "∞";
  if (!Number.isFinite(value)) return value > 0 ? infinity : `${minus}${infinity}`;
  const size = Math.abs(value);
  const sign = value < 0 ? minus : "";
  if (size === 0) return "0";
  const exact = isExact(value, digits);
  const isLarge = size >= 1e9 && !(Number.isInteger(value) && size < 1e15);
  if (isLarge || (!exact && size < 10 ** (1 - digits))) {
    const [mantissa, exponent] = size.toExponential(Math.min(Math.max(digits, 1), 15)).split("e");
    const power = String(Number(exponent));
    const shown = trimmed(mantissa);
    return tex ? String.raw`${sign}${shown} \cdot 10^{${power}}` : `${sign}${shown}·10${raised(power)}`;
  }
  const fixed = size.toFixed(Math.min(digits, 100));
  return sign + (exact && !rounded ? trimmed(fixed) : fixed);
}

/**
 * A constant of a formula, which nothing has rounded, as a fraction: 1/784, 2/3. Undefined where a short decimal is as good, or where
 * there is no fraction of small whole numbers.
 */
export function asFraction(value: number, digits: number): readonly [numerator: number, denominator: number] | undefined {
  if (!Number.isFinite(value) || isExact(value, Math.max(digits, 6))) return undefined;
  const isClose = (fraction: number) =>
    value === Math.fround(fraction) || Math.abs(fraction - value) <= 4 * Number.EPSILON * Math.abs(value);
  for (let denominator = 2; denominator <= 100; denominator++) {
    const numerator = Math.round(value * denominator);
    if (Math.abs(numerator) <= 100 && isClose(numerator / denominator)) return [numerator, denominator];
  }
  const whole = Math.round(1 / Math.abs(value));
  return whole > 0 && whole <= 1e6 && isClose(Math.sign(value) / whole) ? [Math.sign(value), whole] : undefined;
}

/** Digits after the point that a constant is written with. */
export function constantDigits(value: number, digits: number): number {
  if (isExact(value, digits)) return digits;
  const short = [6, 8].find((more) => more > digits && isExact(value, more));
  return short ?? Math.max(digits, 10);
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Digits and signs as superscripts. */
export function raised(text: string): string {
  return [...text].map((c) => (c === "-" || c === "−" ? "⁻" : superscripts[Number(c)])).join("");
}

function trimmed(fixed: string): string {
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}
