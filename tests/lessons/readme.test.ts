// The table of contents: what it should be, and complete.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { abouts, concepts, covering, readme } from "../../scripts/lessons.ts";
import { folder } from "./load.ts";

const lessons = await abouts();

test("lessons/README.md is what scripts/lessons.ts makes", () => {
  expect(readFileSync(join(folder, "README.md"), "utf8")).toBe(readme(lessons));
});

test.each(concepts)("%s: there is a lesson", (concept) => {
  expect(covering(concept, lessons)).not.toEqual([]);
});

test("lessons name only concepts that there are, and are numbered without gaps", () => {
  const named = lessons.flatMap((about) => about.concepts ?? []);
  expect(named.filter((name) => !concepts.some((concept) => concept.startsWith(name)))).toEqual([]);
  expect(lessons.map(({ number }) => number)).toEqual(lessons.map((_, i) => i + 1));
});
