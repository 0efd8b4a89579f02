// Names from the user's code: while a function is traced, each node notes where in the user's sources it is made, and the sources say
// which name its value is given there. `const z1 = W1.matmul(x).add(b1)` calls its last node z1. Where sources cannot be read, in a
// browser or out of a bundle, there are no names; nothing depends on them.

import { fail } from "../graph/errors.ts";
import { type Node, watchNodes } from "../graph/node.ts";
import { isPick } from "../graph/structural.ts";
import { Tensor } from "../tensor/tensor.ts";
import { scan, type Target, targetOf, type Word } from "./source-scan.ts";

let collector: Map<Node, string> | undefined;

/**
 * The tensor itself, which worked examples then call `name`: named(W.matmul(x), "z1") is z₁. Outside `explain` it does nothing. Throws
 * an argument error for a name that is none.
 */
export function named<T extends Tensor>(tensor: T, name: string): T {
  if (!(tensor instanceof Tensor)) fail("argument", `named: the first argument must be a tensor, got ${typeof tensor}.`);
  if (typeof name !== "string" || !/^\p{L}[\p{L}\p{N}_]*$/u.test(name)) {
    fail(
      "argument",
      `named: a name is made of letters, digits and underscores and begins with a letter, got ${JSON.stringify(name)}.`,
    );
  }
  collector?.set(tensor.node, name);
  return tensor;
}

/** Runs `run`, and says what the nodes made in it are called, in the user's code or by `named`. */
export function nodeNames(run: () => void): Map<Node, string> {
  const outer = collector;
  const explicit = new Map<Node, string>();
  collector = explicit;
  const activations: Activation[] = [];
  const open = new Map<string, Activation>();
  // A file may have changed since it was last explained.
  sources.clear();
  targets.clear();
  places.clear();
  const limit = Error.stackTraceLimit;
  // Modules within modules are deep; frames beyond this only cost names.
  Error.stackTraceLimit = deepest;
  try {
    const around = framesOf(new Error().stack ?? "").length;
    watchNodes((node) => note(node, around, activations, open), run);
  } finally {
    Error.stackTraceLimit = limit;
    collector = outer;
  }
  const names = numbered(activations.flatMap(({ target, nodes }) => assigned(target, nodes)));
  for (const [node, name] of explicit) names.set(node, name);
  return names;
}

const deepest = 200;

/** One execution of a statement that gives a name. */
interface Activation {
  readonly target: Target;
  readonly nodes: Node[];
  /** Places in the statement from which nodes were made, and the last of them. */
  readonly places: Set<string>;
  last: string;
  /** The whole stack when its first node was made. */
  readonly first: string;
}

/** `around`: frames of the user's code outside what is traced, which name the explanation and no node. */
function note(node: Node, around: number, activations: Activation[], open: Map<string, Activation>): void {
  const stack = new Error().stack ?? "";
  const all = framesOf(stack);
  const frames = all.slice(0, all.length - around);
  for (const [i, frame] of frames.entries()) {
    const target = frame.givesList ? undefined : targetAt(frame);
    if (!target) continue;
    const place = `${frame.line}:${frame.column}`;
    const outside = frames.slice(i + 1).map((f) => `${f.file}:${f.line}:${f.column}`);
    const key = [frame.file, target.at, ...outside].join("\n");
    const before = open.get(key);
    const isAgain =
      before !== undefined &&
      ((place !== before.last && before.places.has(place)) || (target.inLoop && !target.isPattern && stack === before.first));
    if (before === undefined || isAgain) {
      const activation: Activation = { target, nodes: [node], places: new Set([place]), last: place, first: stack };
      activations.push(activation);
      open.set(key, activation);
    } else {
      before.nodes.push(node);
      before.places.add(place);
      before.last = place;
    }
  }
}

/** The value of an expression is the node that is made last in it; of a pattern, its outputs or the last nodes that are alike. */
function assigned({ names, isPattern }: Target, nodes: readonly Node[]): [Node, string][] {
  const last = nodes[nodes.length - 1];
  if (!isPattern) return [[last, names[0]]];
  const outputs = nodes.filter((node) => isPick(node) && isPick(last) && node.inputs[0] === last.inputs[0]);
  const alike = outputs.length > 0 ? outputs : nodes.slice(-names.length);
  if (alike.some((node) => node.op !== last.op)) return [];
  return alike.flatMap((node, i): [Node, string][] => {
    const name = names[isPick(node) ? Number(node.attributes.index) : i];
    return name ? [[node, name]] : [];
  });
}

/** A name that several nodes have, as in a loop or a function that is called twice, is numbered. The outermost name of a node holds. */
function numbered(found: readonly (readonly [Node, string])[]): Map<Node, string> {
  const names = new Map<Node, string>();
  for (const [node, name] of found) names.set(node, name);
  const nodes = new Map<string, Node[]>();
  for (const [node, name] of [...names].sort(([a], [b]) => a.id - b.id)) nodes.set(name, [...(nodes.get(name) ?? []), node]);
  for (const [name, same] of nodes) {
    if (same.length < 2) continue;
    for (const [k, node] of same.entries()) names.set(node, /\d$/.test(name) ? `${name}_${k + 1}` : `${name}${k + 1}`);
  }
  return names;
}

interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Whether it calls a function that makes a list: what is made in there is only an element of the value. */
  readonly givesList: boolean;
}

const listMaker = /^at (?:Array\.(?:map|flatMap|forEach)|Function\.from|Array\.from) \(/;
const frameParts = /(?:\(|at |@)(?:async )?(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/;

/** Frames of the user's code, innermost first. */
function framesOf(stack: string): Frame[] {
  const frames: Frame[] = [];
  let givesList = false;
  for (const line of stack.split("\n")) {
    const place = placeIn(line.trim());
    if (place) frames.push({ ...place, givesList });
    givesList = place ? false : givesList || listMaker.test(line.trim());
  }
  return frames;
}

const places = new Map<string, Omit<Frame, "givesList"> | undefined>();

function placeIn(line: string): Omit<Frame, "givesList"> | undefined {
  if (places.has(line)) return places.get(line);
  const found = frameParts.exec(line);
  const isUsers = found !== null && isUserFile(found[1]);
  const place = isUsers ? { file: decoded(found[1]), line: Number(found[2]), column: Number(found[3]) } : undefined;
  places.set(line, place);
  return place;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The folder of this package as stacks have it, "" where there is none. */
let ownFolder: string | undefined;

function isUserFile(path: string): boolean {
  ownFolder ??= findOwnFolder();
  if (path.includes("node:internal")) return false;
  if (ownFolder === "" || !path.startsWith(ownFolder)) return !path.includes("/node_modules/");
  // The lessons are read as a user's code, also where the package is installed.
  const inside = path.slice(ownFolder.length);
  return /\.test\.[cm]?[jt]s$/.test(inside) || !/^(?:src|dist|node_modules)\//.test(inside);
}

function findOwnFolder(): string {
  const own = /^file:\/\/(.*\/)/.exec(import.meta.url)?.[1];
  for (let folder = own; folder; folder = folder.slice(0, folder.slice(0, -1).lastIndexOf("/") + 1)) {
    const manifest = readText(`${decoded(folder)}package.json`);
    if (manifest !== undefined) return /"name":\s*"gradus"/.test(manifest) ? folder : (own ?? "");
  }
  return own ?? "";
}

/** A file's text; undefined where there are no files, or not this one. */
function readText(path: string): string | undefined {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return undefined;
  try {
    return process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

interface Source {
  readonly words: readonly Word[];
  /** Offset of each line's first character. */
  readonly lines: readonly number[];
}

const sources = new Map<string, Source | undefined>();
const targets = new Map<string, Target | undefined>();

function targetAt({ file, line, column }: Frame): Target | undefined {
  const key = `${file}:${line}:${column}`;
  if (targets.has(key)) return targets.get(key);
  if (!sources.has(file)) {
    const text = readText(file);
    sources.set(file, text === undefined ? undefined : sourceOf(text));
  }
  const source = sources.get(file);
  const target = source && findTarget(source, line, column);
  targets.set(key, target);
  return target;
}

function sourceOf(text: string): Source {
  const lines = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.push(at + 1);
  return { words: scan(text), lines };
}

/**
 * The target of the call at a place. Where a translator has kept the lines and not the columns, no word begins there, and the line
 * must tell: by its last word that is called.
 */
function findTarget({ words, lines }: Source, line: number, column: number): Target | undefined {
  const start = lines[line - 1];
  if (start === undefined) return undefined;
  const end = lines[line] ?? Number.POSITIVE_INFINITY;
  const exact = words.findIndex((word) => word.start === start + column - 1);
  if (exact >= 0 && words[exact].kind === "name") return targetOf(words, exact);
  const called = words.flatMap((word, i) =>
    word.start >= start && word.start < end && word.kind === "name" && words[i + 1]?.text === "(" ? [i] : [],
  );
  const found = called.map((i) => targetOf(words, i)).filter((target) => target !== undefined);
  return found.length > 0 && found.every((target) => target.at === found[0].at) ? found[0] : undefined;
}
