import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModule } from "./load.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gradus-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, source: string): Promise<string> {
  await writeFile(join(folder, name), source);
  return join(folder, name);
}

test("TypeScript loads, its neighbours too, and `gradus` is the very module that was given", async () => {
  const library = { nn: { linear: () => 1 } };
  await file("helper.ts", "export const width: number = 3;");
  const path = await file(
    "model.ts",
    `import { nn } from "gradus";
     import * as data from "gradus/data";
     import { width } from "./helper.ts";
     const late = await Promise.resolve(5);
     export const config = { nn, rows: data.rows, width: width satisfies number, late };
     export default config;`,
  );
  const rows = [1];
  const module = await loadModule(path, async () => ({ gradus: library, "gradus/data": { rows } }));
  expect(module.default).toBe(module.config);
  const config = module.config as { nn: unknown; rows: unknown; width: number; late: number };
  expect(config.nn).toBe(library.nn);
  expect(config.rows).toBe(rows);
  expect([config.width, config.late]).toEqual([3, 5]);
});

test("a file that is not there is named", async () => {
  await expect(loadModule(join(folder, "absent.ts"), async () => ({}))).rejects.toThrow(/there is no file .*absent\.ts/);
});

test("a file with a mistake is named, with the place of the mistake", async () => {
  const path = await file("broken.ts", "export const a = ;\n");
  await expect(loadModule(path, async () => ({}))).rejects.toThrow(/broken\.ts does not load: .*1:17/s);
});
