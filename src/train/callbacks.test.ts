import { describe, expect, test } from "vitest";
import { type Callback, type EarlyStoppingOptions, earlyStopping } from "./callbacks.ts";
import { fromExactJson, toExactJson } from "./exact-json.ts";

/** The epoch (from 1) after which the callback stops on these values of `monitor`, and why. */
function run(callback: Callback, monitor: string, values: readonly number[], first = 1): [number, string] | undefined {
  for (const [i, value] of values.entries()) {
    let why: string | undefined;
    const record = { epoch: first + i, seconds: 0, metrics: { [monitor]: value } };
    callback.onEpochEnd?.({ record, history: [record], parameters: () => ({}), stop: (reason) => (why = reason) });
    if (why !== undefined) return [first + i, why];
  }
  return undefined;
}

const begun = (options: EarlyStoppingOptions, metrics = ["loss", "val_loss", "val_accuracy"]) => {
  const callback = earlyStopping(options);
  callback.onBegin?.({ metrics });
  return callback;
};

describe("early stopping", () => {
  test("ends `patience` epochs after the best", () => {
    expect(run(begun({ patience: 2 }), "val_loss", [3, 2, 1, 1.5, 1, 0.5])).toEqual([
      5,
      "val_loss has not improved for 2 epochs (best 1)",
    ]);
    expect(run(begun({ patience: 2 }), "val_loss", [3, 2, 3, 1, 3, 0])).toBeUndefined();
  });

  test("goes for the largest accuracy and the smallest loss, unless told", () => {
    expect(run(begun({ monitor: "val_accuracy", patience: 1 }), "val_accuracy", [0.5, 0.6, 0.55])?.[0]).toBe(3);
    expect(run(begun({ monitor: "val_accuracy", patience: 1, mode: "min" }), "val_accuracy", [0.5, 0.6])?.[0]).toBe(2);
  });

  test("an improvement below minDelta, or NaN, is none", () => {
    expect(run(begun({ patience: 2, minDelta: 0.1 }), "val_loss", [1, 0.95, 0.91])?.[0]).toBe(3);
    expect(run(begun({ patience: 2 }), "val_loss", [1, NaN, NaN])?.[0]).toBe(3);
  });

  test("remembers through a checkpoint, even one from before the first epoch", () => {
    const values = [3, 2, 1, 1.5, 1, 0.5];
    for (let k = 0; k < 5; k++) {
      const before = begun({ patience: 2 });
      expect(run(before, "val_loss", values.slice(0, k))).toBeUndefined();
      const after = begun({ patience: 2 });
      after.restore?.(fromExactJson(toExactJson(before.save?.())));
      expect(run(after, "val_loss", values.slice(k), k + 1)?.[0]).toBe(5);
    }
  });

  test("a second run begins afresh", () => {
    const callback = begun({ patience: 1 });
    expect(run(callback, "val_loss", [1, 2])?.[0]).toBe(2);
    callback.onBegin?.({ metrics: ["val_loss"] });
    expect(run(callback, "val_loss", [3, 4])?.[0]).toBe(2);
  });

  test("an unknown metric is refused before training, a bad patience at once", () => {
    expect(() => begun({ monitor: "val_los" })).toThrow('earlyStopping: there is no metric "val_los". Did you mean "val_loss"?');
    expect(() => begun({}, ["loss"])).toThrow('there is no metric "val_loss"');
    expect(() => earlyStopping({ patience: 0 })).toThrow("patience must be a whole number ≥ 1, got 0");
  });
});
