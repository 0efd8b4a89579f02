// Options that a function of the analysis does not have are refused by name, and the one that was meant is said.

import { describe, expect, it } from "vitest";
import { linear, type Module } from "../nn/index.ts";
import { type Tensor, tensor } from "../tensor/index.ts";
import {
  type Certificate,
  certify,
  certifyObjective,
  checkInequality,
  classifyStationaryPoint,
  conditionNumber,
  datasetObjective,
  edgeOfStability,
  extremeEigenvalues,
  firstOrder,
  frankWolfe,
  gradientDescent,
  gradientFlow,
  heavyBall,
  hutchinson,
  hutchPlusPlus,
  isQuadratic,
  lbfgs,
  lipschitz,
  localLipschitz,
  matrixOperator,
  nesterov,
  networkLipschitz,
  newton,
  patternLipschitz,
  planeSlice,
  randomDirection,
  sdpLipschitz,
  sharpness,
  slice,
  smoothness,
  spectralDensity,
  subgradient,
  taylor,
  verifyCertificate,
  worstCase,
} from "./index.ts";

const f = (x: Tensor) => x.square().sum();
const network = { weights: [[[1]], [[1]]] };
const operator = matrixOperator([1], 1);
const at = Float64Array.of(0);
// Names are looked at before anything else is.
const problem = {} as { model: Module; loss: never; data: never; parameters: never };

/** Each call with options of any names, the slip, and what was meant. */
type Call = (options: object) => unknown;
const calls: readonly (readonly [string, Call, string, string])[] = [
  ["certify", (o) => certify("x^2", o), "budgets", "budget"],
  ["smoothness", (o) => smoothness("x^2", o), "domains", "domain"],
  ["smoothness", (o) => smoothness("x^2", { ball: { center: [0], ...o } as never }), "radus", "radius"],
  ["lipschitz", (o) => lipschitz("x^2", o), "domian", "domain"],
  ["taylor", (o) => taylor("x^2", 0, o), "ordr", "order"],
  ["classifyStationaryPoint", (o) => classifyStationaryPoint("x^2", 0, o), "domian", "domain"],
  ["checkInequality", (o) => checkInequality("x^2", o), "Mu", "mu"],
  ["verifyCertificate", (o) => verifyCertificate({} as Certificate, "x^2", o), "budgt", "budget"],
  ["isQuadratic", (o) => isQuadratic("x^2", o), "variable", "variables"],
  ["gradientDescent", (o) => gradientDescent(f, 1, o), "steps", "step"],
  ["gradientDescent", (o) => gradientDescent(f, 1, { constants: o }), "convx", "convex"],
  ["stop", (o) => gradientDescent(f, 1, { stop: o }), "iteration", "iterations"],
  ["nesterov", (o) => nesterov(f, 1, o), "momentun", "momentum"],
  ["heavyBall", (o) => heavyBall(f, 1, o), "momentun", "momentum"],
  ["firstOrder", (o) => firstOrder("ogm", f, 1, o), "stops", "stop"],
  ["newton", (o) => newton(f, 1, o), "globalization", "globalisation"],
  ["lbfgs", (o) => lbfgs(f, 1, o), "memry", "memory"],
  ["subgradient", (o) => subgradient(f, 1, o), "minimiser", "minimizer"],
  ["gradientFlow", (o) => gradientFlow(f, 1, { time: 1, ...o }), "tolerence", "tolerance"],
  ["frankWolfe", (o) => frankWolfe(f, 1, { vertex: (g) => g, diameter: 1, ...o }), "steps", "step"],
  ["worstCase", (o) => worstCase("gradient descent", 1, 0, 3, o), "stp", "step"],
  ["networkLipschitz", (o) => networkLipschitz(network, o), "method", "methods"],
  ["networkLipschitz", (o) => networkLipschitz({ ...network, ...o }), "bias", "biases"],
  ["localLipschitz", (o) => localLipschitz(network, { center: [0], radius: 1, ...o }), "regions", "region"],
  ["patternLipschitz", (o) => patternLipschitz(network, o), "withn", "within"],
  ["sdpLipschitz", (o) => sdpLipschitz(network, o), "varient", "variant"],
  ["extremeEigenvalues", (o) => extremeEigenvalues(operator, o), "counts", "count"],
  ["conditionNumber", (o) => conditionNumber(operator, o), "tolerence", "tolerance"],
  ["sharpness", (o) => sharpness(problem, o), "sead", "seed"],
  ["edgeOfStability", (o) => edgeOfStability({ ...problem, learningRate: 1, ...o }), "learningRte", "learningRate"],
  ["datasetObjective", (o) => datasetObjective({ ...problem, ...o }), "batchsize", "batchSize"],
  ["spectralDensity", (o) => spectralDensity(operator, o), "probe", "probes"],
  ["hutchinson", (o) => hutchinson(operator, o), "probe", "probes"],
  ["hutchPlusPlus", (o) => hutchPlusPlus(operator, o), "product", "products"],
  ["slice", (o) => slice(() => 0, at, at, o), "rang", "range"],
  ["planeSlice", (o) => planeSlice(() => 0, at, [at, at], o), "secondrange", "secondRange"],
  ["randomDirection", (o) => randomDirection(tensor([1, 2]), o), "normalise", "normalize"],
  [
    "certifyObjective",
    (o) => certifyObjective(linear(1, 1), (p) => p.sum(), { inputs: tensor([[1]]), targets: tensor([[1]]) }, o),
    "step",
    "steps",
  ],
];

describe("functions of the analysis", () => {
  it.each(calls)("%s refuses an option that it does not have, and says which was meant", (name, call, slip, meant) => {
    expect(() => call({ [slip]: 1 })).toThrow(new RegExp(`^${name}\\b.*there is no option ${slip}\\b.*${meant}`));
  });

  it.each([
    ["end", () => extremeEigenvalues(operator, { end: "highest" as "largest" })],
    ["normalize", () => randomDirection(tensor([1, 2]), { normalize: "layer" as "leaf" })],
    ["probes", () => hutchinson(operator, { probes: "gaussian" as "normal" })],
    ["globalisation", () => newton(f, 1, { globalisation: "none" as "full" })],
    ["variant", () => nesterov(f, 1, { variant: "strong" as "fista" })],
    ["variant", () => sdpLipschitz(network, { variant: "network" as "layer" })],
    ["region", () => localLipschitz(network, { center: [0], radius: 1, region: "sphere" as "ball" })],
    ["method", () => localLipschitz(network, { center: [0], radius: 1, method: "crown" as "intervals" })],
    ["a method", () => networkLipschitz(network, { methods: ["LipSDP" as "LipSDP-Layer"] })],
  ])("%s is one of its words", (name, call) => {
    expect(call).toThrow(new RegExp(`${name} must be "`));
  });
});
