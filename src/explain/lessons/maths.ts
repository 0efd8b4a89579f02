// Formulas as a lesson types them, set for a page: letters italic, subscripts and powers in their places.

import { escapeHtml } from "../../train/report-html.ts";

const words =
  /^(?:sin|cos|tan|tanh|exp|log|ln|max|min|mean|relu|softmax|softplus|sigmoid|step|sign|lim|det|tr|var|argmin|argmax|where|if|for|all|and|or|not|else|of|with|in|each|every|the)$/i;
const lowered = "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₘₜₓₐₑₒₕₗₚₛᵣ";
const loweredPlain = "0123456789+−ijknmtxaeohlpsr";
const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᵏⁿⁱᵗˣʸᶻ⁽⁾ᴸᴰᵐ";
const raisedPlain = "0123456789+−Tknitxyz()LDm";

export function mathsHtml(text: string): string {
  // Small letters below and above the line are letters too, and end a name.
  const name = `(?:(?![${lowered}${raised}])\\p{L}\\p{M}*)+`;
  const tokens =
    text.match(new RegExp(`[${lowered}]+|[${raised}]+|_\\{[^}]*\\}|_\\w+|\\^\\{[^}]*\\}|\\^\\w+|${name}|\\s+|.`, "gu")) ?? [];
  return `<span class="m">${tokens.map(token).join("")}</span>`;
}

function token(text: string): string {
  if (lowered.includes(text[0])) return `<sub>${letters(translated(text, lowered, loweredPlain))}</sub>`;
  if (raised.includes(text[0])) return `<sup>${letters(translated(text, raised, raisedPlain))}</sup>`;
  if (text[0] === "_" && text.length > 1) return `<sub>${letters(text.slice(1).replace(/[{}]/g, ""))}</sub>`;
  // Fonts for formulas have a root that hangs below the line.
  if (text === "√") return `<span class="root">√</span>`;
  if (text[0] === "^" && text.length > 1) return `<sup>${letters(text.slice(1).replace(/[{}]/g, ""))}</sup>`;
  return letters(text);
}

const translated = (text: string, from: string, to: string) => Array.from(text, (c) => to[from.indexOf(c)] ?? c).join("");

/** Names of functions and words stand upright, letters lean; a bar is drawn, because few fonts place one well. */
function letters(text: string): string {
  return text.normalize("NFD").replace(/[\p{L}\p{M}]+|[^\p{L}\p{M}]+/gu, (piece) => {
    if (!/^\p{L}/u.test(piece)) return escapeHtml(piece);
    const bare = piece.replaceAll("\u0304", "");
    const leaning = words.test(bare) || bare.length > 3 || /^[ℝℒℛ∂]/u.test(bare) ? bare : `<i>${bare}</i>`;
    return bare === piece ? leaning : `<span class="over">${leaning}</span>`;
  });
}
