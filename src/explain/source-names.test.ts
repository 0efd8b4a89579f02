import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModule } from "../cli/load.ts";
import type { Node } from "../graph/node.ts";
import * as gradus from "../index.ts";
import { type Tensor, tensor } from "../tensor/index.ts";
import { key } from "../tensor/random.ts";
import { trace } from "../transforms/trace.ts";
import { named, nodeNames } from "./source-names.ts";
import { scan, targetOf } from "./source-scan.ts";

/** Names of the nodes of `f` in order of computation, each with its operation. */
function namesIn(f: (...args: Tensor[]) => unknown, ...args: Tensor[]): string[] {
  return said(nodeNames(() => void trace("explain", f, args)));
}

const said = (names: Map<Node, string>) =>
  [...names]
    .sort(([a], [b]) => a.id - b.id)
    .map(([node, name]) => `${name}: ${node.op.name === "call" ? node.attributes.name : node.op.name}`);

const W = tensor([
  [1, 2],
  [3, 4],
]);
const x = tensor([1, 2]);

describe("names from the user's code", () => {
  it("are those of the values that statements compute", () => {
    const layer = (w: Tensor, v: Tensor) => {
      const z1 = w.matmul(v).add(1);
      let h = v;
      h = z1.tanh().mul(2);
      const a = h.exp(),
        b: Tensor = h.neg();
      return a.add(b).sum();
    };
    expect(namesIn(layer, W, x)).toEqual(["z1: add", "h: mul", "a: exp", "b: neg"]);
  });

  it("are numbered where a statement is reached again", () => {
    const dense = (v: Tensor) => {
      const z = W.matmul(v);
      return z.sigmoid();
    };
    const deep = (v: Tensor) => {
      const first = dense(v);
      const second = dense(first);
      let s = second;
      for (let i = 0; i < 3; i++) s = s.square();
      return s;
    };
    // What s is in the end has the name of its statement alone.
    expect(namesIn(deep, x)).toEqual([
      "z1: reshape",
      "first: logistic",
      "z2: reshape",
      "second: logistic",
      "s1: square",
      "s2: square",
      "s3: square",
    ]);
  });

  it("come from patterns, objects and named()", () => {
    const f = (v: Tensor) => {
      const [p, q] = [v.exp(), v.neg()];
      const result = named(p.mul(q), "product");
      return { total: result.sum(), rest: q };
    };
    expect(namesIn(f, x)).toEqual(["p: exp", "q: neg", "product: mul", "total: sum"]);
  });

  it("do not come from functions inside a value, nor from lists", () => {
    const f = (v: Tensor) => {
      const parts = [v.exp(), v.neg()];
      const twice = parts.map((part) => part.mul(2));
      return twice[0].add(twice[1]);
    };
    expect(namesIn(f, x)).toEqual([]);
  });

  it("come out of a TypeScript module that the command line loads", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gradus names "));
    try {
      const lines = [
        'import { tensor, type Tensor } from "gradus";',
        "interface Parameters { readonly W1: Tensor; readonly b1: Tensor }",
        "export const f = ({ W1, b1 }: Parameters, x: Tensor): Tensor => {",
        "  const z1: Tensor = W1.matmul(x)",
        "    .add(b1);",
        "  const h = z1.sigmoid();",
        "  return h.sum();",
        "};",
      ];
      writeFileSync(join(folder, "model.ts"), lines.join("\n"));
      const { f } = await loadModule(join(folder, "model.ts"), async () => ({ gradus }));
      const names = nodeNames(() => void trace("explain", f as (...args: unknown[]) => unknown, [{ W1: W, b1: x }, x]));
      expect(said(names)).toEqual(["z1: add", "h: logistic"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("leave the library's own names out", () => {
    const model = gradus.nn.sequential(gradus.nn.linear(2, 3), gradus.nn.relu());
    const { parameters } = model.init(key(0));
    const f = (v: Tensor) => {
      const h = model.apply(parameters, v);
      return h.sum();
    };
    expect(namesIn(f, x)).toEqual(["h: relu"]);
  });

  it("named() gives the tensor back and refuses what is no name", () => {
    expect(named(x, "z1")).toBe(x);
    expect(() => named(x, "z 1")).toThrow('got "z 1"');
  });
});

describe("a source", () => {
  const nameAt = (source: string, call = "HERE") => {
    const words = scan(source);
    return targetOf(
      words,
      words.findIndex(({ text }) => text === call),
    )?.names;
  };

  it.each([
    ["const z = a.b(HERE(x));", ["z"]],
    ["const z = a\n  .b()\n  .HERE()", ["z"]],
    ["const y = 1\nHERE(x)", undefined],
    ["const y = 1; HERE(x)", undefined],
    ["let a = 1, z: Tensor<[2]> = HERE(x)", ["z"]],
    ["z = HERE(x)", ["z"]],
    ["this.z = HERE(x)", ["z"]],
    ["const [q, , r] = HERE(x)", ["q", "", "r"]],
    ["const f = (x) => HERE(x)", undefined],
    ["const z = map(x, (v) => HERE(v))", undefined],
    ["return { z: HERE(x), h }", ["z"]],
    ["const z = f({ scale: HERE(x) })", ["z"]],
    ["const z = /* , */ `\u0024{a}, ;` + HERE(x) // ; const y = 2", ["z"]],
    ["const z = a / b / HERE(x)", ["z"]],
    ["if (a) {\n  const z = HERE(x)\n}", ["z"]],
    ["const r = /[/;]/.test(s)\nconst z = HERE(x)", ["z"]],
    ["export const z = HERE(x)", ["z"]],
    ["z += HERE(x)", undefined],
    ["z[0] = HERE(x)", undefined],
  ])("%s", (source, expected) => {
    expect(nameAt(source)).toEqual(expected);
  });
});
