// Constants in the Frobenius norm of symmetric matrices. Those of a certificate are in the Euclidean norm of its coordinates, in which an
// entry off the diagonal counts once: ‖c‖² = Σᵢ≤ⱼ Aᵢⱼ², while ‖A‖² = Σᵢⱼ Aᵢⱼ², so that ‖c‖ ≤ ‖A‖ ≤ √2‖c‖.

import { nextDown } from "../../numeric/rounding.ts";
import type { Certificate, Enclosure } from "../certificate.ts";

/**
 * Bounds of μ, L and the Lipschitz constant in the Frobenius norm, from those in the norm of the coordinates; undefined where no variable
 * is a symmetric matrix, for then they are the same.
 */
export function inFrobeniusNorm({
  variables,
  mu,
  L,
  lipschitz,
}: Certificate): Pick<Certificate, "mu" | "L" | "lipschitz"> | undefined {
  if (!variables.some(({ symmetric, shape }) => symmetric && shape[0] > 1)) return undefined;
  const half = ({ lower, upper }: Enclosure): Enclosure => ({ lower: lower === null ? null : lower / 2, upper });
  // The nearest float to √2 is above it.
  const { lower, upper } = lipschitz;
  const least = lower === null || lower === 0 || lower === Infinity ? lower : nextDown(lower / Math.SQRT2);
  return { mu: half(mu), L: half(L), lipschitz: { lower: least, upper } };
}
