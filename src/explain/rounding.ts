// Rounding as on paper: half away from zero, to so many digits after the point.

/** Digits of a product of a few numbers that do not depend on the order in which it is worked out. */
const sure = 13;

/**
 * `value` with `digits` digits after the point. A value within rounding errors of a tie counts as the tie, so that the same sum rounds the
 * same way in whatever order it is added up: 1.005 is 1.01 at two digits, though float64 holds a little less.
 */
export function roundTo(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  const scaled = Number((Math.abs(value) * 10 ** digits).toPrecision(sure));
  if (scaled >= 2 ** 53) return value;
  const rounded = Number((Math.round(scaled) / 10 ** digits).toFixed(Math.min(digits, 100)));
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}
