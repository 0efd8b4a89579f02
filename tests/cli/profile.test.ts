// gradus train --profile, as its user runs it: where the time went, and the same numbers as without.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nativeMissing } from "../../src/engines/native/index.ts";
import type { RunProfile } from "../../src/train/profile.ts";
import { profileText } from "../../src/train/profile-text.ts";
import { progress } from "../../src/train/progress.ts";
import { bytesOf, digits, scratch, small, train } from "../train/support.ts";

const engines = ["wasm", ...(nativeMissing() === undefined ? ["native"] : [])];

test.each(engines)(
  "%s: a profiled run says where its time went, on the terminal and in files, and trains to the same bits",
  async (engine) => {
    const folder = await scratch();
    const options = { task: digits, epochs: 2, set: small, engine };
    const [out, plain] = [join(folder, "profiled"), join(folder, "plain")];
    const { end, events } = await train({ ...options, out, profile: true });
    await train({ ...options, out: plain });
    expect(end.status).toBe("done");
    expect(await bytesOf(out, "model.safetensors")).toEqual(await bytesOf(plain, "model.safetensors"));
    await expect(bytesOf(plain, "profile.json")).rejects.toThrow("ENOENT");

    const profile = JSON.parse(await readFile(join(out, "profile.json"), "utf8")) as RunProfile;
    expect(events.find(({ event }) => event === "profile")).toEqual({ event: "profile", ...profile });
    expect(profile.engine).toBe(engine);
    expect(profile.peaks?.flops).toBeGreaterThan(0);
    // 60 examples in batches of 16: three full ones and one of 12, in each of two epochs.
    const steps = profile.programs.filter(({ role }) => role === "training").map(({ executions }) => executions);
    expect(steps).toEqual([6, 2]);
    expect(profile.programs.filter(({ role }) => role === "evaluation").map(({ executions }) => executions)).toEqual([2]);
    for (const { executions, seconds, kernels } of profile.programs) {
      for (const { calls } of kernels) expect(calls).toBe(executions);
      expect(kernels.reduce((sum, k) => sum + k.seconds, 0)).toBeCloseTo(seconds, 12);
    }
    const inside = profile.programs.reduce((sum, { seconds }) => sum + seconds, 0);
    expect(inside).toBeLessThanOrEqual(profile.seconds);
    const forward = profile.programs[0].kernels.find(({ over }) => over === "16×784×8");
    expect(forward?.flops).toBeGreaterThanOrEqual(2 * 16 * 784 * 8);

    let shown = "";
    const follow = progress({ terminal: { write: (text) => (shown += text) }, live: false });
    for (const event of events) follow(event);
    expect(shown).toContain(profileText(profile));
    expect(shown).toMatch(/training step: 6 × .*\nkernel +over +calls +time/);
    expect(await readFile(join(out, "report.html"), "utf8")).toContain("Where the time went");
  },
);

test("rates and shares are those of the figures", () => {
  const kernel = { kernel: "matmul", over: "10×10×10", writes: [], calls: 10, seconds: 1e-3, flops: 2e6, bytes: 4e5 };
  const text = profileText({
    engine: "wasm",
    seconds: 1,
    peaks: { flops: 80e9, bytes: 16e9, by: "a machine" },
    programs: [{ role: "training", executions: 10, seconds: 4e-3, kernels: [kernel] }],
  });
  // 20 million operations and 4 MB in a millisecond: 20 GFLOP/s and 4 GB/s.
  expect(text).toMatch(/matmul +10×10×10 +10 +1\.0 ms +100 µs +25 % +20 +25 % +4\.0 +25 %/);
  expect(text).toContain("one core reaches 80 GFLOP/s in float32 (a machine) and 16.0 GB/s");
});

test("an engine whose kernels are not timed is refused before anything is written", async () => {
  const out = join(await scratch(), "run");
  const run = train({ task: digits, set: small, engine: "interpreter", profile: true, out });
  await expect(run).rejects.toThrow("those of interpreter cannot be timed. Leave --engine out.");
  await expect(bytesOf(out, "config.json")).rejects.toThrow("ENOENT");
});
