// Proofs by composition: one step for each node whose curvature is used, naming the node, the rule, and what is established of its elements
// from what was established of its inputs. checkCompositionProof goes through the steps again: it reads the graph and the domain, takes from
// the proof nothing but the claims, and accepts a claim only where the named rule gives at least as much from the claims of the premises. What is
// said of matrices (definite, bent) is derived anew from the graph and the domain.

import { fail } from "../../graph/errors.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { isParameter } from "../../graph/structural.ts";
import { notationOf } from "../../ops/notations.ts";
import type { JsonData, Proof } from "../certificate.ts";
import type { Domain } from "../domain.ts";
import { rationalExponent } from "../rational-power.ts";
import { isUnpacking } from "../variables.ts";
import { exactValue, isIdentityCast } from "./constants.ts";
import { type Entries, type Entry, entry, isAffine, isConstantEntry } from "./entries.ts";
import type { MatrixFact } from "./matrices.ts";
import { matrixRules } from "./matrix-rules.ts";
import { callName, type Normalised, normalise } from "./normalise.ts";
import { diagonalOf, isIdentityMatrix } from "./normalise-matrices.ts";
import { applyPattern, type Pattern } from "./patterns.ts";
import { coordinateEntries, isDefinedThroughout, type Propagation } from "./propagate.ts";
import { matrixOf, spectrumName, spectrumOf } from "./spectral.ts";
import { constantEntries, transfer } from "./transfer.ts";

/** What is claimed of an element, as text: "convex", "affine", "root 2" (√f is convex), "log-convex", "power 1", "log-concave". */
function claimOf(e: Entry): string {
  const parts: string[] = [];
  if (isConstantEntry(e)) return "constant";
  if (isAffine(e)) parts.push("affine");
  else if (e.convex) parts.push("convex");
  else if (e.concave) parts.push("concave");
  if (e.root === Infinity) parts.push("log-convex");
  else if (e.root > 1) parts.push(`root ${e.root}`);
  if (e.power === Infinity) parts.push("log-concave");
  else if (e.power >= 0 && e.power !== 1) parts.push(`power ${e.power}`);
  if (e.positive && e.range.lower <= 0) parts.push("positive");
  return parts.length === 0 ? "unknown" : parts.join(", ");
}

function parsed(claim: string): Partial<Entry> {
  let result: Partial<Entry> = {};
  for (const part of claim.split(", ")) {
    const [word, order] = part.split(" ");
    if (word === "affine" || word === "constant") result = { ...result, convex: true, concave: true };
    else if (word === "convex") result = { ...result, convex: true };
    else if (word === "concave") result = { ...result, concave: true };
    else if (word === "log-convex") result = { ...result, root: Infinity };
    else if (word === "log-concave") result = { ...result, power: Infinity };
    else if (word === "root") result = { ...result, root: Number(order) };
    else if (word === "power") result = { ...result, power: Number(order) };
    else if (word === "positive") result = { ...result, positive: true };
  }
  return result;
}

/** Claims of all elements, run by run: [count, claim, count, claim …]. */
function runs(entries: Entries): (number | string)[] {
  const result: (number | string)[] = [];
  let before: Entry | undefined;
  let text = "";
  for (const e of entries) {
    if (e !== before) {
      text = claimOf(e);
      before = e;
    }
    if (result.length > 0 && result[result.length - 1] === text)
      result[result.length - 2] = (result[result.length - 2] as number) + 1;
    else result.push(1, text);
  }
  return result;
}

const nameOf = (node: Node): string => callName(node) ?? (isParameter(node) ? String(node.attributes.name) : node.op.name);

/** A readable formula of the node, cut where it grows long. */
export function formulaOf(node: Node, depth = 4): string {
  if (isParameter(node)) return String(node.attributes.name);
  const value = node.symbolic ? undefined : exactValue(node);
  if (value && isIdentityMatrix(node)) return "I";
  if (value) return value.length === 1 || value.every((x) => x === value[0]) ? String(value[0]) : `data[${node.shape.join("×")}]`;
  if (depth === 0) return "…";
  if (["reshape", "broadcast", "cast"].includes(node.op.name) || isUnpacking(node)) return formulaOf(node.inputs[0], depth);
  const matrix = matrixFormula(node, depth);
  if (matrix !== undefined) return matrix;
  const quotient = rationalExponent(node);
  if (quotient) {
    const base = formulaOf(node.inputs[0], depth - 1);
    const isOne = /^([\p{L}\p{N}_.…×[\]]+|[\p{L}\p{N}_]+\([^()]*\))$/u.test(base);
    return `${isOne ? base : `(${base})`}^(${quotient.numerator}/${quotient.denominator})`;
  }
  const text = notationOf(node).text(...node.inputs.map((n) => formulaOf(n, depth - 1)));
  // Notations wrap every operand; names, numbers and calls need that in no place.
  return text.replace(/(?<![\p{L}\p{N}_\]])\(([\p{L}\p{N}_.…×[\]]+|[\p{L}\p{N}_]+\([^()]*\))\)/gu, "$1");
}

/** Eigenvalues, singular values, diagonals and traces, as people write them. */
function matrixFormula(node: Node, depth: number): string | undefined {
  const spectrum = spectrumOf(node);
  if (spectrum) return `${spectrumName(spectrum)}(${formulaOf(matrixOf(node), depth - 1)})`;
  const matrix = diagonalOf(node);
  if (matrix) return `diag(${formulaOf(matrix, depth - 1)})`;
  const [a] = node.inputs;
  const traced = node.op.name === "sum" ? diagonalOf(a) : undefined;
  if (traced) return `trace(${formulaOf(traced, depth - 1)})`;
  if (node.op.name !== "reduceMax" && node.op.name !== "reduceMin") return undefined;
  return spectrumOf(a) === "eigenvalues"
    ? `${node.op.name === "reduceMax" ? "lambda_max" : "lambda_min"}(${formulaOf(matrixOf(a), depth - 1)})`
    : undefined;
}

/** Whether a node holds the elements of its input, in order. */
const isCarried = (node: Node): boolean => isParameter(node) || node.op.name === "reshape" || isIdentityCast(node);

/** A node without the reshapes around it: no step speaks of these. */
function plainOf(node: Node): Node {
  return !isParameter(node) && isCarried(node) ? plainOf(node.inputs[0]) : node;
}

/** What is known of a matrix, in words. */
function factWords({ symmetric, positive, negative, convex, concave }: MatrixFact): string[] {
  const words: string[] = [];
  if (positive > 0) words.push(positive === 2 ? "positive definite" : "positive semidefinite");
  if (negative > 0) words.push(negative === 2 ? "negative definite" : "negative semidefinite");
  if (convex !== concave) words.push(convex ? "convex in the order of Loewner" : "concave in the order of Loewner");
  return words.length === 0 && symmetric ? ["symmetric"] : words;
}

function ruleOf(node: Node, pattern: Pattern | undefined, result: Entry): string {
  if (pattern)
    return pattern.kind === "entropy" ? "t·log t" : pattern.kind === "perspective" ? "perspective" : "pieces of one variable";
  if (isParameter(node) || isUnpacking(node)) return "variable";
  if (result.convex && result.concave) return "affine";
  if (rationalExponent(node)) return "orders of power";
  const orders = ["sqrt", "log", "square", "power", "div", "rsqrt", "mul"].includes(node.op.name);
  return orders ? `orders of ${nameOf(node)}` : `composition with ${nameOf(node)}`;
}

/** The proof that the output has the curvature its entry says. A node that occurs again is referred to by number. */
export function proofOf(f: Normalised, propagation: Propagation, wanted: "convex" | "concave"): Proof {
  const written = new Set<Node>();
  const told = new Set<Node>();
  const tell = (matrix: Node): Proof[] => {
    const fact = propagation.matrices?.factOf(matrix);
    const words = fact ? factWords(fact) : [];
    if (!fact || words.length === 0 || told.has(matrix)) return [];
    told.add(matrix);
    const premises = fact.parts.flatMap(tell);
    const plain = words.length === 1 && words[0] === "symmetric";
    return [
      {
        rule: plain || fact.rule === "" ? "entries (i, j) and (j, i) are the same" : fact.rule,
        claim: `${formulaOf(matrix)} is ${words.join(" and ")}${matrix.symbolic ? " on the domain" : ""}`,
        data: { matrix: f.indexOf.get(matrix)!, is: words },
        ...(premises.length > 0 && { premises }),
      },
    ];
  };
  const build = (reshaped: Node): Proof => {
    const node = plainOf(reshaped);
    const number = f.indexOf.get(node)!;
    const entries = propagation.entriesOf(node);
    const pattern = propagation.patterns.get(node);
    const joined = node.dtype === "bool" ? "a condition" : claimOf(entries.length === 1 ? entries[0] : summary(entries));
    const claim = `n${number}: ${formulaOf(node)} is ${joined}`;
    if (written.has(node)) return { rule: "see above", claim, data: { node: number } };
    written.add(node);
    const data: Record<string, JsonData> = { node: number, claims: runs(entries) };
    if (pattern) data.pattern = { ...numbered(pattern, f) };
    const sameLevel = entries.some((e) => !isConstantEntry(e));
    const ruled = pattern ? undefined : propagation.ruled.get(node);
    const premises = ruled
      ? [...ruled.matrices.flatMap(tell), ...ruled.uses.filter((n) => n.symbolic && n !== node).map(build)]
      : sameLevel && !isParameter(node) && !isUnpacking(node)
        ? premisesOf(node, pattern).map(build)
        : [];
    const rule = ruled?.rule ?? ruleOf(node, pattern, entries[0]);
    return { rule, claim, data, ...(premises.length > 0 && { premises }) };
  };
  const root = build(f.output);
  return { rule: "composition", claim: `${formulaOf(f.output)} is ${wanted}`, data: { wanted }, premises: [root] };
}

function premisesOf(node: Node, pattern: Pattern | undefined): Node[] {
  const of = pattern === undefined || pattern.kind === "perspective" ? [] : [pattern.of];
  return [...new Set([...of, ...node.inputs])].filter((n) => n.symbolic);
}

function summary(entries: Entries): Entry {
  return entries.reduce((a, b) => ({
    range: { lower: Math.min(a.range.lower, b.range.lower), upper: Math.max(a.range.upper, b.range.upper) },
    convex: a.convex && b.convex,
    concave: a.concave && b.concave,
    root: Math.min(a.root, b.root),
    power: a.power < 0 || b.power < 0 ? -1 : Math.max(a.power, b.power),
    positive: a.positive && b.positive,
  }));
}

function numbered(pattern: Pattern, f: Normalised): Record<string, JsonData> {
  const at = (n: Node | undefined) => (n === undefined ? null : f.indexOf.get(n)!);
  if (pattern.kind === "perspective") {
    const { denominator, numerator, inner } = pattern;
    return { kind: pattern.kind, denominator: at(denominator), numerator: at(numerator), inner: at(inner) };
  }
  return { kind: pattern.kind, of: at(pattern.of) };
}

interface Steps {
  /** What steps say of matrices. */
  readonly facts: readonly { readonly node: Node; readonly words: readonly string[] }[];
  readonly claims: ReadonlyMap<Node, readonly string[]>;
  readonly patterns: ReadonlyMap<Node, Pattern>;
}

/** The steps of a proof, by node; throws an analysis error where the proof is malformed. */
function stepsOf(proof: Proof, f: Normalised): Steps {
  const claims = new Map<Node, readonly string[]>();
  const patterns = new Map<Node, Pattern>();
  const facts: { readonly node: Node; readonly words: readonly string[] }[] = [];
  const nodeAt = (value: JsonData | undefined): Node => {
    const node = typeof value === "number" ? f.nodes[value] : undefined;
    return node ?? fail("analysis", `a composition proof names node ${String(value)}, which the function does not have.`);
  };
  const visit = (step: Proof): void => {
    const data = step.data as { readonly [key: string]: JsonData | undefined };
    if (step.rule === "see above") return;
    if (data?.matrix !== undefined) {
      facts.push({ node: nodeAt(data.matrix), words: (data.is as readonly JsonData[]).map(String) });
      for (const premise of step.premises ?? []) visit(premise);
      return;
    }
    const node = nodeAt(data?.node);
    const list: string[] = [];
    const given = data.claims as readonly (number | string)[];
    const size = node.shape.reduce((n, d) => n * d, 1);
    for (let i = 0; i + 1 < given.length && list.length <= size; i += 2) {
      for (let k = 0; k < (given[i] as number) && list.length <= size; k++) list.push(String(given[i + 1]));
    }
    if (list.length !== size)
      fail("analysis", `the proof's step on node ${String(data.node)} speaks of the wrong number of elements.`);
    if (claims.has(node)) fail("analysis", `the proof states node ${String(data.node)} twice.`);
    claims.set(node, list);
    const p = data.pattern as { readonly [key: string]: JsonData } | undefined;
    if (p) {
      if (p.kind === "perspective") {
        const numerator = p.numerator === null ? undefined : nodeAt(p.numerator);
        patterns.set(node, { kind: "perspective", denominator: nodeAt(p.denominator), numerator, inner: nodeAt(p.inner) });
      } else if (p.kind === "entropy" || p.kind === "piecewise") patterns.set(node, { kind: p.kind, of: nodeAt(p.of) });
      else fail("analysis", `the proof uses a pattern ${String(p.kind)} that is not known.`);
    }
    for (const premise of step.premises ?? []) visit(premise);
  };
  for (const premise of proof.premises ?? []) visit(premise);
  return { claims, patterns, facts };
}

/** Whether `found` establishes the claim. */
function establishes(found: Entry, claim: Partial<Entry>): boolean {
  if (claim.convex && !found.convex) return false;
  if (claim.concave && !found.concave) return false;
  if (claim.root !== undefined && !(found.root >= claim.root && claim.root >= 1)) return false;
  if (claim.power !== undefined && !(found.power >= 0 && found.power <= claim.power)) return false;
  return !(claim.positive && !found.positive);
}

/**
 * Whether a proof by composition holds: of this function, on this domain. Every step is derived again from the claims of the steps before
 * it; ranges are computed anew. Throws an analysis error for a proof that is malformed.
 */
export function checkCompositionProof(graph: Graph, domain: Domain, proof: Proof): boolean {
  const f = normalise(graph);
  const wanted = (proof.data as { readonly wanted?: JsonData } | undefined)?.wanted;
  if (wanted !== "convex" && wanted !== "concave") return false;
  const { claims, patterns, facts } = stepsOf(proof, f);
  // Entries with the ranges that follow from the graph, and no more curvature than was claimed and derived.
  const derived = new Map<Node, Entries>();
  const entriesOf = (node: Node): Entries => {
    const before = derived.get(node);
    if (before) return before;
    const value = exactValue(node);
    if (value) return remember(node, constantEntries(value));
    const from = f.offsets.get(node);
    const size = node.shape.reduce((n, d) => n * d, 1);
    const inputs = node.inputs.map((n) => () => entriesOf(n));
    const base =
      from !== undefined ? coordinateEntries(domain.box, from, size) : isParameter(node) ? undefined : transfer(node, inputs);
    if (!base) return fail("analysis", "the function depends on a parameter that it does not have.");
    derived.set(node, base);
    const refined = matrices.refine(node, base)?.entries ?? base;
    const pattern = patterns.get(node);
    const found = (pattern && applyPattern(pattern, node, refined, entriesOf)) ?? refined;
    const list = claims.get(node);
    if (!node.symbolic) return remember(node, found);
    const texts = new Map<string, Partial<Entry>>();
    return remember(
      node,
      found.map((e, i) => {
        if (isConstantEntry(e)) return e;
        if (!list) return isCarried(node) ? e : entry(e.range, { positive: e.positive });
        let claim = texts.get(list[i]);
        if (!claim) {
          claim = parsed(list[i]);
          texts.set(list[i], claim);
        }
        if (!establishes(e, claim)) throw new Unproved();
        return entry(e.range, { ...claim, positive: e.positive });
      }),
    );
  };
  const matrices = matrixRules(f.offsets, domain, entriesOf);
  const remember = (node: Node, entries: Entries): Entries => {
    derived.set(node, entries);
    return entries;
  };
  try {
    for (const node of f.nodes) if (node.symbolic) entriesOf(node);
    const last = entriesOf(f.output);
    if (!isDefinedThroughout(f.nodes, { entriesOf, matrices })) return false;
    if (!facts.every(({ node, words }) => words.length > 0 && isSaid(matrices.factOf(node), words))) return false;
    return claims.has(plainOf(f.output)) && last.length === 1 && last[0][wanted];
  } catch (error) {
    if (error instanceof Unproved) return false;
    throw error;
  }
}

/** Whether every word holds of a matrix. */
function isSaid(fact: MatrixFact, words: readonly string[]): boolean {
  const holding = new Set(factWords(fact));
  if (fact.symmetric) holding.add("symmetric");
  return words.every((word) => holding.has(word));
}

class Unproved extends Error {}
