// Loads lessons as the command does, with the sources in the place of the package's entries.

import { join } from "node:path";
import * as analysis from "../../src/analysis/index.ts";
import { loadModule } from "../../src/cli/load.ts";
import * as data from "../../src/data/index.ts";
import { lessonFiles } from "../../src/explain/commands/lesson-command.ts";
import * as explain from "../../src/explain/index.ts";
import type { Lesson } from "../../src/explain/lessons/page.ts";
import * as gradus from "../../src/index.ts";
import * as io from "../../src/io/index.ts";

export const folder = join(import.meta.dirname, "../../lessons");
export const files = await lessonFiles(folder);

const modules = { gradus, "gradus/analysis": analysis, "gradus/data": data, "gradus/explain": explain, "gradus/io": io };

/** A module of a user's. */
export const loadUser = (path: string) => loadModule(path, async () => modules);

export const loadLesson = async (path: string): Promise<Lesson> => (await loadUser(path)).default as Lesson;
