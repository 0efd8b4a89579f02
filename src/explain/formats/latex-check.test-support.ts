// Whether pdfLaTeX will take a document, without LaTeX: it has known packages and environments only, everything that is opened is
// closed, every formula parses in KaTeX's strict mode, and nothing is outside ASCII. Not proof, but what has gone wrong before.

import katex from "katex";

/** What is wrong, in words; empty when nothing was found. A fragment has no preamble. */
export function latexFaults(source: string): string[] {
  const faults: string[] = [];
  const foreign = /[^\n -~]/.exec(source);
  if (foreign) faults.push(`the character ${JSON.stringify(foreign[0])} is not ASCII`);
  const [preamble, body] = source.includes("\\begin{document}") ? source.split("\\begin{document}") : ["", source];
  for (const [, names] of preamble.matchAll(/\\usepackage(?:\[[^\]]*\])?\{([^}]*)\}/g)) {
    for (const name of names.split(",")) if (!packages.has(name.trim())) faults.push(`the package ${name.trim()} is unknown`);
  }
  const open: string[] = [];
  for (const [, which, name] of source.matchAll(/\\(begin|end)\{([^}]*)\}/g)) {
    if (!environments.has(name)) faults.push(`the environment ${name} is unknown`);
    if (which === "begin") open.push(name);
    else if (open.pop() !== name) faults.push(`\\end{${name}} ends what it did not begin`);
  }
  if (open.length > 0) faults.push(`${open.join(", ")} is not ended`);
  const { formulas, words } = separated(body.replace(/^%.*$/gm, "").replace(/\\end\{document\}\s*$/, ""));
  for (const formula of formulas) {
    try {
      katex.renderToString(formula, { strict: "error", throwOnError: true, displayMode: true });
    } catch (error) {
      faults.push(`${error instanceof Error ? error.message : String(error)} in ${formula}`);
    }
  }
  for (const [command] of words.matchAll(/\\(?:[A-Za-z]+|.)/g))
    if (!commands.has(command)) faults.push(`${command} in text is unknown`);
  if (/(?<!\\)[#$%_^]/.test(words)) faults.push(`${/(?<!\\)[#$%_^]/.exec(words)?.[0]} stands in text`);
  const depth = [...words.replace(/\\[{}]/g, "")].reduce((n, c) => n + (c === "{" ? 1 : c === "}" ? -1 : 0), 0);
  if (depth !== 0) faults.push("braces in text do not match");
  return faults;
}

const packages = new Set(["amsmath", "booktabs"]);
const environments = new Set(["document", "align*", "aligned", "array", "cases", "center", "tabular", "itemize"]);
const commands = new Set(
  String.raw`\section \subsection \textbf \textbackslash \textasciitilde \textasciicircum \ldots \textquotedblleft \textquotedblright \ss \ae \AE \o \O \quad \medskip \item \par \Large \bfseries \begin \end \toprule \midrule \bottomrule \\ \# \$ \% \& \_ \{ \} \' \^ \" \~ \r \v \c \abovedisplayskip \belowdisplayskip \abovedisplayshortskip \belowdisplayshortskip`.split(
    " ",
  ),
);
commands.add("\\`");

/** Formulas of a body, those in a line and displays, and the words between them. */
function separated(body: string): { readonly formulas: readonly string[]; readonly words: string } {
  const formulas: string[] = [];
  const words = body
    .replace(/\\begin\{align\*\}([\s\S]*?)\\end\{align\*\}/g, (_, rows: string) => {
      formulas.push(`\\begin{aligned}${rows}\\end{aligned}`);
      return "";
    })
    .replace(/(?<!\\)\$((?:[^$\\]|\\[\s\S])*)\$/g, (_, formula: string) => {
      formulas.push(formula);
      return "";
    })
    .replace(/\\(?:begin|end)\{(?:center|itemize)\}|\\begin\{tabular\}\{r*\}|\\end\{tabular\}/g, "");
  // Between the cells of a table an ampersand is no letter.
  return { formulas, words };
}
