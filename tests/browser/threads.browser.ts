// Programs in several threads in an isolated page: workers take part, and change no bit.

import { lastThreads } from "../../src/engines/wasm/team.ts";
import { compile, random, type Tensor } from "../../src/index.ts";
import { checks } from "./checks.ts";

export async function run() {
  const { check, result } = checks();
  const x = random.normal(random.key(0), [300, 300]);
  const f = (a: Tensor) => a.matmul(a).tanh().add(a.sum(0));
  const expected = compile(f, { engine: "wasm", threads: 1 })(x).data();
  const program = compile(f, { engine: "wasm", threads: 3 });
  let y = program(x);
  for (let i = 0; i < 500 && lastThreads < 3; i++) {
    await new Promise((done) => setTimeout(done, 10));
    y = program(x);
  }
  check("three threads take part", lastThreads === 3);
  check(
    "the results have the same bits",
    y.data().every((v, i) => Object.is(v, expected[i])),
  );
  for (let i = 0; i < 100; i++) y = program(x);
  check(
    "and have them a hundred steps later",
    y.data().every((v, i) => Object.is(v, expected[i])),
  );
  return result();
}
