// Loads a user's module, TypeScript included, on every Node that Gradus runs on. In it, "gradus" is the library that is running
// already: a second copy would have tensors of its own.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fail, GradusError } from "../graph/errors.ts";

export type Modules = Readonly<Record<string, unknown>>;

/**
 * The exports of the module at `path`, in which the names that `library` gives mean the modules it gives for them. Throws
 * GradusError "run" when there is no such file or it does not load.
 */
export async function loadModule(path: string, library: () => Promise<Modules>): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  if (!existsSync(file)) fail("run", `there is no file ${path} (looked for ${file})`);
  const { createJiti } = await import("jiti");
  const jiti = createJiti(import.meta.url, { virtualModules: { ...(await library()) }, interopDefault: false, fsCache: false });
  try {
    return await jiti.import<Readonly<Record<string, unknown>>>(file);
  } catch (error) {
    if (error instanceof GradusError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new GradusError("run", `${path} does not load: ${message}`, { cause: error });
  }
}

/** The entries of this package, by the names under which users import them. */
export async function libraryModules(names: readonly string[]): Promise<Modules> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await import(name)) as unknown] as const)));
}
