import { describe, expect, test } from "vitest";
import { encodeSafetensors } from "../io/safetensors.ts";
import * as nn from "../nn/index.ts";
import { adam, sgd } from "../optim/index.ts";
import { random } from "../tensor/index.ts";
import { beginning, cursorOf } from "./position.ts";
import { type Course, decodeSnapshot, encodeSnapshot, requireSameCourse } from "./snapshot.ts";
import { initialState } from "./step.ts";

const key = random.key(0);
const course: Course = { seed: 0, batchSize: 8, shuffle: true, dropRemainder: false, data: "0123456789abcdef" };
const fresh = (model: nn.Module, optimizer = adam()) => initialState({ model, optimizer }, key);
const snapshotOf = (state: ReturnType<typeof fresh>, callbacks = {}) => ({
  state,
  cursor: cursorOf(beginning(state), { course, epochs: 3, callbacks, seconds: 1.5 }),
});

describe("a checkpoint", () => {
  const model = nn.sequential(nn.linear(2, 4), nn.batchNorm(4), nn.linear(4, 3));
  const snapshot = snapshotOf(fresh(model), { earlyStopping: { best: Number.POSITIVE_INFINITY } });
  const bytes = encodeSnapshot(snapshot);

  test("comes back to the bit, what callbacks keep included", () => {
    const back = decodeSnapshot(bytes, fresh(model), "c");
    expect(back.cursor).toStrictEqual(snapshot.cursor);
    expect(encodeSnapshot(back)).toStrictEqual(bytes);
  });

  test("of another model or optimizer names the first tensor that does not fit", () => {
    const other =
      (m: nn.Module, optimizer = adam()) =>
      () =>
        decodeSnapshot(bytes, fresh(m, optimizer), "run/checkpoint.safetensors");
    expect(other(nn.sequential(nn.linear(2, 5), nn.batchNorm(5), nn.linear(5, 3)))).toThrow(
      "run/checkpoint.safetensors: parameters.layers[0].weight is float32[2, 4], but the model needs float32[2, 5]: it was written by " +
        "another model or optimizer. Resume with the configuration the run was started with.",
    );
    expect(other(nn.sequential(nn.linear(2, 4), nn.batchNorm(4), nn.linear(4, 3), nn.linear(3, 3)))).toThrow(
      "lacks the tensor parameters.layers[3].weight",
    );
    expect(other(model, sgd({ learningRate: 0.1 }))).toThrow(/holds the tensor optimizer\S+, which the model does not have/);
  });

  test("that is damaged is refused with what to do, wherever it is cut", () => {
    for (const length of [0, 7, 8, 100, bytes.length - 1]) {
      expect(() => decodeSnapshot(bytes.slice(0, length), fresh(model), "c")).toThrow(
        /^c.*Delete it to train again from the beginning with --resume\.$/s,
      );
    }
    expect(() => decodeSnapshot(new TextEncoder().encode("not a checkpoint at all"), fresh(model), "c")).toThrow("Delete it");
  });

  test("of other examples, or the same in another order, is refused", () => {
    expect(() => requireSameCourse(course, { ...course, data: "f" })).toThrow(
      "the training data are not those of the checkpoint",
    );
    expect(() => requireSameCourse(course, { ...course, batchSize: 4 })).toThrow(
      "batchSize is 4, but the checkpoint was made with 8",
    );
    expect(() => requireSameCourse(course, { ...course, shuffle: false })).toThrow("shuffle is false");
    expect(() => requireSameCourse(course, { ...course })).not.toThrow();
  });
});

test("a file of tensors that is no checkpoint is told apart", () => {
  const model = nn.linear(2, 3);
  expect(() => decodeSnapshot(encodeSafetensors({}), fresh(model), "weights")).toThrow(
    "weights is not a checkpoint of this version (format unknown, expected gradus-checkpoint-1).",
  );
});
