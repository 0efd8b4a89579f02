// TeX as HTML, by KaTeX, loaded when it is first needed; and the style sheet that goes with it, with the fonts that are used and no others.

import { fail } from "../../graph/errors.ts";

/** Sets TeX; throws for what KaTeX does not take without a warning. */
export type Typeset = (tex: string, display: boolean) => string;

export async function typesetter(): Promise<Typeset> {
  const { default: katex } = await import("katex");
  return (tex, display) => {
    try {
      return katex.renderToString(tex, { displayMode: display, fleqn: true, strict: "error", throwOnError: true, trust: false });
    } catch (error) {
      return fail(
        "argument",
        `explain: a formula cannot be set: ${error instanceof Error ? error.message : String(error)}\n${tex}`,
      );
    }
  };
}

/** KaTeX's style sheet for this HTML: the fonts that its classes ask for are in it as data. Needs the files of the package, so Node. */
export async function styleFor(html: string): Promise<string> {
  const [{ createRequire }, { readFile }] = await Promise.all([import("node:module"), import("node:fs/promises")]);
  const path = createRequire(import.meta.url).resolve("katex/dist/katex.min.css");
  const css = await readFile(path, "utf8");
  const faces = [...css.matchAll(/@font-face\{([^}]*)\}/g)].map(([, body]) => face(body));
  const rest = css.replace(/@font-face\{[^}]*\}/g, "");
  const used = usedFonts(rest, classesIn(html));
  const embedded = await Promise.all(
    faces
      .filter(({ family, weight, style }) => used.has(`${family} ${weight} ${style}`))
      .map(async ({ family, weight, style, file }) => {
        const data = await readFile(path.replace(/katex\.min\.css$/, file), "base64");
        return `@font-face{font-family:${family};font-weight:${weight};font-style:${style};src:url(data:font/woff2;base64,${data}) format("woff2")}`;
      }),
  );
  return [...embedded, rest].join("\n");
}

function face(body: string) {
  const of = (property: string) => new RegExp(`${property}:"?([^;"]+)"?`).exec(body)?.[1] ?? "";
  return {
    family: of("font-family"),
    weight: weightOf(of("font-weight")),
    style: of("font-style"),
    file: /url\(([^)]+\.woff2)\)/.exec(body)?.[1] ?? "",
  };
}

const weightOf = (weight: string) => (weight === "700" || weight === "bold" ? "700" : "400");

function classesIn(html: string): Set<string> {
  return new Set([...html.matchAll(/class="([^"]*)"/g)].flatMap(([, names]) => names.split(" ")));
}

/** Fonts of the rules whose every class occurs. */
function usedFonts(css: string, classes: ReadonlySet<string>): Set<string> {
  const used = new Set(["KaTeX_Main 400 normal"]);
  for (const [, selectors, body] of css.matchAll(/([^{}]+)\{([^}]*)\}/g)) {
    const family = /font(?:-family)?:[^;]*?(KaTeX_\w+)/.exec(body)?.[1];
    if (family === undefined || !selectors.split(",").some((selector) => occurs(selector, classes))) continue;
    const weight = weightOf(/font-weight:(\w+)/.exec(body)?.[1] ?? "");
    used.add(`${family} ${weight} ${/font-style:(\w+)/.exec(body)?.[1] ?? "normal"}`);
  }
  return used;
}

const occurs = (selector: string, classes: ReadonlySet<string>) =>
  [...selector.matchAll(/\.([\w-]+)/g)].every(([, name]) => classes.has(name));
