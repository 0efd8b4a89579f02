// gradus certify: convex or not, with the proof or the witness; L, μ, and the step size that is safe.

import type { Answer as CommandAnswer, JsonValue } from "../../train/command.ts";
import type { Answer, Certificate, Enclosure, Witness } from "../certificate.ts";
import { certify as certificateOf } from "../convexity/certify.ts";
import { inFrobeniusNorm } from "../convexity/frobenius.ts";
import { printCertificate } from "../convexity/print-certificate.ts";
import type { Expression } from "../expression/index.ts";
import { page } from "../pictures/page.ts";
import { contourFigure, plotFigure } from "../pictures/plot.ts";
import { coordinateNames, coordinatesOf } from "../variables.ts";
import type { CertifyCommandOptions } from "./command.ts";
import { formulaOf, valueAt, writePage } from "./formula.ts";

/** The answer is no where the function is neither convex nor concave, or proved not to be one of them. */
export async function certify(options: CertifyCommandOptions): Promise<CommandAnswer> {
  const expression = await formulaOf(options);
  const certificate = certificateOf(expression, {
    ...(options.domain !== undefined && { domain: options.domain }),
    ...(options.budget !== undefined && { budget: options.budget }),
  });
  const written = await writePage(options.html, () => pageOf(expression, certificate));
  const lines = [
    ...expression.assumed.map((assumed) => `note: ${assumed}`),
    printCertificate(certificate),
    ...stepLine(certificate),
    ...written,
  ];
  const no = ["neither", "not convex", "not concave"].includes(certificate.verdict);
  return { ok: !no, text: lines.join("\n"), json: certificateJson(certificate, expression.assumed) };
}

function stepLine({ L, convex }: Certificate): string[] {
  if (L.upper === null || L.upper === Infinity || L.upper === 0) return [];
  const step = Number((1 / L.upper).toPrecision(6));
  return [
    `safe step size of gradient descent: 1/L = ${step}${convex.answer === "yes" ? "" : " (descent to a stationary point)"}`,
  ];
}

/** As one object: null stands for what is unbounded or unknown. */
export function certificateJson(certificate: Certificate, assumed: readonly string[] = []): JsonValue {
  const { verdict, convex, concave, quasi, quasiconvex, quasiconcave, mu, L, lipschitz, proofs, domain, variables, excluded } =
    certificate;
  const frobenius = inFrobeniusNorm(certificate);
  const json = {
    verdict,
    convex: answerJson(convex),
    concave: answerJson(concave),
    ...(quasi && { quasi }),
    ...(quasiconvex && { quasiconvex: answerJson(quasiconvex) }),
    ...(quasiconcave && { quasiconcave: answerJson(quasiconcave) }),
    mu: enclosureJson(mu),
    L: enclosureJson(L),
    lipschitz: enclosureJson(lipschitz),
    ...(proofs && { proofs }),
    ...(frobenius && {
      frobenius: {
        mu: enclosureJson(frobenius.mu),
        L: enclosureJson(frobenius.L),
        lipschitz: enclosureJson(frobenius.lipschitz),
      },
    }),
    domain,
    variables,
    ...(excluded && excluded.length > 0 && { excluded }),
    ...(assumed.length > 0 && { assumed }),
  };
  return JSON.parse(JSON.stringify(json)) as JsonValue;
}

function answerJson({ answer, method, proof, witness, reason, blame, equivalent }: Answer) {
  return {
    answer,
    method,
    ...(proof && { proof }),
    ...(witness && { witness }),
    ...(reason !== undefined && { reason }),
    ...(blame && { blame }),
    ...(equivalent && { equivalent }),
  };
}

function enclosureJson({ lower, upper }: Enclosure) {
  const finite = (x: number | null) => (x !== null && Number.isFinite(x) ? x : null);
  return { lower: finite(lower), upper: finite(upper) };
}

function pageOf(expression: Expression, certificate: Certificate): string {
  const coordinates = certificate.variables.reduce((sum, v) => sum + coordinatesOf(v), 0);
  const witnesses = [
    ["chord below the function: not convex", certificate.convex.witness],
    ["chord above the function: not concave", certificate.concave.witness],
  ] as const;
  const figures: string[] = [];
  if (coordinates === 1) figures.push(curveFigure(expression, witnesses));
  else {
    if (coordinates === 2) figures.push(planeFigure(expression, witnesses));
    for (const [title, witness] of witnesses) if (witness) figures.push(chordFigure(expression, title, witness));
  }
  const title = expression.text;
  return page(title, `${certificate.verdict} on ${certificate.domain}`, [
    { figures },
    { title: "Certificate", text: printCertificate(certificate, { depth: 12 }) },
  ]);
}

type Witnesses = readonly (readonly [string, Witness | undefined])[];

/** Where to look: around the witnesses, or around the origin; only where the function is defined. */
function window(witnesses: Witnesses, coordinate: number): readonly [number, number] {
  const points = witnesses.flatMap(([, w]) => (w ? [w.a[coordinate], w.b[coordinate]] : []));
  if (points.length === 0) return [-4, 4];
  const [low, high] = [Math.min(...points), Math.max(...points)];
  const room = Math.max((high - low) * 0.6, 1e-12 * Math.max(1, Math.abs(low)));
  return [low - room, high + room];
}

const grid = (low: number, high: number, n: number) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

function curveFigure(expression: Expression, witnesses: Witnesses): string {
  const [low, high] = window(witnesses, 0);
  const f = (x: number) => valueAt(expression, [x]);
  const chords = witnesses.flatMap(([name, w], i) =>
    w ? [{ name, colour: i + 1, dots: true, points: [w.a[0], w.b[0]].map((x) => [x, f(x)] as const) }] : [],
  );
  return plotFigure({
    title: expression.text,
    x: coordinateNames(expression.variables[0])[0],
    y: "value",
    curves: [{ name: expression.text, colour: 0, points: grid(low, high, 401).map((x) => [x, f(x)] as const) }, ...chords],
  });
}

function planeFigure(expression: Expression, witnesses: Witnesses): string {
  const [x, y] = [0, 1].map((i) => grid(...window(witnesses, i), 61));
  const paths = witnesses.flatMap(([name, w], i) =>
    w ? [{ name, colour: i + 1, points: [[w.a[0], w.a[1]] as const, [w.b[0], w.b[1]] as const] }] : [],
  );
  const names = expression.variables.flatMap(coordinateNames);
  return contourFigure({
    title: expression.text,
    x: names[0],
    y: names[1],
    xs: x,
    ys: y,
    values: x.flatMap((a) => y.map((b) => valueAt(expression, [a, b]))),
    paths,
  });
}

/** The function and its chord on the line through the two points. */
function chordFigure(expression: Expression, title: string, { a, b, t }: Witness): string {
  const at = (s: number) =>
    valueAt(
      expression,
      a.map((x, i) => (1 - s) * x + s * b[i]),
    );
  const [first, last] = [at(0), at(1)];
  return plotFigure({
    title,
    x: "t, from a to b",
    y: "value",
    curves: [
      { name: "f((1 − t)a + tb)", colour: 0, points: grid(-0.3, 1.3, 201).map((s) => [s, at(s)] as const) },
      {
        name: "chord",
        colour: 1,
        dots: true,
        points: [
          [0, first],
          [1, last],
        ],
      },
    ],
    marks: [{ at: [t, at(t)], label: "gap", colour: 2 }],
  });
}
