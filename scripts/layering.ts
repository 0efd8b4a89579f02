// Checks that imports run downwards only: a folder of src/ may import those below it. Prints each import that does not, and why,
// and exits with 1 when there is one. Type-only imports count too: a type from above is a contract in the wrong place.
//
//   node scripts/ts.mjs scripts/layering.ts

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** From the bottom up; folders on one line stand side by side and do not import each other, unless `mayImport` says so. */
const layers: readonly (readonly string[])[] = [
  ["numeric"],
  ["graph"],
  ["ops"],
  ["engines"],
  ["tensor"],
  ["transforms"],
  ["nn", "losses", "metrics", "optim"],
  ["data", "io"],
  ["train"],
  ["analysis"],
  ["explain"],
  ["doctor"],
  ["cli"],
];

/** The public entry: it re-exports, so it stands above the library; only the command line may stand above it. */
const entry = "index.ts";

/** Neighbours that may nevertheless import each other, one way. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  data: ["io"],
  nn: ["losses", "metrics", "optim"],
};

/** Packages that may be imported, by folder; a test may import any. */
const packages: Readonly<Record<string, readonly string[]>> = { cli: ["jiti"], explain: ["@dagrejs/dagre", "katex"] };

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "src");

interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
}

export function findFaults(files: Readonly<Record<string, string>>): string[] {
  const known = new Set(layers.flat());
  const faults: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    const folder = topFolder(path);
    if (folder !== undefined && !known.has(folder)) {
      faults.push(`src/${path}: the folder "${folder}" has no place in the layers of scripts/layering.ts`);
      continue;
    }
    if (isTest(path) || folder === undefined) continue;
    for (const found of importsOf(path, text)) {
      const fault = faultOf(folder, found);
      if (fault !== undefined) faults.push(`src/${found.from}:${found.line}: imports "${found.specifier}", ${fault}`);
    }
  }
  return faults;
}

function faultOf(folder: string, { from, specifier }: Import): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  if (!specifier.startsWith(".")) {
    const allowed = packages[folder] ?? [];
    return allowed.includes(specifier) ? undefined : "a package; the core has no runtime dependencies";
  }
  const target = posix.join(posix.dirname(from), specifier);
  if (target.startsWith("..")) return "which lies outside src/";
  if (isTest(target)) return "which belongs to the tests";
  if (target === entry) return "the public entry, which stands above the whole library; import the file that defines it";
  const to = topFolder(target);
  if (to === undefined) return "which lies in no folder of src/";
  if (to === folder) return undefined;
  const [here, there] = [levelOf(folder), levelOf(to)];
  if (there < here || mayImport[folder]?.includes(to)) return undefined;
  return here === there
    ? `but ${folder} and ${to} stand side by side`
    : `but ${to} stands above ${folder} (the order is ${layers.map((names) => names.join("/")).join(" < ")})`;
}

/** Imports, re-exports, dynamic imports and import types of a source, with their lines. */
function importsOf(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (node: ts.Node | undefined) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    found.push({ from: path, line: line + 1, specifier: node.text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Tests and what only they use. */
function isTest(path: string): boolean {
  return /(\.test|test-support|fixtures)\.ts$/.test(path);
}

function topFolder(path: string): string | undefined {
  const at = path.indexOf("/");
  return at < 0 ? undefined : path.slice(0, at);
}

function levelOf(folder: string): number {
  return layers.findIndex((names) => names.includes(folder));
}

function readSources(): Record<string, string> {
  const paths = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile() && item.name.endsWith(".ts"))
    .map((item) => relative(source, join(item.parentPath, item.name)).replaceAll("\\", "/"));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(source, path), "utf8")]));
}

function main(): void {
  const files = readSources();
  const faults = findFaults(files);
  for (const fault of faults) console.error(fault);
  console.log(`layering: ${Object.keys(files).length} files, ${faults.length} imports against the order`);
  if (faults.length > 0) process.exitCode = 1;
}

if (process.argv[1]?.endsWith("layering.ts")) main();
