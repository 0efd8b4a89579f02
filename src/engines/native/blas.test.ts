// Products by a BLAS that is asked for: the reference's results, the same bits for any number of threads. A BLAS by definition, compiled
// here, stands in for an installed one, so that nothing has to be installed; it counts its calls.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parameter } from "../../graph/structural.ts";
import { add } from "../../ops/arithmetic.ts";
import { tanh } from "../../ops/hyperbolic.ts";
import { matmul } from "../../ops/matmul.ts";
import { reshape, transpose } from "../../ops/shape.ts";
import { interpreter } from "../interpreter/index.ts";
import { randomInputs } from "../lowering/random-program.ts";
import { blasFor, productsBy } from "./blas.ts";
import { findCompiler } from "./cc.ts";
import { nativeEngine, nativeMissing } from "./index.ts";
import { loadKoffi } from "./library.ts";

const place = mkdtempSync(join(tmpdir(), "gradus-blas-test-"));
const path = join(place, "libblas-by-definition.so");

const gemm = (name: string, real: string) => `
void ${name}(int order, int ta, int tb, int m, int n, int k, ${real} alpha, const ${real} *a, int lda, const ${real} *b, int ldb,
             ${real} beta, ${real} *c, int ldc) {
  __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) {
      ${real} s = 0;
      for (long q = 0; q < k; q++) s += (ta == 111 ? a[i * lda + q] : a[q * lda + i]) * (tb == 111 ? b[q * ldb + j] : b[j * ldb + q]);
      c[i * ldc + j] = alpha * s + (beta == 0 ? 0 : beta * c[i * ldc + j]);
    }
}`;

const { GRADUS_BLAS } = process.env;

beforeAll(() => {
  if (nativeMissing() !== undefined) return;
  const source = join(place, "blas.c");
  const text = [
    "static int calls;",
    "int blas_calls(void) { return calls; }",
    gemm("cblas_sgemm", "float"),
    gemm("cblas_dgemm", "double"),
  ];
  writeFileSync(source, text.join("\n"));
  const [program, ...always] = findCompiler().command;
  execFileSync(program, [...always, "-O2", "-shared", "-fPIC", "-o", path, source]);
  process.env.GRADUS_BLAS = path;
});

afterAll(() => {
  if (GRADUS_BLAS === undefined) delete process.env.GRADUS_BLAS;
  else process.env.GRADUS_BLAS = GRADUS_BLAS;
  rmSync(place, { recursive: true, force: true });
});

describe.skipIf(nativeMissing() !== undefined)("products by a BLAS", () => {
  it.each([
    ["float32", 1e-5],
    ["float64", 1e-13],
  ] as const)("in %s are those of the interpreter, the same bits in 1, 2 and 3 threads", (dtype, tolerance) => {
    const p = (shape: readonly number[], name: string) => parameter({ shape, dtype }, name);
    const [x, w, b, s, t, v] = [
      p([300, 90], "x"),
      p([90, 70], "w"),
      p([70], "b"),
      p([3, 150, 160], "s"),
      p([3, 160, 150], "t"),
      p([90, 1], "v"),
    ];
    const hidden = tanh(add(matmul(x, w), b));
    // Plain and turned operands, with an epilogue and without, stacks of products, and what a BLAS is not asked for: a vector.
    const outputs = [hidden, matmul(transpose(x), hidden), matmul(hidden, transpose(w)), matmul(s, t), matmul(x, v)];
    outputs.push(reshape(matmul(transpose(s, [0, 2, 1]), s), [3, 25600]));
    const graph = { parameters: [x, w, b, s, t, v], outputs };
    const inputs = randomInputs(graph, 5);
    const calls = loadKoffi().load(path).func("blas_calls", "int", []) as () => number;
    const before = calls();
    const got = nativeEngine.compile(graph, { threads: 1 }).run(inputs);
    // Panels of 128 rows: 3 + 1 + 3, and two stacks of 3 · 2.
    expect(calls() - before).toBe(19);
    interpreter
      .compile(graph)
      .run(inputs)
      .forEach((expected, k) => {
        const [values, results] = [[...expected], [...got[k]]];
        const scale = Math.max(1, ...values.map(Math.abs));
        expect(Math.max(...values.map((e, i) => Math.abs(results[i] - e)))).toBeLessThanOrEqual(tolerance * scale);
      });
    for (const threads of [2, 3]) {
      const several = nativeEngine.compile(graph, { threads }).run(inputs);
      expect(several.map((result, k) => result.findIndex((x, i) => !Object.is(x, got[k][i])))).toEqual(outputs.map(() => -1));
    }
    expect(productsBy()).toContain(`${dtype}: ${path}`);
  });

  it("are refused for a path that is none, and left to our kernels where auto finds none", () => {
    const products = {
      bits: "32",
      own: 0n,
      table: 0n,
      load: () => {
        throw new Error("no such file");
      },
      compile: () => {
        throw new Error("not asked for");
      },
    } as const;
    const asked = process.env.GRADUS_BLAS;
    try {
      process.env.GRADUS_BLAS = "/nowhere/libblas.so";
      expect(() => blasFor(products)).toThrow(/GRADUS_BLAS=\/nowhere\/libblas.so is no library with cblas_sgemm/);
      process.env.GRADUS_BLAS = "auto";
      expect(blasFor(products)).toBeUndefined();
      expect(productsBy()).toContain("float32: own kernels (no BLAS was found)");
      process.env.GRADUS_BLAS = "off";
      expect(blasFor(products)).toBeUndefined();
    } finally {
      process.env.GRADUS_BLAS = asked;
    }
  });
});

it.skipIf(nativeMissing() === undefined)("says what is missing where C cannot be compiled", () => {
  expect(nativeMissing()).toMatch(/native: /);
});
