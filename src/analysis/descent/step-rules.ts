// How the step size of gradient descent is chosen.

/** `kind` names the rule in reports; theorems ask for it. */
export type StepRule =
  /** The same γ at every iteration; L estimated by backtracking where it was not known. */
  | { readonly kind: "constant"; readonly size: number }
  /** The minimum along −∇f. */
  | { readonly kind: "exact" }
  /** Armijo's sufficient decrease: halved from `initial` until f falls by c·γ‖∇f‖². */
  | { readonly kind: "armijo"; readonly initial?: number; readonly c?: number; readonly shrink?: number }
  /** Strong Wolfe conditions. */
  | { readonly kind: "wolfe"; readonly c1?: number; readonly c2?: number }
  /** γ = factor·(f(x) − f*)/‖∇f‖²; needs f*. Factor 2 (the default) suits smooth functions, 1 is Polyak's own. */
  | { readonly kind: "polyak"; readonly factor?: number }
  | {
      readonly kind: "schedule";
      /** γ_k = size(k). */
      readonly size: (k: number) => number;
    }
  /** Set by the method: silver steps, OGM. */
  | { readonly kind: "prescribed" }
  /** Heavy ball with the parameters best on quadratics. */
  | { readonly kind: "polyak parameters" }
  /** Full Newton steps, or Newton's steps made to converge from anywhere. */
  | { readonly kind: "full" | "line search" | "trust region" };
