// Index maps: where in a tensor a loop nest stands, each axis an affine function of the loop indices. Views (reshape, transpose,
// broadcast, slice, flip) are compositions of such maps, so they cost nothing where a loop reads through them.

import { type Shape, sizeOf, stridesOf } from "../../graph/shape.ts";

/** A loop. Identity matters: two loops of one extent are different dimensions. */
export interface Dim {
  readonly id: number;
  readonly extent: number;
}

let lastDim = 0;

export function dim(extent: number): Dim {
  return { id: ++lastDim, extent };
}

/** constant + Σ coefficient · index, with non-zero coefficients only. */
export interface Affine {
  readonly constant: number;
  readonly terms: ReadonlyMap<Dim, number>;
}

/** One affine function per axis of a tensor. */
export type IndexMap = readonly Affine[];

const none: ReadonlyMap<Dim, number> = new Map();

export function fixed(constant: number): Affine {
  return { constant, terms: none };
}

/** The index of a loop itself; a loop of one round is always at 0. */
export function indexOf(d: Dim): Affine {
  return d.extent === 1 ? fixed(0) : { constant: 0, terms: new Map([[d, 1]]) };
}

/** scale · a + shift. */
export function affine(a: Affine, scale: number, shift = 0): Affine {
  if (scale === 1 && shift === 0) return a;
  const terms = new Map<Dim, number>();
  if (scale !== 0) for (const [d, c] of a.terms) terms.set(d, c * scale);
  return { constant: a.constant * scale + shift, terms };
}

/** Σ strides[i] · map[i]: the offset in a dense or strided array. */
export function flatten(map: IndexMap, strides: readonly number[]): Affine {
  let constant = 0;
  const terms = new Map<Dim, number>();
  for (let i = 0; i < map.length; i++) {
    const stride = strides[i];
    if (stride === 0) continue;
    constant += map[i].constant * stride;
    for (const [d, c] of map[i].terms) {
      const total = (terms.get(d) ?? 0) + c * stride;
      if (total === 0) terms.delete(d);
      else terms.set(d, total);
    }
  }
  return { constant, terms };
}

/** Thrown when a map is affine only after loop `dim` is split into an outer loop and an inner one of `inner` rounds. */
export class NeedsSplit {
  readonly dim: Dim;
  readonly inner: number;
  constructor(dim: Dim, inner: number) {
    this.dim = dim;
    this.inner = inner;
  }
}

/** The indices along `shape` of a row-major offset; undefined when they are not affine. Throws NeedsSplit when they could be. */
export function unflatten(flat: Affine, shape: Shape): IndexMap | undefined {
  const strides = stridesOf(shape);
  const rank = shape.length;
  let constant = flat.constant;
  // Loops that run backwards are read forwards here: index = extent - 1 - reversed.
  const entries: [d: Dim, coefficient: number, backwards: boolean][] = [];
  for (const [d, c] of flat.terms) {
    if (c < 0) constant += c * (d.extent - 1);
    entries.push([d, Math.abs(c), c < 0]);
  }
  const start = strides.map((stride, k) => (shape[k] === 1 ? 0 : Math.floor(constant / stride) % shape[k]));
  const highest = [...start];
  const shift = [...start];
  const terms = shape.map(() => new Map<Dim, number>());
  for (const [d, c, backwards] of entries) {
    // The axis that this loop moves along: the outermost whose stride is not above the coefficient.
    let axis = 0;
    while (axis < rank && (strides[axis] > c || shape[axis] === 1)) axis++;
    if (axis === rank || c % strides[axis] !== 0) return undefined;
    const multiple = c / strides[axis];
    const room = shape[axis];
    const reach = multiple * (d.extent - 1);
    if (reach >= room) {
      const inner = room / multiple;
      if (Number.isInteger(inner) && inner > 1 && d.extent % inner === 0 && inner < d.extent) throw new NeedsSplit(d, inner);
      return undefined;
    }
    highest[axis] += reach;
    terms[axis].set(d, backwards ? -multiple : multiple);
    if (backwards) shift[axis] += reach;
  }
  for (let k = 0; k < rank; k++) if (highest[k] >= shape[k]) return undefined;
  return terms.map((t, k) => ({ constant: shift[k], terms: t }));
}

/** `map` with loop `from` replaced by `inner` rounds of `low` within `high`: index(from) = inner · index(high) + index(low). */
export function splitIn(map: IndexMap, from: Dim, high: Dim, low: Dim): IndexMap {
  if (!map.some((a) => a.terms.has(from))) return map;
  return map.map((a) => {
    const c = a.terms.get(from);
    if (c === undefined) return a;
    const terms = new Map(a.terms);
    terms.delete(from);
    terms.set(high, c * low.extent);
    terms.set(low, c);
    return { constant: a.constant, terms };
  });
}

/** Whether the map takes the index space of `dims` onto every element of `shape` exactly once (sufficient, not necessary). */
export function isBijective(map: IndexMap, shape: Shape, dims: readonly Dim[]): boolean {
  const flat = flatten(map, stridesOf(shape));
  if (flat.constant !== 0) return false;
  const moving = dims.filter((d) => d.extent > 1);
  if (flat.terms.size !== moving.length) return false;
  const ordered = moving.map((d) => ({ d, c: flat.terms.get(d) ?? 0 })).sort((a, b) => a.c - b.c);
  let next = 1;
  for (const { d, c } of ordered) {
    if (c !== next) return false;
    next *= d.extent;
  }
  return next === sizeOf(shape);
}

/** Equal maps have equal keys. */
export function keyOfMap(map: IndexMap): string {
  let key = "";
  for (const a of map) {
    key += a.constant;
    const terms = a.terms.size > 1 ? [...a.terms].sort(([p], [q]) => p.id - q.id) : a.terms;
    for (const [d, c] of terms) key += `+${c}d${d.id}`;
    key += ",";
  }
  return key;
}
