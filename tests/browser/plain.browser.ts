// A page that is not isolated from other origins, which cannot share memory: programs run in one thread.

import { compile, random, type Tensor, threads } from "../../src/index.ts";
import { checks } from "./checks.ts";

export function run() {
  const { check, result } = checks();
  const x = random.normal(random.key(0), [300, 300]);
  const program = compile((a: Tensor) => a.matmul(a).tanh(), { engine: "wasm", threads: 4 });
  const y = program(x).data();
  for (let i = 0; i < 3; i++) program(x);
  check("the page is not isolated", !globalThis.crossOriginIsolated);
  check("a program that may have several threads runs", y.length === 90_000 && y.every((v) => Math.abs(v) <= 1));
  check("the number of threads is known", threads() >= 1);
  return result();
}
