// Options by name, checked where they come in: an option that nobody knows is an error and not silently without effect.

import { fail } from "../graph/errors.ts";
import { didYouMean } from "../graph/suggest.ts";
import { named } from "./operands.ts";

/** Names that leave out no option of T. */
type Complete<T, N extends readonly unknown[]> = Exclude<keyof T, N[number]> extends never ? N : never;

/** The options as they are given. Throws an argument error when they are no object, or when one is not among `names`. */
export function known<T extends object, const N extends readonly (keyof T & string)[]>(
  operation: string,
  options: T,
  names: Complete<T, N>,
): T {
  const given = named(operation, options);
  const all: readonly string[] = names;
  const stranger = Object.keys(given).find((name) => !all.includes(name));
  if (stranger !== undefined) {
    const hint = didYouMean(stranger, all, (name) => name);
    fail("argument", `${operation}: there is no option ${stranger}.${hint || ` It takes ${all.join(", ")}.`}`);
  }
  return given;
}
