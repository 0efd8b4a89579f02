// Functions of functions.

export { type CheckOptions, type Comparison, checkGradients, type GradientReport, type TensorReport } from "./check-gradients.ts";
export { type Compiled, type CompileOptions, compile } from "./compile.ts";
export {
  type AuxOptions,
  type GradOptions,
  gaussNewton,
  grad,
  hessian,
  hvp,
  type Jacobian,
  jacobian,
  jvp,
  valueAndGrad,
  vjp,
} from "./grad.ts";
export { type CustomRules, checkpoint, customDerivative, stopGradient } from "./rules.ts";
export { type VmapOptions, vmap } from "./vmap.ts";
