// Constants that a certificate proves, as the theorems take them.

import { known } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten } from "../../tensor/tree.ts";
import type { Certificate } from "../certificate.ts";
import { certify } from "../convexity/certify.ts";
import { type Analysed, type Argument, type ProblemOptions, problemOf } from "../convexity/problem.ts";
import { constantMatrix } from "../convexity/psd.ts";
import { subjectOf } from "../convexity/subject.ts";
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

/** Whether f is proved to be a polynomial of degree at most two. */
export function isQuadratic(f: Analysed, options: ProblemOptions = {}): boolean {
  known("isQuadratic", options, ["variables", "domain"]);
  const problem = problemOf("isQuadratic", f, options);
  const subject = subjectOf(problem, performance.now() + 300);
  if (typeof subject === "string" || subject.undefinedAt !== undefined || subject.kinks.length > 0) return false;
  return subject.excluded.length === 0 && subject.second !== undefined && constantMatrix(subject.second.entries) !== undefined;
}

/** Beyond so many coordinates nothing is proved unasked: networks are minimized without waiting for a certificate. */
const mostCoordinates = 100;

/** Asks for a certificate of f on all of Rⁿ; undefined for large problems. */
export function proveConstants<T>(f: (x: T) => Tensor, start: T): Constants | undefined {
  const { leaves } = flatten(start);
  if (leaves.reduce((sum, leaf) => sum + leaf.data().length, 0) > mostCoordinates) return undefined;
  const options = { variables: [start as Argument] };
  const quadratic = isQuadratic(f as (x: Tensor) => Tensor, options) && ({ value: true, status: "proved" } as const);
  return { ...provedConstants(certify(f as (x: Tensor) => Tensor, options)), ...(quadratic && { quadratic }) };
}
