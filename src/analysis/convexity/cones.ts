// Domains of positive definite 2×2 matrices, by coordinates in which they are boxes.

import type { Domain } from "../domain.ts";
import {
  add,
  div,
  type Expression,
  mul,
  type SignResult,
  signOf,
  simplify,
  sub,
  substitute,
  variable,
} from "../symbolic/index.ts";

/**
 * [[x, y], [y, z]] is positive definite exactly where x > 0 and z = y²/x + s with s > 0: with s in place of z, what is left of the domain
 * is a box. Bounds of z are forgotten, which only asks for more. `back` writes an expression in the coordinates that were given.
 */
export function withoutCones(
  entries: readonly Expression[],
  interior: Domain,
): { readonly entries: Expression[]; readonly domain: Domain; readonly back: (e: Expression) => Expression } {
  let current = [...entries];
  const replaced: (readonly [Expression, Expression])[] = [];
  let domain = interior;
  for (const cone of interior.cones) {
    if (cone.entries.length !== 2 || current.length === 0) continue;
    const { store } = current[0];
    const [[x, y], [, z]] = cone.entries;
    if (domain.halfSpaces.some(({ normal }) => normal[z] !== 0)) continue;
    const [vx, vy, vz] = [x, y, z].map((i) => variable(store, i));
    const map = new Map([[vz, add(div(mul(vy, vy), vx), vz)]]);
    current = current.map((e) => simplify(substitute(e, map)));
    replaced.push([vz, sub(vz, div(mul(vy, vy), vx))]);
    domain = {
      ...domain,
      box: domain.box.map((side, i) =>
        i === z ? { lower: 0, upper: Infinity } : i === x ? { lower: Math.max(0, side.lower), upper: side.upper } : side,
      ),
      open: domain.open.map((side, i) => (i === z || i === x ? { lower: true, upper: true } : side)),
      cones: domain.cones.filter((c) => c !== cone),
    };
  }
  const back = (e: Expression) => (replaced.length === 0 ? e : simplify(substitute(e, new Map(replaced))));
  return { entries: current, domain, back };
}

/** The sign of an expression on a domain that may have cones. Points that are found are dropped where the coordinates were changed. */
export function signOn(e: Expression, domain: Domain, budget: number): SignResult {
  if (domain.cones.length === 0) return signOf(e, domain, { budget });
  const changed = withoutCones([e], domain);
  const { sign, method, proof } = signOf(changed.entries[0], changed.domain, { budget });
  return { sign, method, ...(proof && { proof }) };
}
