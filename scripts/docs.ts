// Runs the documentation: every ```ts block of README.md and docs/ is type-checked against the built package and executed, and
// what it prints is compared with the ```text block that follows it. In the first line of a block, after "ts",
//   no-run       it is only type-checked
//   continued    it goes on from the block before it; the text shows what it prints itself
//
//   node scripts/ts.mjs scripts/docs.ts [FILE.md …]

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import ts from "typescript";

export interface Example {
  readonly file: string;
  /** Line of the file on which the code begins, from 1. */
  readonly line: number;
  readonly code: string;
  readonly run: boolean;
  /** What it must print, with the blocks that it continues; undefined: anything. */
  readonly expected: string | undefined;
  /** Lines of earlier blocks that `code` begins with, because it continues them. */
  readonly preface: number;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
// Inside the package, so that "gradus" means the package itself.
const folder = join(root, ".cache/docs");
const timeoutSeconds = 120;

/** The ```ts blocks of a Markdown text, each with the output that the text shows for it. */
export function examplesOf(file: string, markdown: string): Example[] {
  const lines = markdown.split("\n");
  const examples: Example[] = [];
  let before: Example | undefined;
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)(`{3,})(\w*)\s*(.*)$/.exec(lines[at]);
    if (fence === null) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence[2]);
    if (end < 0) throw new Error(`${file}:${at + 1}: this block is not closed`);
    const body = lines.slice(at + 1, end).map((line) => (line.startsWith(fence[1]) ? line.slice(fence[1].length) : line));
    if (fence[3] === "ts") {
      const words = new Set(fence[4].split(/\s+/));
      const continued = words.has("continued") ? before : undefined;
      if (words.has("continued") && before === undefined) throw new Error(`${file}:${at + 1}: there is no block to continue`);
      const preface = continued === undefined ? [] : continued.code.split("\n");
      const next = lines.findIndex((line, index) => index > end && line.trim() !== "");
      const output = next >= 0 && /^\s*```text\s*$/.test(lines[next]) ? lines.indexOf(lines[next].replace("text", ""), next) : -1;
      const own = output < 0 ? undefined : lines.slice(next + 1, output).join("\n");
      const expected = continued === undefined || own === undefined ? own : [continued.expected ?? "…", own].join("\n");
      before = {
        file,
        line: at + 2,
        code: [...preface, ...body].join("\n"),
        run: !words.has("no-run"),
        expected,
        preface: preface.length,
      };
      examples.push(before);
    }
    at = end;
  }
  return examples;
}

/** What is wrong with what an example printed; undefined: nothing. Blanks at line ends and blank lines do not count; "…" stands for anything. */
export function difference(expected: string, printed: string): string | undefined {
  const tidy = (text: string) =>
    text
      .replace(/[ \t]+$/gm, "")
      .replace(/\n{2,}/g, "\n")
      .trim();
  const [want, got] = [tidy(expected), tidy(printed)];
  const pattern = want
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("[\\s\\S]*?");
  if (new RegExp(`^${pattern}$`).test(got)) return undefined;
  return `printed\n${indent(got)}\n  where the text says\n${indent(want)}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}

function nameOf(example: Example): string {
  return `${example.file.replace(/\W+/g, "-")}-${example.line}`;
}

/** Type errors, by example. */
function typeErrors(examples: readonly Example[]): Map<Example, string[]> {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const paths = new Map(examples.map((example) => [join(folder, `${nameOf(example)}.ts`), example]));
  const program = ts.createProgram({
    rootNames: [...paths.keys()],
    options: { ...options, noUnusedLocals: false, noUnusedParameters: false, noEmit: true },
  });
  const errors = new Map<Example, string[]>();
  for (const [path, example] of paths) {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((diagnostic) => {
      const line = source?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
      const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
      return `${example.file}:${Math.max(example.line, example.line + line - example.preface)}: ${message}`;
    });
    if (found.length > 0) errors.set(example, found);
  }
  return errors;
}

async function execute(example: Example): Promise<string | undefined> {
  const path = join(folder, `${nameOf(example)}.mjs`);
  const { code } = await transform(example.code, { loader: "ts", format: "esm", target: "node20" });
  writeFileSync(path, code);
  const { status, stdout, stderr } = await node(path);
  if (status !== 0) return `ended with ${status}\n${indent(stderr.trim())}`;
  return example.expected === undefined ? undefined : difference(example.expected, stdout);
}

function node(path: string): Promise<{ status: number | string; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const work = join(folder, "work");
    mkdirSync(work, { recursive: true });
    const child = spawn(process.execPath, [path], {
      cwd: work,
      timeout: timeoutSeconds * 1000,
      env: { ...process.env, NO_COLOR: "1" },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    child.on("close", (code, signal) => done({ status: code ?? signal ?? "?", stdout, stderr }));
  });
}

async function main(files: readonly string[]): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const examples = files.flatMap((file) => examplesOf(relative(root, file), readFileSync(file, "utf8")));
  for (const example of examples) writeFileSync(join(folder, `${nameOf(example)}.ts`), `${example.code}\nexport {};\n`);
  const errors = typeErrors(examples);
  let failed = 0;
  for (const example of examples) {
    const wrong = errors.get(example)?.join("\n") ?? (example.run ? await execute(example) : undefined);
    if (wrong === undefined) continue;
    failed++;
    console.error(`${example.file}:${example.line}: ${wrong}\n`);
  }
  console.log(`docs: ${examples.length} examples in ${files.length} files`);
  console.log(`${examples.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

function documents(): string[] {
  const docs = join(root, "docs");
  const guides = existsSync(docs) ? readdirSync(docs, { recursive: true, encoding: "utf8" }) : [];
  return ["README.md", ...guides.filter((path) => path.endsWith(".md")).map((path) => join("docs", path))]
    .map((path) => join(root, path))
    .filter((path) => existsSync(path))
    .sort();
}

if (process.argv[1]?.endsWith("docs.ts")) {
  const chosen = process.argv.slice(2).map((path) => resolve(path));
  await main(chosen.length > 0 ? chosen : documents());
}
