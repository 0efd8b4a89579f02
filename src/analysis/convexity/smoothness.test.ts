import { expect, test } from "vitest";
import { softplus, type Tensor, tensor } from "../../tensor/index.ts";
import { spectralNorm } from "../networks/index.ts";
import { smoothness } from "./smoothness.ts";

const rows = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const A = tensor(rows, { dtype: "float64" });
const squared = spectralNorm(rows).upper ** 2;

test("logistic regression has L = ‖AᵀA‖₂/(4n), and no strong convexity", () => {
  const y = tensor([1, -1, 1], { dtype: "float64" });
  const loss = (x: Tensor) => softplus(A.matmul(x).mul(y).neg()).mean();
  const { L, mu, status } = smoothness(loss, { variables: [[2]] });
  expect(L.lower).toBeCloseTo(squared / 12, 9);
  expect(L.upper).toBeCloseTo(squared / 12, 9);
  expect(mu).toEqual({ lower: 0, upper: 0 });
  expect(status).toBe("proved");
});

test("least squares has L = ‖AᵀA‖₂ and the smallest eigenvalue for μ", () => {
  const loss = (x: Tensor) => A.matmul(x).square().sum().mul(0.5);
  const { L, mu, status } = smoothness(loss, { variables: [[2]] });
  expect(L.upper).toBeCloseTo(squared, 8);
  // det AᵀA = 24
  expect(mu.lower).toBeCloseTo(24 / squared, 8);
  expect(status).toBe("proved");
});
