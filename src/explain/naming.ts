// How quantities are called: by the names in the user's code where there are any, else as books call them.

import type { Name } from "./explanation.ts";

/** Greek letters by their names in code. */
const greek = new Map(
  (
    "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ phi φ " +
    "chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω"
  )
    .split(" ")
    .flatMap((word, i, all) => (i % 2 === 0 ? [[word, all[i + 1]] as const] : [])),
);
const namesOfGreek = new Map([...greek].map(([word, letter]) => [letter, word]));

const subscripts = "₀₁₂₃₄₅₆₇₈₉";

/** W1 is W₁, sigma2 is σ₂, h_left is h with a subscript in TeX; a name of several letters stands upright there. */
export function nameFrom(id: string): Name {
  const [, stem, digits, rest] = /^(.*?)(\d*)((?:_.*)?)$/.exec(id) as unknown as [string, string, string, string];
  const text = (greek.get(stem) ?? stem) + [...digits].map((d) => subscripts[Number(d)]).join("") + rest;
  const below = [digits, rest.length > 2 ? upright(rest.slice(1).replaceAll("_", ",")) : rest.slice(1)].filter(Boolean).join(",");
  const body = texLetters(stem);
  return { id, text, tex: below === "" ? body : `${body}_${below.length > 1 ? `{${below}}` : below}` };
}

function texLetters(stem: string): string {
  if (greek.has(stem)) return `\\${stem}`;
  const command = namesOfGreek.get(stem);
  if (command !== undefined) return `\\${command}`;
  return /^[A-Za-z]$/.test(stem) ? stem : upright(stem);
}

/** Letters that TeX's mathematics has no fonts for stand in text. */
const upright = (letters: string) =>
  /^[A-Za-z0-9,]*$/.test(letters)
    ? String.raw`\mathrm{${letters}}`
    : String.raw`\text{${letters.replace(/[$_]/g, String.raw`\$&`)}}`;

/** ∂L/∂W₁. */
export function gradientName(of: Name, loss: Name): Name {
  return {
    id: `grad_${of.id}`,
    text: `∂${loss.text}/∂${of.text}`,
    tex: String.raw`\frac{\partial ${loss.tex}}{\partial ${of.tex}}`,
  };
}

/** The part of ∂L/∂x that reaches it through z: ∂L/∂x|z. */
export function contributionName(gradient: Name, through: Name, which: number): Name {
  const mark = which === 0 ? "" : "′".repeat(which);
  return {
    id: `${gradient.id}_via_${through.id}${which === 0 ? "" : `_${which + 1}`}`,
    text: `${gradient.text}|${through.text}${mark}`,
    tex: String.raw`\left.${gradient.tex}\right|_{${through.tex}${"'".repeat(which)}}`,
  };
}

/** A state of the optimizer that belongs to a parameter: m_W₁. */
export function stateName(letter: string, of: Name): Name {
  return { id: `${letter}_${of.id}`, text: `${letter}_${of.text}`, tex: `${letter}_{${of.tex}}` };
}

/** Names that no two quantities share. */
export function distinct(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let k = 2; taken.has(name); k++) name = /\d$/.test(wanted) ? `${wanted}_${k}` : `${wanted}${k}`;
    taken.add(name);
    return name;
  };
}

/** ∂z/∂w, and of an error signal ∂L/∂z the second derivative ∂²L/∂z∂w. */
export function partialName(of: Name, along: Name, loss: Name): Name {
  const id = `${of.id}_along_${along.id}`;
  const [text, tex] = [`∂${loss.text}/∂`, String.raw`\frac{\partial ${loss.tex}}{\partial `];
  if (of.text.startsWith(text) && !of.text.includes("|")) {
    const [inner, innerTex] = [of.text.slice(text.length), of.tex.slice(tex.length, -1)];
    const isSquare = inner === along.text;
    const below = isSquare ? `∂${inner}²` : `∂${inner}∂${along.text}`;
    const belowTex = isSquare ? String.raw`\partial ${innerTex}^2` : String.raw`\partial ${innerTex} \partial ${along.tex}`;
    return { id, text: `∂²${loss.text}/${below}`, tex: String.raw`\frac{\partial^2 ${loss.tex}}{${belowTex}}` };
  }
  const isPlain = /^[\p{L}₀-₉]+$/u.test(of.text);
  return {
    id,
    text: `∂${isPlain ? of.text : `(${of.text})`}/∂${along.text}`,
    tex: String.raw`\frac{\partial ${isPlain ? of.tex : `(${of.tex})`}}{\partial ${along.tex}}`,
  };
}

/** D(z): how z moves along a direction that the text around it names. */
export function directionalName(of: Name): Name {
  return { id: `D_${of.id}`, text: `D(${of.text})`, tex: String.raw`\mathrm{D}\left(${of.tex}\right)` };
}
