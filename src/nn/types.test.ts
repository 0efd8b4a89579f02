// What compiles and what does not: literal sizes that do not fit are errors of the type checker, unknown sizes fit anything.
// Every @ts-expect-error below is itself checked by tsc.

import { describe, expect, expectTypeOf, test } from "vitest";
import { random, type Tensor, zeros } from "../tensor/index.ts";
import * as nn from "./index.ts";

const unknownSize: number = [784][0];
const anyModule: nn.Module = nn.linear(3, 3);

describe("sequences", () => {
  test("sizes that fit compile without casts, through modules that keep the shape or the channels", () => {
    const mlp = nn.sequential(nn.flatten(), nn.linear(784, 128), nn.relu(), nn.linear(128, 10));
    expectTypeOf(mlp).toEqualTypeOf<nn.Module<readonly number[], readonly [...number[], 10]>>();
    const cnn = nn.sequential(
      nn.conv2d(1, 8, 3),
      nn.batchNorm(8),
      nn.relu(),
      nn.maxPool2d(2),
      nn.conv2d(8, 16, 3),
      nn.globalAveragePool(),
      nn.linear(16, 10),
    );
    expectTypeOf(cnn).toEqualTypeOf<nn.Module<readonly [number, number, number, 1], readonly [...number[], 10]>>();
    const text = nn.sequential(
      nn.embedding(50, 16),
      nn.positionalEmbedding(20, 16),
      nn.multiHeadAttention(16, 2),
      nn.gru(16, 8),
      nn.linear(8, 2),
    );
    expectTypeOf(text).toExtend<nn.Module<readonly number[], readonly [...number[], 2]>>();
    expect([mlp, cnn, text].map((m) => m.children!.length)).toEqual([4, 7, 5]);
  });

  test("unknown sizes, unknown modules and lists of modules fit anything", () => {
    const unknown = nn.sequential(nn.linear(3, unknownSize), nn.linear(7, 4), anyModule, nn.linear(9, 2));
    const list: nn.Module[] = [nn.linear(3, 4), nn.linear(4, 5)];
    expectTypeOf(nn.sequential(...list)).toEqualTypeOf<nn.Module>();
    expectTypeOf(unknown).toExtend<nn.Module>();
  });

  test("sizes that do not fit do not compile", () => {
    // @ts-expect-error 128 features into 64
    nn.sequential(nn.linear(784, 128), nn.linear(64, 10));
    // @ts-expect-error the same, through an activation and dropout
    nn.sequential(nn.linear(784, 128), nn.relu(), nn.dropout(0.5), nn.linear(64, 10));
    // @ts-expect-error the same, inside a nested sequence
    nn.sequential(nn.linear(784, 128), nn.sequential(nn.tanh(), nn.linear(64, 10)));
    // @ts-expect-error channels kept by pooling
    nn.sequential(nn.conv2d(1, 8, 3), nn.maxPool2d(2), nn.conv2d(4, 8, 3));
    // @ts-expect-error a matrix into a convolution
    nn.sequential(nn.flatten(), nn.conv2d(1, 8, 3));
    // @ts-expect-error the last state into a module that wants sequences
    nn.sequential(nn.gru(3, 8), nn.gru(8, 8));
    // @ts-expect-error a function is not a module
    expect(() => nn.sequential(nn.relu)).toThrow(/part 0 is a function, not a module. Call it, as in nn.relu\(\)/);
    expectTypeOf(nn.sequential(nn.gru(3, 8, { returnSequences: true }), nn.gru(8, 8))).toExtend<nn.Module>();
  });
});

describe("inputs", () => {
  const model = nn.sequential(nn.linear(784, 128), nn.relu(), nn.linear(128, 10));
  const { parameters } = model.init(random.key(0));

  test("a tensor of fitting or unknown shape compiles, and the output has its type", () => {
    const y = model.apply(parameters, zeros([2, 784]));
    expectTypeOf(y).toEqualTypeOf<Tensor<readonly [...number[], 10]>>();
    const unknown: Tensor = zeros([3, 784]);
    expect([y.shape, model.apply(parameters, unknown).shape]).toEqual([
      [2, 10],
      [3, 10],
    ]);
  });

  test("a tensor of another literal shape does not compile", () => {
    // @ts-expect-error 28 features instead of 784
    expect(() => model.apply(parameters, zeros([64, 28]))).toThrow(/expects \[..., 784\]/);
    // @ts-expect-error a matrix instead of images
    expect(() => nn.conv2d(1, 8, 3).apply({}, zeros([64, 1]))).toThrow(/conv2d/);
  });
});
