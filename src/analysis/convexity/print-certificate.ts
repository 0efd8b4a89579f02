// A certificate as people read it: the verdict, the constants, and proofs as trees.

import type { Answer, Certificate, Enclosure, Proof } from "../certificate.ts";
import { coordinateNames } from "../variables.ts";
import { inFrobeniusNorm } from "./frobenius.ts";

/** The certificate in words, a proof's steps indented below what they establish. `depth`: how many levels of a proof are shown. */
export function printCertificate(certificate: Certificate, { depth = 6 }: { readonly depth?: number } = {}): string {
  const { verdict, convex, concave, quasi, quasiconvex, quasiconcave, mu, L, lipschitz, proofs, domain, excluded } = certificate;
  const lines = [`${verdict} on ${domain}`];
  if (quasi) lines.push(quasi);
  for (const [name, constant] of [
    ["mu", mu],
    ["L", L],
    ["Lipschitz constant", lipschitz],
  ] as const) {
    const text = printEnclosure(constant);
    if (text) lines.push(`${name} ${text}`);
    // That there is no L is worth a word.
    if (constant === L && L.lower === Infinity && proofs?.L?.rule === "along a line") lines.push(`  ${proofs.L.claim}`);
  }
  lines.push(...normLine(certificate));
  for (const part of excluded ?? []) lines.push(`left out: ${part}`);
  lines.push(...printAnswer("convex", convex, depth), ...printAnswer("concave", concave, depth));
  // "no" to all four questions says little more than "no" to two of them.
  if (quasi && quasiconvex) lines.push(...printAnswer("quasiconvex", quasiconvex, depth));
  if (quasi && quasiconcave) lines.push(...printAnswer("quasiconcave", quasiconcave, depth));
  return lines.join("\n");
}

/** In which norm the constants are, where that is not said by itself. */
function normLine(certificate: Certificate): string[] {
  const frobenius = inFrobeniusNorm(certificate);
  if (!frobenius) return [];
  const known = (
    [
      ["mu", "mu"],
      ["L", "L"],
      ["lipschitz", "Lipschitz constant"],
    ] as const
  ).flatMap(([name, word]) => {
    const text = printEnclosure(frobenius[name]);
    return text && frobenius[name].lower !== certificate[name].lower ? [`${word} ${text}`] : [];
  });
  if (known.length === 0) return [];
  const [first] = certificate.variables.filter(({ symmetric }) => symmetric);
  const names = coordinateNames(first);
  const listed = names.length > 6 ? `${names.slice(0, 3).join(", ")}, …` : names.join(", ");
  return [`  in the Euclidean norm of the coordinates ${listed}; in the Frobenius norm ${known.join(", ")}`];
}

const short = (x: number) => (Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(9))));

export function printEnclosure({ lower, upper }: Enclosure): string | undefined {
  if (lower === null && upper === null) return undefined;
  if (lower === Infinity) return "is infinite";
  if (lower === null) return `<= ${short(upper as number)}`;
  if (upper === null) return `>= ${short(lower)}`;
  if (lower === upper || upper - lower <= 1e-9 * Math.max(Math.abs(lower), Math.abs(upper))) return `= ${short(upper)}`;
  return `in [${short(lower)}, ${short(upper)}]`;
}

function printAnswer(
  question: string,
  { answer, method, proof, witness, reason, blame, equivalent }: Answer,
  depth: number,
): string[] {
  const lines = [`${question}: ${answer}${answer === "yes" ? ` (${method})` : ""}${reason ? `: ${reason}` : ""}`];
  if (proof) lines.push(...printProof(proof, depth).map((line) => `  ${line}`));
  if (witness) {
    const at = (x: readonly number[]) => `(${x.join(", ")})`;
    lines.push(`  a = ${at(witness.a)}, b = ${at(witness.b)}, t = ${witness.t}, gap ${witness.gap.toPrecision(6)}`);
  }
  if (blame) lines.push(`  broken by ${blame.expression}: ${blame.reason}`);
  if (equivalent) lines.push(`  instead: ${equivalent.expression}`, `    ${equivalent.why}`);
  return lines;
}

/** A proof as a tree of lines. */
export function printProof(proof: Proof, depth = 6): string[] {
  // Steps of a composition are numbered for their check, not for the reader.
  const lines = [`${proof.claim.replace(/^n\d+: /, "")}  [${proof.rule}]`];
  const premises = proof.premises ?? [];
  if (depth === 0 && premises.length > 0) return [...lines, `└─ … ${premises.length} more`];
  premises.forEach((premise, i) => {
    const last = i === premises.length - 1;
    const [head, ...rest] = printProof(premise, depth - 1);
    lines.push(`${last ? "└─ " : "├─ "}${head}`, ...rest.map((line) => `${last ? "   " : "│  "}${line}`));
  });
  return lines;
}
