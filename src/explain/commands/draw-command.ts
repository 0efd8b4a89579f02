// gradus draw: the graph of a model and its loss as a picture, a page or text. Node only.

import { extname } from "node:path";
import { fail } from "../../graph/errors.ts";
import { writeFileAtomic } from "../../io/files.ts";
import type { Answer, CommandContext, JsonValue } from "../../train/command.ts";
import type { Shown } from "../drawing/build.ts";
import { type DrawFormat, diagramOf, draw as drawn } from "../drawing/draw.ts";
import type { Fold } from "../drawing/fold.ts";
import type { DrawCommandOptions } from "./command.ts";
import { withExamples } from "./examples.ts";

/** Draws the loss of a model over few examples; as JSON it gives what is drawn. */
export async function draw(options: DrawCommandOptions, context: CommandContext): Promise<Answer> {
  const { out, backward = false, direction = "down" } = options;
  const format = options.format ?? formatOf(out);
  const show = shownOf(options.show ?? "shapes");
  const fold = foldOf(options.fold ?? "auto");
  return withExamples(options, context, async ({ name, objective, args }) => {
    const what = { title: `${name}: the loss and what it is computed from`, show, backward };
    const json = () => JSON.parse(JSON.stringify(diagramOf(objective, args, what))) as JsonValue;
    const text = await drawn(objective, args, { ...what, format, fold, direction });
    if (out === undefined) return { ok: true, text, json: json() };
    await writeFileAtomic(out, text);
    return { ok: true, text: `drawn to ${out} (${format})`, json: { format, out } };
  });
}

const formats: Readonly<Record<string, DrawFormat>> = {
  ".html": "html",
  ".dot": "dot",
  ".gv": "dot",
  ".mmd": "mermaid",
  ".mermaid": "mermaid",
};

/** The format that a file's name asks for. */
function formatOf(path: string | undefined): DrawFormat {
  return (path === undefined ? undefined : formats[extname(path).toLowerCase()]) ?? "svg";
}

const showable: Readonly<Record<string, Shown>> = {
  shapes: "shapes",
  values: "values",
  errors: "errors",
  "multiply-adds": "multiplyAdds",
};

/** "values,errors", or "nothing". */
function shownOf(text: string): Shown[] {
  const words = text.split(",").map((word) => word.trim());
  if (text === "nothing") return [];
  return words.map((word) =>
    Object.hasOwn(showable, word)
      ? showable[word]
      : fail(
          "argument",
          `--show "${word}" is unknown. Give one or more of ${Object.keys(showable).join(", ")}, with commas between, or nothing.`,
        ),
  );
}

/** "auto", "none", "modules", a number of boxes, or paths of modules with commas between. */
function foldOf(text: string): Fold {
  if (text === "auto" || text === "none" || text === "modules") return text;
  return /^\d+$/.test(text) ? Number(text) : text.split(",").map((path) => path.trim());
}
