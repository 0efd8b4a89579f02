// A self-contained page: pictures with the text beside them.

import { escapeHtml } from "../../train/report-html.ts";
import { css } from "../../train/report-style.ts";

export interface Section {
  readonly title?: string;
  /** Shown as it is set, line by line. */
  readonly text?: string;
  /** Figures, as HTML. */
  readonly figures?: readonly string[];
}

/** One HTML file without outside references. */
export function page(title: string, lead: string, sections: readonly Section[]): string {
  const body = sections.map(({ title: heading, text, figures = [] }) => {
    const head = heading === undefined ? "" : `<h2>${escapeHtml(heading)}</h2>`;
    const words = text === undefined ? "" : `<pre class="card">${escapeHtml(text)}</pre>`;
    return `${head}<div class="pair">${figures.join("\n")}</div>${words}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${css}
pre.card { overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; }</style></head>
<body><header><h1>${escapeHtml(title)}</h1><p>${escapeHtml(lead)}</p></header>
<main>${body.join("\n")}</main></body></html>
`;
}
