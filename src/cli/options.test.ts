import { describe, expect, test } from "vitest";
import { commandNames, commandSpecs } from "./grammar.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { parseCommandLine, UsageError } from "./options.ts";

const parse = (line: string) => parseCommandLine(line === "" ? [] : line.split(" "));
const loud = { json: false, quiet: false };

describe("what a command line asks for", () => {
  test("train takes a task and its options, in any order", () => {
    expect(parse("train digits")).toEqual({ command: "train", options: { task: { kind: "digits" }, set: {} }, manner: loud });
    expect(
      parse("train --epochs 3 mnist --data=data/mnist -o runs/a --seed 0 --json -q --set a.b=[1,2] --set optimizer=adam"),
    ).toEqual({
      command: "train",
      options: {
        task: { kind: "mnist" },
        epochs: 3,
        data: "data/mnist",
        out: "runs/a",
        seed: 0,
        set: { "a.b": [1, 2], optimizer: "adam" },
      },
      manner: { json: true, quiet: true },
    });
    expect(parse("train ./m.ts")).toMatchObject({ options: { task: { kind: "file", path: "./m.ts" } } });
  });

  test("a resumed run knows its task", () => {
    expect(parse("train --resume runs/digits --epochs 9")).toMatchObject({ options: { resume: "runs/digits", epochs: 9 } });
    expect(() => parse("train digits --resume runs/digits")).toThrow('--resume knows what it trained; leave "digits" out');
    expect(() => parse("train --resume runs/a --out runs/b")).toThrow("leave --out out");
  });

  test("predict, summary and check find their model", () => {
    expect(parse("predict runs/digits a.csv b.csv --limit 4")).toEqual({
      command: "predict",
      options: { run: "runs/digits", inputs: ["a.csv", "b.csv"], limit: 4 },
      manner: loud,
    });
    expect(parse("summary runs/digits --batch-size 8")).toEqual({
      command: "summary",
      options: { target: { kind: "run", path: "runs/digits" }, batchSize: 8, set: {} },
      manner: loud,
    });
    expect(parse("check model.ts --order 2 --seed 5")).toEqual({
      command: "check",
      options: { target: { kind: "file", path: "model.ts" }, order: 2, seed: 5, set: {} },
      manner: loud,
    });
  });

  test("help and version", () => {
    expect(parse("--help")).toMatchObject({ command: "help", about: undefined });
    expect(parse("help train")).toMatchObject({ command: "help", about: "train" });
    expect(parse("train --help")).toMatchObject({ command: "help", about: "train" });
    expect(parse("--version")).toMatchObject({ command: "version" });
  });
});

describe("what is wrong with a command line", () => {
  test.each([
    ["", "no command given; the commands are train, predict, summary, check, compile"],
    ["trian digits", 'there is no command "trian". Did you mean "gradus train"?'],
    ["dance", 'there is no command "dance". The commands are train, predict, summary, check, compile, certify'],
    ["--epochs 3", "the command comes first: gradus COMMAND --epochs …"],
    ["train digits --epohcs 3", "gradus train has no option --epohcs. Did you mean --epochs?"],
    ["train digits --bananas", "gradus train has no option --bananas."],
    ["train digits -x", "gradus train has no option -x."],
    ["train", "train needs one of digits | mnist | FILE.ts"],
    ["train digit", '"digit" is none of digits | mnist | FILE.ts. Did you mean "digits"?'],
    ["train digits mnist", 'train takes one argument; "mnist" is one too many'],
    ["train digits --epochs 0", '--epochs needs a whole number from 1 on, not "0"'],
    ["train digits --epochs -1", '--epochs needs a whole number from 1 on, not "-1"'],
    ["train digits --epochs 1.5", '--epochs needs a whole number from 1 on, not "1.5"'],
    ["train digits --seed 1e3", '--seed needs a whole number from 0 on, not "1e3"'],
    ["train digits --seed 9007199254740993", "--seed needs a whole number from 0 on"],
    ["train digits --epochs", "--epochs needs a value: --epochs N"],
    ["train digits --out --seed", "--out needs a value: --out DIR"],
    ["train digits --out=", "--out needs a value: --out DIR"],
    ["train digits --json=yes", "--json takes no value; write just --json"],
    ["train digits --seed 1 --seed 2", "--seed is given twice"],
    ["train digits --set epochs", '--set needs KEY=VALUE, as --set learningRate=0.01, not "epochs"'],
    ["predict", "predict needs the folder of a run, as: gradus predict runs/digits"],
    ["summary digit", '"digit" is none of digits | mnist | FILE.ts | RUN. Did you mean "digits"?'],
    ["check digits --order 3", "--order is 1 or 2, not 3"],
    ["compile digits --show wat --engine native", "--show wat is what the engine wasm makes, not native"],
    ["compile digits --engine interpreter", "the engine interpreter has no kernels to show"],
  ])("gradus %s", (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });
});

test.each(["--show wat --engine auto", "--show c --engine native", "--show graph --engine interpreter"])(
  "compile digits %s",
  (given) => {
    expect(parse(`compile digits ${given}`)).toMatchObject({ command: "compile" });
  },
);

test("a formula may begin with a minus sign, and a point too", () => {
  expect(parseCommandLine(["certify", "-sqrt(1-x^2)", "--domain", "-1<=x<=1"])).toMatchObject({
    options: { expression: "-sqrt(1-x^2)", domain: "-1<=x<=1", param: {} },
  });
  expect(parseCommandLine(["minimize", "-x", "--from", "-3", "--step", "0.1", "-q"])).toMatchObject({
    manner: { quiet: true },
    options: { expression: "-x", from: "-3", method: "gradient-descent", step: "0.1" },
  });
});

test("explain takes a model, or a formula and a point", () => {
  expect(parseCommandLine(["explain", "digits", "--digits", "6", "--rounding", "by-hand"])).toMatchObject({
    command: "explain",
    options: { subject: "digits", target: { kind: "digits" }, digits: 6, rounding: "by hand" },
  });
  const { options } = parseCommandLine(["explain", "-x/2", "--at", "x=3", "--step", "0.1"]) as { options: object };
  expect(options).toMatchObject({ subject: "-x/2", at: "x=3", step: 0.1 });
  expect(options).not.toHaveProperty("target");
  expect(() => parseCommandLine(["explain", "x^2", "--at", "x=3", "--order", "3"])).toThrow(/--order is 1 or 2/);
  expect(() => parseCommandLine(["explain", "x^2", "--at", "x=3", "--step", "0"])).toThrow(/--step needs a number above 0/);
});

test("values of names are collected", () => {
  expect(parseCommandLine(["certify", "sum(X*w)", "--param", "X=[[1,2]]", "--param", "y=rows.csv"])).toMatchObject({
    options: { param: { X: "[[1,2]]", y: "rows.csv" } },
  });
  expect(() => parseCommandLine(["certify", "x", "--param", "X"])).toThrow("--param needs NAME=VALUE");
  expect(() => parseCommandLine(["minimize", "x"])).toThrow("minimize needs a starting point");
  expect(() => parseCommandLine(["minimize", "x", "--from", "1", "--method", "newtn"])).toThrow('Did you mean "newton"?');
});

describe("help", () => {
  test("names every command and every option of the grammar", () => {
    for (const name of commandNames) {
      expect(generalHelp("1.0.0")).toContain(`${name} `);
      for (const option of Object.keys(commandSpecs[name].options)) expect(commandHelp(name)).toContain(`--${option} `);
    }
  });

  test("its examples are command lines that parse", () => {
    for (const name of commandNames) {
      for (const example of commandSpecs[name].examples) {
        const words = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
        expect(parseCommandLine(words.slice(1))).toMatchObject({ command: name });
      }
    }
  });

  test("fits a terminal of 120 columns", () => {
    const lines = [generalHelp("1.0.0"), ...commandNames.map((name) => commandHelp(name))].join("\n").split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
