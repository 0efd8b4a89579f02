// Words as plain pdfLaTeX takes them: everything that is not ASCII is written as a command.

const signs: Readonly<Record<string, string>> = {
  "\\": String.raw`\textbackslash{}`,
  "~": String.raw`\textasciitilde{}`,
  "^": String.raw`\textasciicircum{}`,
  "–": "--",
  "—": "---",
  "’": "'",
  "‘": "`",
  "“": String.raw`\textquotedblleft{}`,
  "”": String.raw`\textquotedblright{}`,
  ß: String.raw`\ss{}`,
  æ: String.raw`\ae{}`,
  Æ: String.raw`\AE{}`,
  ø: String.raw`\o{}`,
  Ø: String.raw`\O{}`,
  "…": String.raw`\ldots{}`,
  "\u00a0": "~",
};

/** Signs that only mathematics has. */
const mathSigns: Readonly<Record<string, string>> = {
  "×": String.raw`\times`,
  "·": String.raw`\cdot`,
  "−": "-",
  "≈": String.raw`\approx`,
  "≤": String.raw`\le`,
  "≥": String.raw`\ge`,
  "≠": String.raw`\ne`,
  "∂": String.raw`\partial`,
  "∞": String.raw`\infty`,
  "→": String.raw`\to`,
  "←": String.raw`\leftarrow`,
  "√": String.raw`\surd`,
  "⊙": String.raw`\odot`,
  "′": "'",
  "½": String.raw`\tfrac12`,
  ᵀ: String.raw`{}^{\top}`,
};

const greek =
  "α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta κ kappa λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau φ phi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega".split(
    " ",
  );
const greekCommands = new Map(greek.flatMap((letter, i) => (i % 2 === 0 ? [[letter, `\\${greek[i + 1]}`] as const] : [])));

/** Words as LaTeX takes them, in its text or in \\text{}; a character that pdfLaTeX has no sign for becomes a question mark. */
export function latexText(text: string): string {
  return [...text].map(latexCharacter).join("");
}

function latexCharacter(character: string): string {
  if (/[#$%&_{}]/.test(character)) return `\\${character}`;
  if (Object.hasOwn(signs, character)) return signs[character];
  if (/[\x20-\x7e\n]/.test(character)) return character;
  const command = greekCommands.get(character) ?? mathSigns[character];
  if (command !== undefined) return `$${command}$`;
  const below = "₀₁₂₃₄₅₆₇₈₉".indexOf(character);
  if (below >= 0) return `$_{${below}}$`;
  const above = "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(character);
  if (above >= 0) return `$^{${above}}$`;
  const [letter, mark] = character.normalize("NFD");
  const accent = mark && accents[mark];
  return accent && /[A-Za-z]/.test(letter) ? `\\${accent}{${letter}}` : "?";
}

const accents: Readonly<Record<string, string>> = {
  "\u0300": "`",
  "\u0301": "'",
  "\u0302": "^",
  "\u0303": "~",
  "\u0308": '"',
  "\u030a": "r",
  "\u030c": "v",
  "\u0327": "c",
};
