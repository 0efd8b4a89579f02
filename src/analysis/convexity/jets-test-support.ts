// Functions with their first two derivatives along a line, in floats, and how much rounding they carry. What is claimed of a function's
// curvature is held against these. Nothing of the analysis is used here, so that a wrong claim has no friend.

/** [f, f′, f″] and estimates, rather too large, of their errors. */
export interface Jet {
  readonly at: readonly [value: number, slope: number, curvature: number];
  readonly errors: readonly [number, number, number];
}

const unit = 2 ** -52;

export const constantJet = (c: number): Jet => ({ at: [c, 0, 0], errors: [0, 0, 0] });

/** x + s·v. */
export const lineJet = (x: number, v: number): Jet => ({ at: [x, v, 0], errors: [0, 0, 0] });

export const addJets = (a: Jet, b: Jet, factor = 1): Jet => {
  const at = [0, 1, 2].map((k) => a.at[k] + factor * b.at[k]);
  const errors = [0, 1, 2].map(
    (k) =>
      a.errors[k] +
      Math.abs(factor) * b.errors[k] +
      2 * unit * (Math.abs(factor * b.at[k]) + Math.abs(a.at[k]) + Math.abs(at[k])),
  );
  return { at: [at[0], at[1], at[2]], errors: [errors[0], errors[1], errors[2]] };
};

export const scaledBy = (c: number, a: Jet): Jet => addJets(constantJet(0), a, c);

export const multiplyJets = (a: Jet, b: Jet): Jet => {
  const [a0, a1, a2] = a.at;
  const [b0, b1, b2] = b.at;
  const [e0, e1, e2] = a.errors;
  const [f0, f1, f2] = b.errors;
  const size = (x: number, y: number, e: number, f: number) =>
    Math.abs(x) * f + Math.abs(y) * e + e * f + 2 * unit * Math.abs(x * y);
  return {
    at: [a0 * b0, a1 * b0 + a0 * b1, a2 * b0 + 2 * a1 * b1 + a0 * b2],
    errors: [
      size(a0, b0, e0, f0),
      size(a1, b0, e1, f0) + size(a0, b1, e0, f1),
      size(a2, b0, e2, f0) + 2 * size(a1, b1, e1, f1) + size(a0, b2, e0, f2),
    ],
  };
};

/** g(u) from g, g′ and g″ at u. The third derivative, which the error of g″ takes, is guessed from the others. */
const chain = (u: Jet, g: number, g1: number, g2: number): Jet => {
  const [x, d, dd] = u.at;
  const [e0, e1, e2] = u.errors;
  const g3 = 8 * (Math.abs(g2) * (1 + 1 / Math.abs(x)) + Math.abs(g1));
  // What is known exactly stays so, where derivatives are infinite too.
  const times = (factor: number, error: number) => (error === 0 ? 0 : Math.abs(factor) * error);
  return {
    at: [g, g1 * d, g2 * d * d + g1 * dd],
    errors: [
      times(g1, e0) + times(g2, e0 * e0) + 8 * unit * Math.abs(g),
      times(g2 * d, e0) + times(g1, e1) + 8 * unit * Math.abs(g1 * d),
      times(g3 * d * d, e0) +
        times(g2, 2 * Math.abs(d) * e1 + e1 * e1 + Math.abs(dd) * e0) +
        times(g1, e2) +
        8 * unit * (Math.abs(g2 * d * d) + Math.abs(g1 * dd)),
    ],
  };
};

const one = constantJet(1);
const negative = (u: Jet): Jet => scaledBy(-1, u);
const square = (u: Jet): Jet => multiplyJets(u, u);
const exp = (u: Jet): Jet => chain(u, Math.exp(u.at[0]), Math.exp(u.at[0]), Math.exp(u.at[0]));
const sigmoid = (u: number): number => (u >= 0 ? 1 / (1 + Math.exp(-u)) : Math.exp(u) / (1 + Math.exp(u)));
const reciprocal = (u: Jet): Jet => chain(u, 1 / u.at[0], -1 / u.at[0] ** 2, 2 / u.at[0] ** 3);
const sqrt = (u: Jet): Jet => chain(u, Math.sqrt(u.at[0]), 0.5 / Math.sqrt(u.at[0]), -0.25 / u.at[0] ** 1.5);

/** A branch, with the other one where rounding may hide which of them it is. */
const branch = (taken: Jet, other: Jet, hidden: boolean): Jet => {
  if (!hidden) return taken;
  const errors = [0, 1, 2].map((k) => Math.max(taken.errors[k], Math.abs(taken.at[k] - other.at[k]) + other.errors[k]));
  return { at: taken.at, errors: [errors[0], errors[1], errors[2]] };
};

/** The greater, or the lesser, of two. */
export const extreme = (u: Jet, v: Jet, which: "max" | "min"): Jet => {
  const difference = u.at[0] - v.at[0];
  const [taken, other] = (which === "min" ? difference < 0 : difference > 0) ? [u, v] : [v, u];
  return branch(taken, other, Math.abs(difference) <= u.errors[0] + v.errors[0]);
};

const abs = (u: Jet): Jet => extreme(u, negative(u), "max");
const power = (u: Jet, n: number): Jet => chain(u, u.at[0] ** n, n * u.at[0] ** (n - 1), n * (n - 1) * u.at[0] ** (n - 2));

/** log(1 + u²), written so that small u keep their digits. */
const logOneAndSquare = (u: Jet): Jet => {
  const [x] = u.at;
  const q = 1 + x * x;
  return chain(u, Math.log1p(x * x), (2 * x) / q, (2 * (1 - x * x)) / (q * q));
};

const softplus = (u: Jet): Jet => {
  const s = sigmoid(u.at[0]);
  return chain(u, Math.max(u.at[0], 0) + Math.log1p(Math.exp(-Math.abs(u.at[0]))), s, s * sigmoid(-u.at[0]));
};

const tanh = (u: Jet): Jet => {
  const t = Math.tanh(u.at[0]);
  const slope = 4 * sigmoid(2 * u.at[0]) * sigmoid(-2 * u.at[0]);
  return chain(u, t, slope, -2 * t * slope);
};

export interface JetFunction {
  readonly text: (u: string) => string;
  readonly of: (u: Jet) => Jet;
}

// normcdf is left out: there is no accurate erf without the library.
/** Functions of one argument that have a value everywhere, with their texts. */
export const everywhereDefined: readonly JetFunction[] = [
  { text: (u) => `exp(${u})`, of: exp },
  { text: (u) => `exp(-(${u}))`, of: (u) => exp(negative(u)) },
  { text: (u) => `exp(-(${u})^2)`, of: (u) => exp(negative(square(u))) },
  { text: (u) => `log(1+exp(${u}))`, of: softplus },
  { text: (u) => `log(1+(${u})^2)`, of: logOneAndSquare },
  { text: (u) => `sqrt(1+(${u})^2)`, of: (u) => sqrt(addJets(one, square(u))) },
  { text: (u) => `1/(1+(${u})^2)`, of: (u) => reciprocal(addJets(one, square(u))) },
  {
    text: (u) => `1/(1+exp(-(${u})))`,
    of: (u) => {
      const [s, t] = [sigmoid(u.at[0]), sigmoid(-u.at[0])];
      return chain(u, s, s * t, s * t * (t - s));
    },
  },
  { text: (u) => `sin(${u})`, of: (u) => chain(u, Math.sin(u.at[0]), Math.cos(u.at[0]), -Math.sin(u.at[0])) },
  { text: (u) => `cos(${u})`, of: (u) => chain(u, Math.cos(u.at[0]), -Math.sin(u.at[0]), -Math.cos(u.at[0])) },
  { text: (u) => `tanh(${u})`, of: tanh },
  { text: (u) => `(${u})^2`, of: square },
  { text: (u) => `(${u})^2`, of: square },
  { text: (u) => `(${u})^3`, of: (u) => power(u, 3) },
  { text: (u) => `(${u})^4`, of: (u) => power(u, 4) },
  { text: (u) => `(${u})^6`, of: (u) => power(u, 6) },
  { text: (u) => `abs(${u})`, of: abs },
  { text: (u) => `abs(${u})^1.5`, of: (u) => power(abs(u), 1.5) },
  { text: (u) => `max(0,${u})`, of: (u) => extreme(u, constantJet(0), "max") },
  { text: (u) => `min(1,${u})`, of: (u) => extreme(u, one, "min") },
  {
    text: (u) => `if(${u}>0,${u},exp(${u})-1)`,
    of: (u) => {
      const below = chain(u, Math.expm1(u.at[0]), Math.exp(u.at[0]), Math.exp(u.at[0]));
      return branch(...(u.at[0] > 0 ? ([u, below] as const) : ([below, u] as const)), Math.abs(u.at[0]) <= u.errors[0]);
    },
  },
  { text: (u) => `sqrt(abs(${u}))`, of: (u) => sqrt(abs(u)) },
];

/** Convex functions, which make convex ones of affine arguments. */
export const convexEverywhere: readonly JetFunction[] = everywhereDefined.filter(({ text }) =>
  [
    "exp(u)",
    "exp(-(u))",
    "log(1+exp(u))",
    "sqrt(1+(u)^2)",
    "(u)^2",
    "(u)^4",
    "(u)^6",
    "abs(u)",
    "abs(u)^1.5",
    "max(0,u)",
  ].includes(text("u")),
);

/** Functions for positive arguments. */
export const onPositive: readonly JetFunction[] = [
  { text: (u) => `log(${u})`, of: (u) => chain(u, Math.log(u.at[0]), 1 / u.at[0], -1 / u.at[0] ** 2) },
  { text: (u) => `sqrt(${u})`, of: sqrt },
  { text: (u) => `1/(${u})`, of: reciprocal },
  { text: (u) => `${u}*log(${u})`, of: (u) => chain(u, u.at[0] * Math.log(u.at[0]), 1 + Math.log(u.at[0]), 1 / u.at[0]) },
];
