import katex from "katex";
import { describe, expect, it } from "vitest";
import { htmlOf } from "./html.ts";
import { jsonOf } from "./json.ts";
import { latexOf } from "./latex.ts";
import { latexFaults } from "./latex-check.test-support.ts";
import { latexText } from "./latex-text.ts";
import { markdownOf } from "./markdown.ts";
import { sampleExplanation } from "./test-support.ts";

describe("an explanation in LaTeX", () => {
  it.each([true, false])("has nothing that pdfLaTeX would refuse, as a fragment: %s", (fragment) => {
    expect(latexFaults(latexOf(sampleExplanation(), { fragment }))).toEqual([]);
  });

  it("is a document of its own, or a fragment for one", () => {
    expect(latexOf(sampleExplanation())).toMatch(/^\\documentclass[\s\S]*\\begin\{document\}[\s\S]*\\end\{document\}\n$/);
    expect(latexOf(sampleExplanation(), { fragment: true })).not.toContain("document}");
  });

  it("folds what is wider than the page, and lists of many numbers", () => {
    const wide = sampleExplanation();
    const entries = Array.from({ length: 20 }, (_, i) => i / 7);
    const long = latexOf({ ...wide, given: [{ quantity: "x", value: { shape: [20], entries } }] });
    expect(long).toContain(String.raw`x &\approx \left(\begin{array}{l} 0,\; 0.1429`);
    expect(latexFaults(long)).toEqual([]);
  });

  it("writes words with signs of its own as words", () => {
    expect(latexText("50% of W₁ & b_1, δ 2×2 #3 ~ größer 好 “x”")).toBe(
      String.raw`50\% of W$_{1}$ \& b\_1, $\delta$ 2$\times$2 \#3 \textasciitilde{} gr\"{o}\ss{}er ? \textquotedblleft{}x\textquotedblright{}`,
    );
  });

  it.each([
    [
      "an unknown package",
      "\\documentclass{article}\\usepackage{tikz}\\begin{document}\\end{document}",
      "the package tikz is unknown",
    ],
    ["an environment left open", "\\begin{align*} x &= 1", "align* is not ended"],
    ["an unknown command in a formula", "$\\foo$", "Undefined control sequence: \\foo"],
    ["an unknown command in text", "see \\includegraphics{a}", "\\includegraphics in text is unknown"],
    ["a letter that is not ASCII", "$δ$", "is not ASCII"],
    ["an underscore in text", "a_b", "_ stands in text"],
    ["a brace too many", "\\textbf{a}}", "braces in text do not match"],
    ["two superscripts", "$x^2^3$", "Double superscript"],
  ])("%s is found by the check", (_, source, fault) => {
    expect(latexFaults(source).join("\n")).toContain(fault);
  });
});

describe("an explanation in Markdown", () => {
  const markdown = markdownOf(sampleExplanation());

  it("has formulas that KaTeX takes in strict mode", () => {
    const displays = [...markdown.matchAll(/\$\$\n([\s\S]*?)\n\$\$/g)].map(([, tex]) => tex);
    const lines = [...markdown.replace(/\$\$\n[\s\S]*?\n\$\$/g, "").matchAll(/(?<!\\)\$([^$\n]+)\$/g)].map(([, tex]) => tex);
    expect([displays.length, lines.length].every((n) => n > 5)).toBe(true);
    for (const tex of [...displays, ...lines]) katex.renderToString(tex, { strict: "error", displayMode: true });
  });

  it("has no dollar sign within a display", () => {
    for (const [, tex] of markdown.matchAll(/\$\$\n([\s\S]*?)\n\$\$/g)) expect(tex).not.toMatch(/(?<!\\)\$/);
    expect(markdown).toContain(String.raw`\text{weights, 2}\times\text{2}`);
  });

  it("keeps words words, and a table a table", () => {
    expect(markdown).toContain("objective, 50% & more\\_or\\_less \\#1");
    expect(markdown).toContain("| iteration | $L$ | $z_1[1]$ |\n| ---: | ---: | ---: |\n| $1$ | $0.0774$ | $1.1000$ |");
    expect(markdown).toContain("\n- At 0 the rule of relu takes 0 & says so.");
  });

  it("has no backslash before a sign within a line, which Markdown would take for its own", () => {
    const lines = markdown.replace(/\$\$\n[\s\S]*?\n\$\$/g, "");
    for (const [, tex] of lines.matchAll(/(?<!\\)\$([^$\n]+)\$/g)) expect(tex).not.toMatch(/\\[^A-Za-z]/);
  });
});

describe("an explanation in HTML", () => {
  it("needs nothing else, and carries only the fonts that it uses", async () => {
    const html = await htmlOf(sampleExplanation());
    expect(html).not.toMatch(/(?:src|href)="(?!#)/);
    expect([...html.matchAll(/url\((?!data:font\/woff2)/g)]).toEqual([]);
    const fonts = [...html.matchAll(/@font-face\{font-family:(\w+);font-weight:(\d+);font-style:(\w+)/g)].map((m) =>
      m.slice(1).join(" "),
    );
    expect(fonts).toContain("KaTeX_Math 400 italic");
    expect(fonts).toContain("KaTeX_Main 400 normal");
    expect(fonts.some((font) => /Fraktur|Script|Typewriter|SansSerif/.test(font))).toBe(false);
  });

  it("shows words as they are, and each step can be folded", async () => {
    const html = await htmlOf({ ...sampleExplanation(), title: "<b> & co" });
    expect(html).toContain("<h1>&lt;b&gt; &amp; co</h1>");
    expect(html.match(/<details open>/g)).toHaveLength(7);
    expect(html.match(/<details open>/g)?.length).toBe(html.match(/<\/details>/g)?.length);
    expect(html).toContain('<p class="warning" role="alert">');
  });
});

it("an explanation as JSON keeps every digit", () => {
  const sample = sampleExplanation();
  expect(JSON.parse(jsonOf(sample))).toEqual(JSON.parse(JSON.stringify(sample)));
  const withNaN = { ...sample, table: { columns: ["a"], rows: [[Number.NaN]] } };
  expect(jsonOf(withNaN)).toContain('{"$number":"NaN"}');
});
