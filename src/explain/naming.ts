// How quantities are called: by the names in the user's code where there are any, else as books call them.

import type { Name } from "./explanation.ts";

const greek: Readonly<Record<string, string>> = {
  alpha: "α",
  beta: "β",
  gamma: "γ",
  delta: "δ",
  epsilon: "ε",
  eta: "η",
  theta: "θ",
  kappa: "κ",
  lambda: "λ",
  mu: "μ",
  nu: "ν",
  xi: "ξ",
  rho: "ρ",
  sigma: "σ",
  tau: "τ",
  phi: "φ",
  psi: "ψ",
  omega: "ω",
};

const subscripts = "₀₁₂₃₄₅₆₇₈₉";

/** W1 is W₁, sigma2 is σ₂, h_left is h_left with a subscript in TeX; a name of several letters stands upright there. */
export function nameFrom(id: string): Name {
  const [, stem, digits, rest] = /^(.*?)(\d*)((?:_.*)?)$/.exec(id) as unknown as [string, string, string, string];
  const letter = Object.hasOwn(greek, stem) ? greek[stem] : stem;
  const text = letter + [...digits].map((d) => subscripts[Number(d)]).join("") + rest;
  const body = Object.hasOwn(greek, stem) ? `\\${stem}` : stem.length > 1 ? String.raw`\mathrm{${stem}}` : stem;
  const below = [digits, rest.slice(1) && (rest.length > 2 ? String.raw`\mathrm{${rest.slice(1)}}` : rest.slice(1))].filter(
    Boolean,
  );
  const joined = below.join(",");
  return { id, text, tex: joined === "" ? body : `${body}_${joined.length > 1 ? `{${joined}}` : joined}` };
}

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
  return { id: `${letter}_${of.id}`, text: `${letter}(${of.text})`, tex: `${letter}_{${of.tex}}` };
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
