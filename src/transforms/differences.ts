// Numerical derivatives one can trust: central differences with a step from an error model, and detection of kinks by watching
// every choice (comparison, sign, maximum …) that a function makes on the way.

/** A scalar function of one real variable, with a fingerprint of the choices it made. */
export type Probe = (t: number) => { readonly value: number; readonly choices: string };

export type Difference =
  | { readonly kind: "smooth"; readonly derivative: number; readonly error: number; readonly step: number }
  | { readonly kind: "kink" }
  | { readonly kind: "undefined" };

const unitRoundoff = 2 ** -53;

/**
 * f′(0) by central differences D(h) = (f(h) − f(−h)) / 2h, Richardson-extrapolated over h, h/2, h/4 (error h⁶).
 * Error model: truncation, estimated by the change in the last extrapolation, plus rounding, ε·|f|/h times the number of roundings
 * in f (taken as `noise`). The step that minimises their sum is chosen among 2⁻⁴ … 2⁻¹⁶ · scale. A step is used only if f makes
 * the same choices at all its points; if even the smallest changes them, 0 is (within rounding) on a kink.
 */
export function centralDifference(f: Probe, scale = 1, noise = 8): Difference {
  const center = f(0);
  if (!Number.isFinite(center.value)) return { kind: "undefined" };
  let best: { derivative: number; error: number; step: number } | undefined;
  let crossed = false;
  for (let exponent = -4; exponent >= -16; exponent -= 3) {
    const h = scale * 2 ** exponent;
    const points = [h, h / 2, h / 4].map((s) => [f(s), f(-s)] as const);
    if (points.some(([a, b]) => a.choices !== center.choices || b.choices !== center.choices)) {
      crossed = true;
      continue;
    }
    const [d0, d1, d2] = points.map(([a, b], i) => (a.value - b.value) / (2 * h * 2 ** -i));
    if (![d0, d1, d2].every(Number.isFinite)) continue;
    const e1 = (4 * d1 - d0) / 3;
    const e2 = (4 * d2 - d1) / 3;
    const derivative = (16 * e2 - e1) / 15;
    const largest = Math.max(...points.flat().map((p) => Math.abs(p.value)));
    const rounding = (noise * unitRoundoff * largest * 4) / h;
    const error = Math.abs(derivative - e2) + rounding;
    if (!best || error < best.error) best = { derivative, error, step: h };
  }
  if (best) return { kind: "smooth", ...best };
  return { kind: crossed ? "kink" : "undefined" };
}
