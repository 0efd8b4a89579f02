// Recurrent modules: one loop over time in the graph (scan), differentiated through. The products of all inputs with the input weights
// are one matrix product before the loop.

import { fail } from "../graph/errors.ts";
import { formatShape, type Shape } from "../graph/shape.ts";
import { zeros as zeroTensor } from "../tensor/create.ts";
import { scan } from "../tensor/functions/control.ts";
import { oneOf } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { blocks, glorotUniform, type Initializer, orthogonal, zeros } from "./initializers.ts";
import { plain, requireCounts } from "./linear.ts";
import { leaf, type Module } from "./module.ts";

export interface RecurrentOptions {
  /** true: the hidden states of all steps, [N, time, hidden]; false (default): that of the last, [N, hidden]. */
  readonly returnSequences?: boolean;
  /** How the input weights of each gate start; default glorotUniform. */
  readonly initializer?: Initializer;
  /** How the recurrent weights of each gate start; default orthogonal. */
  readonly recurrentInitializer?: Initializer;
}

type SequenceIn<I extends number> = readonly [number, number, I];
/** Shape of the result: all steps or the last. */
type Hidden<H extends number, All extends boolean> = All extends true ? readonly [number, number, H] : readonly [number, H];

const recurrentOptions = ["returnSequences", "initializer", "recurrentInitializer"] as const;

type Names = "inputWeight" | "recurrentWeight" | "inputBias" | "recurrentBias";

/**
 * A recurrence h ← step(x·Wᵢ + bᵢ, h) whose gates lie side by side: Wᵢ [inputs, gates·hidden], Wₕ [hidden, gates·hidden].
 * `step` gets the input part of all gates, the state and the product h·Wₕ + bₕ.
 */
function recurrent<I extends Shape, O extends Shape>(
  kind: string,
  gates: number,
  inputs: number,
  hidden: number,
  options: RecurrentOptions & { readonly activation?: string },
  step: (input: Tensor, recurrent: Tensor, state: Tensor) => Tensor,
): Module<I, O> {
  requireCounts(kind, { inputs, hidden });
  const { returnSequences = false, initializer = glorotUniform, recurrentInitializer = orthogonal() } = options;
  const call = `${kind}(${inputs}, ${hidden})`;
  return leaf<I, O, Names>({
    kind,
    options: { inputs, hidden, returnSequences, ...plain(kind, options) },
    parameters: {
      inputWeight: { shape: [inputs, gates * hidden], initializer: blocks(gates, initializer) },
      recurrentWeight: { shape: [hidden, gates * hidden], initializer: blocks(gates, recurrentInitializer) },
      inputBias: { shape: [gates * hidden], initializer: zeros },
      recurrentBias: { shape: [gates * hidden], initializer: zeros },
    },
    apply: ({ inputWeight, recurrentWeight, inputBias, recurrentBias }, x) => {
      if (x.rank !== 3 || x.shape[2] !== inputs) {
        fail("shape", `${call} expects [batch, time, ${inputs} features], got ${formatShape(x.shape)}.`);
      }
      const projected = x.transpose([1, 0, 2]).matmul(inputWeight).add(inputBias);
      const start = zeroTensor([x.shape[0], hidden], projected.dtype);
      const { carry, ys } = scan(
        (h: Tensor, p: Tensor) => {
          const next = step(p, h.matmul(recurrentWeight).add(recurrentBias), h);
          return { carry: next, y: returnSequences ? next : [] };
        },
        start as Tensor,
        projected as Tensor,
      );
      return returnSequences ? (ys as Tensor).transpose([1, 0, 2]) : carry;
    },
  });
}

/**
 * Simple recurrent units: hₜ = tanh(xₜWᵢ + bᵢ + hₜ₋₁Wₕ + bₕ), h₀ = 0; x [N, time, inputs] gives [N, hidden] of the last step, or all with
 * returnSequences. Weights as torch.nn.RNN's, transposed: Wᵢ [inputs, hidden], Wₕ [hidden, hidden]. (Elman 1990.)
 */
export function rnn<I extends number, H extends number, const All extends boolean = false>(
  inputs: I,
  hidden: H,
  options: RecurrentOptions & { readonly returnSequences?: All; readonly activation?: "tanh" | "relu" } = {},
): Module<SequenceIn<I>, Hidden<H, All>> {
  const { activation = "tanh" } = known("rnn", options, [...recurrentOptions, "activation"]);
  oneOf("rnn", "activation", activation, ["tanh", "relu"]);
  return recurrent("rnn", 1, inputs, hidden, options, (input, back) =>
    activation === "tanh" ? input.add(back).tanh() : input.add(back).relu(),
  );
}

/**
 * Gated recurrent units: r = σ(xWᵣ + bᵣ + hUᵣ + cᵣ), z = σ(xW_z + b_z + hU_z + c_z), n = tanh(xWₙ + bₙ + r ⊙ (hUₙ + cₙ)),
 * h ← (1 − z) ⊙ n + z ⊙ h, h₀ = 0. Weights hold the gates r, z, n side by side, as torch.nn.GRU's, transposed: inputWeight
 * [inputs, 3·hidden], recurrentWeight [hidden, 3·hidden]. x [N, time, inputs] gives [N, hidden], or all steps with returnSequences.
 * (Cho et al. 2014; the reset gate after the product, as in PyTorch and cuDNN.)
 */
export function gru<I extends number, H extends number, const All extends boolean = false>(
  inputs: I,
  hidden: H,
  options: RecurrentOptions & { readonly returnSequences?: All } = {},
): Module<SequenceIn<I>, Hidden<H, All>> {
  const gate = (x: Tensor, k: number) => x.slice([0, k * hidden], [x.shape[0], (k + 1) * hidden]);
  return recurrent("gru", 3, inputs, hidden, known("gru", options, recurrentOptions), (input, back, h) => {
    const r = gate(input, 0).add(gate(back, 0)).logistic();
    const z = gate(input, 1).add(gate(back, 1)).logistic();
    const n = gate(input, 2)
      .add(r.mul(gate(back, 2)))
      .tanh();
    return n.add(z.mul(h.sub(n)));
  });
}
