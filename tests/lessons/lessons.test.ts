// Every lesson: its numbers are as they should be, its calculations hold as printed, and its words and numbers agree.

import { expect, test } from "vitest";
import { pageFaults } from "../../src/explain/lessons/arithmetic.ts";
import { lessonHtml } from "../../src/explain/lessons/html.ts";
import { strayNumbers } from "./literals.ts";
import { files, loadLesson } from "./load.ts";

test.each([...files])("lesson %i", async (number, path) => {
  const lesson = await loadLesson(path);
  const page = await lesson.run();
  expect(page.about.number).toBe(number);
  expect(page.checks.length).toBeGreaterThan(0);
  expect(page.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(pageFaults(page)).toEqual([]);
  expect(strayNumbers(page)).toEqual([]);
  expect(await lesson.run(), "the same page every time").toEqual(page);
  const html = (await lessonHtml(page)).replace(/base64,[\w+/=]+/g, "");
  expect(html.match(/.{0,40}(?:undefined|NaN|\[object).{0,40}/) ?? []).toEqual([]);
});
