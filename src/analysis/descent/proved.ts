// Constants that a certificate proves, as the theorems take them.

import type { Tensor } from "../../tensor/tensor.ts";
import { flatten } from "../../tensor/tree.ts";
import type { Certificate } from "../certificate.ts";
import { certify } from "../convexity/certify.ts";
import type { Argument } from "../convexity/problem.ts";
import type { Domain } from "../domain.ts";
import type { Constants } from "./constants.ts";

/** L, μ, convexity and the Lipschitz constant of a certificate, as far as they are proved and finite; on `domain` where one was asked about. */
export function provedConstants({ L, mu, lipschitz, convex }: Certificate, domain?: Domain): Constants {
  const finite = (x: number | null): x is number => x !== null && Number.isFinite(x) && x > 0;
  const isConvex = convex.answer === "yes";
  return {
    ...(finite(L.upper) && { L: { value: L.upper, status: "proved" } as const }),
    ...(isConvex && finite(mu.lower) && { mu: { value: mu.lower, status: "proved" } as const }),
    ...(isConvex && { convex: { value: true, status: "proved" } as const }),
    ...(finite(lipschitz.upper) && { lipschitz: { value: lipschitz.upper, status: "proved" } as const }),
    ...(domain && { domain }),
  };
}

/** Beyond so many coordinates nothing is proved unasked: networks are minimized without waiting for a certificate. */
const mostCoordinates = 100;

/** Asks for a certificate of f on all of Rⁿ; undefined for large problems. */
export function proveConstants<T>(f: (x: T) => Tensor, start: T): Constants | undefined {
  const { leaves } = flatten(start);
  if (leaves.reduce((sum, leaf) => sum + leaf.data().length, 0) > mostCoordinates) return undefined;
  return provedConstants(certify(f as (x: Tensor) => Tensor, { variables: [start as Argument] }));
}
