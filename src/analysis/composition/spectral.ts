// Functions of eigenvalues and singular values. A convex function of the eigenvalues of a symmetric matrix that does not change where they
// change places is a convex function of the matrix (Davis 1957, Lewis 1996); so is one of the singular values that is also nondecreasing
// in each (von Neumann 1937, Lewis 1995). Of the values in order, Σ wᵢλᵢ is convex where the larger ones have the larger weights: it is
// the largest of the Σ wᵢλ_π(i) over all orders π.
//
// What is convex in convex functions λᵢ whatever they are, by the theorem of composition, is convex and nondecreasing in each λᵢ; it then
// is nondecreasing in the matrix as well (Weyl), and convex in one that is convex in the order of Loewner.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, isCall, isIdentity, isParameter, isPick } from "../../graph/structural.ts";
import { callTransfer } from "./elementwise.ts";
import { type Form, type FormReader, formReader } from "./forms.ts";
import { isFloatCast, uniform } from "./normalise.ts";

export type Spectrum = "eigenvalues" | "singular values";

/** Whether a node is the vector of all eigenvalues, ascending, or of all singular values, descending, of one matrix. */
export function spectrumOf(node: Node): Spectrum | undefined {
  if (!isPick(node) || node.shape.length !== 1) return undefined;
  const name = node.inputs[0].op.name;
  if (name === "eigh" && node.attributes.index === 0) return "eigenvalues";
  return name === "svd" && node.attributes.index === 1 ? "singular values" : undefined;
}

/** The matrix whose spectrum it is. */
export const matrixOf = (spectrum: Node): Node => spectrum.inputs[0].inputs[0];

/**
 * How a node depends on a spectrum: element i is one and the same function of value i and of symmetric functions of all ("vector"), or all
 * elements are one symmetric function of them ("number"). A constant with equal elements is a number without a spectrum.
 */
interface Symmetric {
  readonly of: Node | undefined;
  readonly kind: "vector" | "number";
}

export interface SpectralReader {
  /** The one spectrum through which alone a node depends on parameters. */
  spectrumIn(node: Node): Node | undefined;
  /** Whether all elements are one function of the spectrum that does not change where its values change places. */
  isSymmetric(node: Node): boolean;
  /** The weights of the values, for every element, where it is affine in them. */
  weightsOf(node: Node): readonly Form[] | undefined;
}

export function spectralReader(): SpectralReader {
  const found = new Map<Node, Node | "none" | "other">();
  const spectrumIn = (node: Node): Node | "none" | "other" => {
    let result = found.get(node);
    if (result === undefined) {
      result = !node.symbolic
        ? "none"
        : spectrumOf(node)
          ? node
          : isParameter(node)
            ? "other"
            : node.inputs.map(spectrumIn).reduce((a, b) => (a === "none" ? b : b === "none" || a === b ? a : "other"), "none");
      found.set(node, result);
    }
    return result;
  };
  const readers = new Map<Node, FormReader>();
  const forms = new Map<Node, Symmetric | undefined>();
  const symmetric = (node: Node): Symmetric | undefined => {
    if (!forms.has(node)) forms.set(node, read(node));
    return forms.get(node);
  };
  /** Of an operation element by element, or over all of them. */
  const joined = (list: readonly (Symmetric | undefined)[]): Symmetric | undefined =>
    list.reduce<Symmetric | undefined>(
      (a, b) => {
        if (!a || !b || (a.of && b.of && a.of !== b.of)) return undefined;
        return { of: a.of ?? b.of, kind: a.kind === "vector" ? "vector" : b.kind };
      },
      { of: undefined, kind: "number" },
    );
  const read = (node: Node): Symmetric | undefined => {
    if (!node.symbolic) return uniform(node) === undefined ? undefined : { of: undefined, kind: "number" };
    if (spectrumOf(node)) return { of: node, kind: "vector" };
    if (isParameter(node) || node.op.name === "eigh" || node.op.name === "svd") return undefined;
    const [a] = node.inputs;
    const size = sizeOf(node.shape);
    if (isIdentity(node) || isFloatCast(node) || node.op.name === "reshape") return symmetric(a);
    if (node.op.name === "broadcast" || node.op.name === "slice") {
      const inner = symmetric(a);
      return inner?.kind === "number" || sizeOf(a.shape) === size ? inner : undefined;
    }
    if (node.op.kind === "elementwise") return joined(node.inputs.map(symmetric));
    const all = (): Symmetric | undefined => {
      const inner = symmetric(a);
      return size === 1 && inner ? { of: inner.of, kind: "number" } : undefined;
    };
    if (isCall(node)) {
      const { name, parameters } = callAttributes(node);
      if (name === "logSumExp") return all();
      if (name === "softmax" || name === "logSoftmax") return a.shape.length === 1 ? symmetric(a) : undefined;
      return callTransfer(name, parameters) ? symmetric(a) : undefined;
    }
    if (["sum", "reduceMax", "reduceMin", "prod"].includes(node.op.name)) return all();
    if (node.op.name === "matmul" && size === 1 && node.inputs.every((n) => n.shape.length === 2)) {
      const both = joined(node.inputs.map(symmetric));
      return both && { of: both.of, kind: "number" };
    }
    return undefined;
  };
  return {
    spectrumIn: (node) => {
      const of = spectrumIn(node);
      return typeof of === "string" ? undefined : of;
    },
    isSymmetric: (node) => {
      const s = symmetric(node);
      return s?.of !== undefined && s.kind === "number";
    },
    weightsOf: (node) => {
      const of = spectrumIn(node);
      if (typeof of === "string") return undefined;
      let reader = readers.get(of);
      if (!reader) {
        reader = formReader(new Map([[of, 0]]));
        readers.set(of, reader);
      }
      return reader(node);
    },
  };
}

/** What Σ wᵢ·valueᵢ is for the values of an affine matrix: convex, concave, and whether it increases or decreases in each. */
export interface Weighted {
  readonly convex: boolean;
  readonly concave: boolean;
  readonly increasing: boolean;
  readonly decreasing: boolean;
}

export function weighted({ coefficients }: Form, n: number, spectrum: Spectrum): Weighted {
  const w = Array.from({ length: n }, (_, i) => coefficients.get(spectrum === "eigenvalues" ? i : n - 1 - i) ?? 0);
  const rises = w.every((x, i) => i === 0 || x >= w[i - 1]);
  const falls = w.every((x, i) => i === 0 || x <= w[i - 1]);
  const increasing = w.every((x) => x >= 0);
  const decreasing = w.every((x) => x <= 0);
  // Singular values of X are the upper half of the eigenvalues of [[0, X], [Xᵀ, 0]], whose lower half has weights 0 here.
  if (spectrum === "singular values")
    return { convex: rises && increasing, concave: falls && decreasing, increasing, decreasing };
  return { convex: rises, concave: falls, increasing, decreasing };
}

/** How a spectrum is written. */
export const spectrumName = (spectrum: Spectrum): string => (spectrum === "eigenvalues" ? "eig" : "svd");
