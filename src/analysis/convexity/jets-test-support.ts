// Functions with their first two derivatives along a line, in floats: [f, f′, f″]. What is claimed of a function's curvature is held
// against these. Nothing of the analysis is used here, so that a wrong claim has no friend.

export type Jet = readonly [value: number, slope: number, curvature: number];

export const constantJet = (c: number): Jet => [c, 0, 0];

export const addJets = (a: Jet, b: Jet, factor = 1): Jet => [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];

export const multiplyJets = (a: Jet, b: Jet): Jet => [
  a[0] * b[0],
  a[1] * b[0] + a[0] * b[1],
  a[2] * b[0] + 2 * a[1] * b[1] + a[0] * b[2],
];

/** g(u) from g, g′ and g″ at u. */
const chain = ([, d, dd]: Jet, g: number, g1: number, g2: number): Jet => [g, g1 * d, g2 * d * d + g1 * dd];

const one = constantJet(1);
const negative = (u: Jet): Jet => [-u[0], -u[1], -u[2]];
const square = (u: Jet): Jet => multiplyJets(u, u);
const exp = (u: Jet): Jet => chain(u, Math.exp(u[0]), Math.exp(u[0]), Math.exp(u[0]));
const sigmoid = (u: number): number => (u >= 0 ? 1 / (1 + Math.exp(-u)) : Math.exp(u) / (1 + Math.exp(u)));
const reciprocal = (u: Jet): Jet => chain(u, 1 / u[0], -1 / u[0] ** 2, 2 / u[0] ** 3);
const sqrt = (u: Jet): Jet => chain(u, Math.sqrt(u[0]), 0.5 / Math.sqrt(u[0]), -0.25 / u[0] ** 1.5);
const abs = (u: Jet): Jet => (u[0] < 0 ? negative(u) : u);
const power = (u: Jet, n: number): Jet => chain(u, u[0] ** n, n * u[0] ** (n - 1), n * (n - 1) * u[0] ** (n - 2));

/** log(1 + u²), written so that small u keep their digits. */
const logOneAndSquare = (u: Jet): Jet => {
  const [x] = u;
  const q = 1 + x * x;
  return chain(u, Math.log1p(x * x), (2 * x) / q, (2 * (1 - x * x)) / (q * q));
};

const softplus = (u: Jet): Jet => {
  const s = sigmoid(u[0]);
  return chain(u, Math.max(u[0], 0) + Math.log1p(Math.exp(-Math.abs(u[0]))), s, s * sigmoid(-u[0]));
};

const tanh = (u: Jet): Jet => {
  const t = Math.tanh(u[0]);
  const slope = 4 * sigmoid(2 * u[0]) * sigmoid(-2 * u[0]);
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
      const [s, t] = [sigmoid(u[0]), sigmoid(-u[0])];
      return chain(u, s, s * t, s * t * (t - s));
    },
  },
  { text: (u) => `sin(${u})`, of: (u) => chain(u, Math.sin(u[0]), Math.cos(u[0]), -Math.sin(u[0])) },
  { text: (u) => `cos(${u})`, of: (u) => chain(u, Math.cos(u[0]), -Math.sin(u[0]), -Math.cos(u[0])) },
  { text: (u) => `tanh(${u})`, of: tanh },
  { text: (u) => `(${u})^2`, of: square },
  { text: (u) => `(${u})^2`, of: square },
  { text: (u) => `(${u})^3`, of: (u) => power(u, 3) },
  { text: (u) => `(${u})^4`, of: (u) => power(u, 4) },
  { text: (u) => `(${u})^6`, of: (u) => power(u, 6) },
  { text: (u) => `abs(${u})`, of: abs },
  { text: (u) => `abs(${u})^1.5`, of: (u) => power(abs(u), 1.5) },
  { text: (u) => `max(0,${u})`, of: (u) => (u[0] > 0 ? u : constantJet(0)) },
  { text: (u) => `min(1,${u})`, of: (u) => (u[0] < 1 ? u : one) },
  { text: (u) => `if(${u}>0,${u},exp(${u})-1)`, of: (u) => (u[0] > 0 ? u : addJets(exp(u), one, -1)) },
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
  { text: (u) => `log(${u})`, of: (u) => chain(u, Math.log(u[0]), 1 / u[0], -1 / u[0] ** 2) },
  { text: (u) => `sqrt(${u})`, of: sqrt },
  { text: (u) => `1/(${u})`, of: reciprocal },
  { text: (u) => `${u}*log(${u})`, of: (u) => chain(u, u[0] * Math.log(u[0]), 1 + Math.log(u[0]), 1 / u[0]) },
];
