// Writes lessons/README.md: the lessons, and the table of what the literature teaches with the lessons that do it. The tests hold the
// file to what this makes, and every concept to a lesson.
//
//   node scripts/ts.mjs scripts/lessons.ts

import { writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { About } from "../src/explain/lessons/page.ts";
import { files, loadLesson } from "../tests/lessons/load.ts";

/** What the literature teaches; a lesson names the rows it covers by their beginnings. */
export const concepts: readonly string[] = [
  "a network is a function f(x; w); composition of layers; modules in any acyclic graph",
  "linear predictor; normal equations; basis functions fixed first (by hand, RBF at k-means centres), weights second",
  "activations: linear, ReLU, leaky ReLU, softplus, hard threshold, logistic, tanh, softmax",
  "losses: squared (½ and mean), cross-entropy binary and categorical (from probabilities and from logits); autoencoder, min-max (GAN) objectives",
  "modules: fully connected, convolution, pooling, dropout, batch normalisation, residual, recurrent",
  "gradient descent with step size and tolerance; SGD; momentum; Adagrad; RMSprop; Adam",
  "backpropagation on a graph: topological order, error signals, fan-out sums, vector-Jacobian products, never a Jacobian",
  "per-example gradient: each example's contribution is its residual times its sensitivity",
  "cost: one multiply-add per weight forward, two backward",
  "gradient checking: central differences, float64, relative error |a−b|/(|a|+|b|) ≤ 1e-6",
  "convex sets, convex / strictly convex / concave functions, chords; first- and second-order conditions; Hessian PSD; sums of convex functions",
  "which losses are convex, in what; linear model → convex, one hidden layer → not, because permuting hidden units preserves the function",
  "Taylor models of order 1 and 2; best parabola at a point",
  "Jacobian, Hessian, definite / semidefinite / indefinite",
  "Lipschitz f, Lipschitz gradient, L = ‖AᵀA‖₂ for least squares, logistic regression; the equivalent inequalities",
  "local / global minimizers; first- and second-order optimality conditions",
  "steepest descent; step 1/L; the bound on the least gradient norm; convergence: sublinear, linear, superlinear, quadratic",
  "XOR and translated patterns are not linearly separable (averages of each class coincide)",
  "universality: 2^D threshold units; logistic approximates threshold; Boolean circuits as networks; deep linear networks collapse; random features + convex output layer",
  "learned first-layer features of digits, seen as images",
];

/** The numbers of the lessons that cover a concept. */
export function covering(concept: string, lessons: readonly About[]): number[] {
  return lessons.filter((about) => about.concepts?.some((named) => concept.startsWith(named))).map(({ number }) => number);
}

/** What lessons/README.md says. */
export function readme(lessons: readonly (About & { readonly file: string })[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("$", "");
  const rows = lessons.map(({ number, title, learn, file }) => `| ${number} | [${cell(title)}](${file}) | ${cell(learn)} |`);
  const table = concepts.map((concept) => `| ${cell(concept)} | ${covering(concept, lessons).join(", ")} |`);
  return `# Lessons

Neural networks and optimization from the beginning, every number worked out. Each lesson is a short program that reads as a page of a textbook; whoever
has had a first course in calculus can follow. The numbers in the prose are inserted where they are computed, every calculation is read back and evaluated
by the tests, and what the literature gives is checked at its digits.

\`\`\`sh
npx gradus lesson              # list them
npx gradus lesson 10           # read one in the terminal
npx gradus lesson 10 --open    # see it in the browser, with its pictures
npx gradus lesson 10 --json    # what it checks, with full digits
\`\`\`

A lesson of your own is a file that exports one (\`import { lesson } from "gradus/explain"\`), and is read in the same way: \`npx gradus lesson my-lesson.ts\`.

| | lesson | you will learn |
| --- | --- | --- |
${rows.join("\n")}

## By concept

| concept | lessons |
| --- | --- |
${table.join("\n")}
`;
}

/** What the lessons say of themselves, with their files. */
export async function abouts(): Promise<(About & { readonly file: string })[]> {
  return Promise.all([...files.values()].map(async (path) => ({ ...(await loadLesson(path)).about, file: basename(path) })));
}

if (process.argv[1]?.endsWith("lessons.ts")) {
  writeFileSync(join(resolve("lessons"), "README.md"), readme(await abouts()));
}
