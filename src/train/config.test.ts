import { describe, expect, test } from "vitest";
import { changeSettings, configOf, type Settings } from "./config.ts";

const settings: Settings = {
  epochs: 3,
  batchSize: 8,
  optimizer: { learningRate: 0.1, name: "adam" },
  hidden: [64, 32],
  note: null,
};

describe("changed settings", () => {
  test("replace the entry at the path and nothing else", () => {
    expect(changeSettings(settings, { epochs: 5, "optimizer.learningRate": 0.01, "hidden.1": 16, note: "x" })).toEqual({
      epochs: 5,
      batchSize: 8,
      optimizer: { learningRate: 0.01, name: "adam" },
      hidden: [64, 16],
      note: "x",
    });
    expect(changeSettings(settings, { hidden: [10] }).hidden).toEqual([10]);
    expect(settings.epochs).toBe(3);
  });

  test.each([
    [{ "optimizer.learningrate": 1 }, 'there is no setting "optimizer.learningrate". Did you mean "learningRate"?'],
    [{ epoch: 1 }, 'there is no setting "epoch". Did you mean "epochs"?'],
    [{ colour: 1 }, 'there is no setting "colour". The settings are epochs, batchSize, optimizer, hidden, note.'],
    [{ "optimizer.speed": 1 }, "optimizer has learningRate, name."],
    [{ "epochs.x": 1 }, 'there is no setting "epochs.x": epochs is 3 and has no parts.'],
    [{ "hidden.2": 1 }, 'there is no setting "hidden.2"'],
    [{ "hidden.length": 1 }, 'there is no setting "hidden.length"'],
    [{ batchSize: "many" }, 'the setting "batchSize" is a number (8), not a string ("many").'],
    [{ hidden: 64 }, 'the setting "hidden" is a list ([64,32]), not a number (64).'],
    [{ epochs: 0 }, "the setting epochs must be a whole number ≥ 1, not 0."],
    [{ batchSize: 1.5 }, "the setting batchSize must be a whole number ≥ 1, not 1.5."],
    [{ toString: 1 }, 'there is no setting "toString"'],
  ])("%j is refused: %s", (changes, message) => {
    expect(() => changeSettings(settings, changes)).toThrow(message);
  });
});

describe("the configuration of a module", () => {
  const good = { name: "x", settings, data: () => {}, model: () => {}, loss: () => {}, optimizer: () => {} };

  test("is its default export, or what it exports as config", () => {
    expect(configOf({ default: good }, "m.ts")).toBe(good);
    expect(configOf({ config: good }, "m.ts")).toBe(good);
  });

  test("that is missing or incomplete is refused by name", () => {
    expect(() => configOf({ default: undefined }, "m.ts")).toThrow(
      "m.ts has no default export that is a configuration. Write: export",
    );
    expect(() => configOf({ default: { ...good, loss: "mse" } }, "m.ts")).toThrow(
      `m.ts: the configuration's "loss" must be a function, but is string.`,
    );
    expect(() => configOf({ default: { ...good, model: undefined } }, "m.ts")).toThrow(
      `"model" must be a function, but is missing.`,
    );
    expect(() => configOf({ default: { ...good, settings: { epochs: 1 } } }, "m.ts")).toThrow(
      `"settings" must have a number "batchSize"`,
    );
  });
});
