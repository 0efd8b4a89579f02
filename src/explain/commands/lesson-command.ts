// gradus lesson: lists the lessons, or works one out and says whether every number in it is as it should be.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fail } from "../../graph/errors.ts";
import { writeFileAtomic } from "../../io/files.ts";
import type { Answer, CommandContext } from "../../train/command.ts";
import { lessonHtml } from "../lessons/html.ts";
import type { Lesson } from "../lessons/page.ts";
import { lessonText } from "../lessons/text.ts";
import type { LessonCommandOptions } from "./command.ts";

/** The answer is no when a number is not as it should be. */
export async function lesson(options: LessonCommandOptions, context: Pick<CommandContext, "loadModule">): Promise<Answer> {
  if (options.lesson === undefined) return list(options);
  const files = await lessonFiles(options.folder);
  const path = await fileOf(options.lesson, files);
  const page = await (await load(path, context)).run();
  const written = await writePage(options, page.about.number, async () => lessonHtml(page, await readFile(path, "utf8")));
  const checks = page.checks.map(({ name, expected, got, ok }) => ({ name, expected, got, ok }));
  return {
    ok: checks.every(({ ok }) => ok),
    text: [lessonText(page, options.style), ...written].join("\n"),
    json: { lesson: page.about.number, checks },
  };
}

/** By number. */
export async function lessonFiles(folder: string): Promise<ReadonlyMap<number, string>> {
  const names = (await readdir(folder)).filter((name) => /^\d\d-.*\.ts$/.test(name)).sort();
  return new Map(names.map((name) => [Number(name.slice(0, 2)), join(folder, name)]));
}

/** The lessons as their table of contents has them, README.md beside them: it is read faster than they are loaded. */
async function list({ folder, style }: LessonCommandOptions): Promise<Answer> {
  const contents = await readFile(join(folder, "README.md"), "utf8");
  const lessons = [...contents.matchAll(/^\| (\d+) \| \[(.*)\]\(.*?\) \| (.*) \|$/gm)].map(([, number, title, learn]) => ({
    lesson: Number(number),
    title: title.replaceAll("\\|", "|"),
    learn: learn.replaceAll("\\|", "|"),
  }));
  const lines = lessons.flatMap(({ lesson, title, learn }) => [
    `${style.cyan(String(lesson).padStart(2))}  ${style.bold(title)}`,
    `    ${style.dim(learn)}`,
  ]);
  return { ok: true, text: [...lines, "", "gradus lesson 1 --open"].join("\n"), json: lessons };
}

async function fileOf(word: string, files: ReadonlyMap<number, string>): Promise<string> {
  if (!/^L?\d+$/i.test(word)) return word;
  const number = Number(word.replace(/^L/i, ""));
  return files.get(number) ?? fail("argument", `there is no lesson ${number}. There are ${[...files.keys()].join(", ")}.`);
}

async function load(path: string, { loadModule }: Pick<CommandContext, "loadModule">): Promise<Lesson> {
  const { default: found } = await loadModule(path);
  return isLesson(found)
    ? found
    : fail("run", `${path} is no lesson. One begins: import { lesson } from "gradus/explain"; export default lesson({ … }, …).`);
}

function isLesson(value: unknown): value is Lesson {
  return typeof value === "object" && value !== null && "about" in value && "run" in value && typeof value.run === "function";
}

async function writePage(
  { html, open }: LessonCommandOptions,
  number: number,
  page: () => Promise<string>,
): Promise<readonly string[]> {
  if (html === undefined && open !== true) return [];
  const path = resolve(html ?? join(await mkdtemp(join(tmpdir(), "gradus-lesson-")), `lesson-${number}.html`));
  await writeFileAtomic(path, await page());
  if (open === true) show(path);
  return [`page ${path}`];
}

/** Leaves it to the system which program shows a page. Where there is none, the path that is printed must do. */
function show(path: string): void {
  const [program, ...words] = { darwin: ["open"], win32: ["cmd", "/c", "start", ""] }[process.platform as string] ?? [
    process.env.BROWSER || "xdg-open",
  ];
  if (!existsSync(path)) return;
  const child = spawn(program, [...words, path], { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
}
