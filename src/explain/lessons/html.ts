// A lesson as a page for a browser, self-contained.

import { escapeHtml } from "../../train/report-html.ts";
import { css } from "../../train/report-style.ts";
import { insetOf } from "../formats/html.ts";
import { styleFor } from "../formats/katex.ts";
import { mathsHtml } from "./maths.ts";
import type { Block, Check, LessonPage } from "./page.ts";

const look = `${css}
body { font: 17px/1.6 Georgia, "Iowan Old Style", "DejaVu Serif", serif; }
main, header, footer { max-width: 780px; }
header p { font-style: italic; color: var(--soft); }
h1, h2, h3, table, figure, pre, .kicker { font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 32px; } .kicker { color: var(--soft); font-size: 14px; margin: 0; letter-spacing: .04em; text-transform: uppercase; }
.m { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", Georgia, "DejaVu Serif", serif; white-space: nowrap; font-size: 1.06em; }
.m .over { text-decoration: overline; text-decoration-thickness: 1px; }
.m i { padding-right: .04em; } .m .root { font-family: Georgia, "DejaVu Serif", serif; }
.m sub, .m sup { font-size: .72em; line-height: 0; }
.line { margin: 14px 0 14px 28px; overflow-x: auto; font-size: 18px; } .line + .line { margin-top: -8px; }
.line .m { white-space: normal; display: block; padding-left: 2em; text-indent: -2em; }
aside { border-left: 3px solid var(--warn); padding: 4px 16px; margin: 18px 0; background: var(--card); }
.scroll { margin: 14px 0; } .scroll p { margin: 0 0 4px; color: var(--soft); font-size: 15px; }
table.numbers { width: auto; min-width: 40%; } table.numbers td, table.numbers th { padding-left: 16px; } table.numbers td.word, table.numbers th.word { white-space: normal; } table.numbers thead th.figure, table.numbers td.figure { text-align: right; } table.numbers thead th.word, table.numbers td.word { text-align: left; } table.numbers th:first-child, table.numbers td:first-child { padding-left: 0; }
pre { font: 13.5px/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
figure.chart { margin: 18px 0; } figure.chart > svg { max-height: 620px; } figure.chart > svg.gradus-graph { width: auto; max-width: 100%; max-height: none; margin: 0 auto; } .pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 14px; margin: 18px 0; } .pair figure.chart { margin: 0; }
.worked { border-left: 3px solid var(--line); padding-left: 20px; margin: 18px 0; font-size: 15.5px; } .worked h3 { margin: 22px 0 6px; font-size: 17px; }
.worked details { margin: 4px 0; } .worked summary { font-size: 15.5px; color: inherit; } .worked .meaning { color: var(--soft); margin-left: 10px; }
.worked .joined { white-space: nowrap; } .worked .display { overflow-x: auto; overflow-y: hidden; } .worked .katex-display { margin: 6px 0; }
.worked table { margin: 6px 0; } .worked th, .worked td { text-align: right; padding: 4px 12px; border-bottom: 1px solid var(--line); font-weight: 400; } .wrong { color: var(--bad); } footer { padding: 24px; }`;

/** One HTML file without outside references. `program` is the source of the lesson, shown at the end. */
export async function lessonHtml(page: LessonPage, program?: string): Promise<string> {
  const { about, blocks, checks } = page;
  const title = escapeHtml(about.title);
  const source =
    program === undefined
      ? ""
      : `<details><summary>The program of this lesson</summary><pre>${escapeHtml(program)}</pre></details>`;
  const groups = await Promise.all(grouped(blocks).map(groupHtml));
  const body = groups.join("\n");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${look}
${await katexStyle(body)}</style></head>
<body><header><p class="kicker">Lesson ${about.number}</p><h1>${title}</h1>
<p>You will learn ${inline(about.learn)}.</p></header>
<main>${body}
${results(checks)}${source}</main><footer></footer></body></html>
`;
}

/** Pictures in a row stand side by side. */
function grouped(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const [i, block] of blocks.entries()) {
    if (block.kind === "picture" && blocks[i - 1]?.kind === "picture") groups[groups.length - 1].push(block);
    else groups.push([block]);
  }
  return groups;
}

async function groupHtml(blocks: readonly Block[]): Promise<string> {
  const parts = await Promise.all(blocks.map(blockHtml));
  return parts.length === 1 ? parts[0] : `<div class="pair">${parts.join("\n")}</div>`;
}

/** What worked examples need, where there are any. */
const katexStyle = async (html: string) => (html.includes('class="worked"') ? styleFor(html) : "");

async function blockHtml(block: Block): Promise<string> {
  switch (block.kind) {
    case "heading":
      return `<h2>${inline(block.text)}</h2>`;
    case "prose":
      return `<p>${inline(block.text)}</p>`;
    case "formula":
    case "numbers":
      return `<div class="line">${mathsHtml(block.text)}</div>`;
    case "table": {
      const words = block.columns.map((_, i) => block.rows.some((row) => !isFigure(row[i] ?? "")));
      const cells = (row: readonly string[], kind: "th" | "td") =>
        row.map((text, i) => `<${kind} class="${words[i] ? "word" : "figure"}">${inline(text)}</${kind}>`).join("");
      const head = cells(block.columns, "th");
      const rows = block.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
      return `<div class="scroll"><p>${inline(block.caption)}</p><table class="numbers"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
    }
    case "picture":
      return block.html;
    case "code":
      return `<pre>${escapeHtml(block.text)}</pre>`;
    case "explanation":
      return `<div class="worked">${await insetOf(block.explanation)}</div>`;
    case "output":
      return block.html ?? `<pre>${escapeHtml(block.text)}</pre>`;
    case "erratum":
      return `<aside><b>Erratum.</b> ${inline(block.text)}</aside>`;
  }
}

const isFigure = (text: string) => /^[−-]?[\d∞(]/.test(text) || text === "";

/** Words, with what stands between dollar signs set as mathematics. */
function inline(text: string): string {
  return text
    .split("$")
    .map((piece, i) => (i % 2 === 0 ? escapeHtml(piece) : mathsHtml(piece)))
    .join("");
}

function results(checks: readonly Check[]): string {
  const wrong = checks.filter(({ ok }) => !ok).length;
  const rows = checks.map(
    ({ name, expected, got, ok }) =>
      `<tr${ok ? "" : ' class="wrong"'}><th>${escapeHtml(name)}</th><td>${escapeHtml(String(expected))}</td><td>${escapeHtml(String(got))}</td></tr>`,
  );
  return `<details><summary>${wrong === 0 ? `${checks.length} numbers checked` : `${wrong} of ${checks.length} numbers are wrong`}</summary>
<div class="scroll"><table class="numbers"><thead><tr><th>number</th><th>known</th><th>computed</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></details>`;
}
