// A disk that is full, or cannot be written: training stops with an error that says so, what was there stays whole, and when there is
// room again --resume ends in the same bits. A small tmpfs stands for the disk, which takes the right to mount one.

import { execFileSync } from "node:child_process";
import { mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bytesOf, digits, metricsOf, scratch, small, train } from "./support.ts";

/** A disk of so many kilobytes, or undefined where mounting is not allowed. */
async function disk(kilobytes: number): Promise<string | undefined> {
  const path = join(await scratch(), "disk");
  await mkdir(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", path]);
  });
  return path;
}

/** Fills the disk until so many kilobytes are left. */
async function fill(path: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  await writeFile(join(path, "filler"), new Uint8Array(bavail * bsize - left * 1024));
}

const leftovers = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith(".tmp"));
const cannotMount = "this test mounts a tmpfs, which only root may do";

test("no room for a second checkpoint: the first stays, and resuming goes on from it", async ({ skip }) => {
  const path = await disk(1000);
  if (path === undefined) return skip(cannotMount);
  const whole = join(await scratch(), "whole");
  await train({ task: digits, out: whole, epochs: 2, set: small });
  const checkpoint = await bytesOf(whole, "checkpoint.safetensors");
  await fill(path, 1.5 * Math.ceil(checkpoint.length / 1024) + 8);
  const out = join(path, "run");
  const { end } = await train({ task: digits, out, epochs: 2, set: small });
  expect(end).toMatchObject({ status: "failed", run: out });
  expect(end.message).toMatch(
    /cannot write \S*checkpoint\.safetensors: the disk is full\. Free some space or choose another place/,
  );
  expect(
    end.message?.endsWith(` The last good checkpoint, of step 0, is kept. To go on from it: gradus train --resume ${out}`),
  ).toBe(true);
  expect(await leftovers(out)).toEqual([]);
  // Still no room, and still nothing is lost.
  expect((await train({ resume: out })).end.status).toBe("failed");
  await rm(join(path, "filler"));
  expect((await train({ resume: out })).end.status).toBe("done");
  expect(await bytesOf(out, "model.safetensors")).toEqual(await bytesOf(whole, "model.safetensors"));
  expect(await metricsOf(out)).toEqual(await metricsOf(whole));
});

test("no room for the report: the model is there, and resuming writes the rest", async ({ skip }) => {
  const path = await disk(1000);
  if (path === undefined) return skip(cannotMount);
  const whole = join(await scratch(), "whole");
  await train({ task: digits, out: whole, epochs: 1, set: small });
  const sizes = await Promise.all(["checkpoint.safetensors", "model.safetensors"].map((name) => bytesOf(whole, name)));
  await fill(path, 2 * Math.ceil(sizes[0].length / 1024) + 24);
  const out = join(path, "run");
  const { end } = await train({ task: digits, out, epochs: 1, set: small });
  expect(end.status).toBe("failed");
  expect(end.message).toMatch(/cannot write \S*report\.html: the disk is full/);
  expect(await bytesOf(out, "model.safetensors")).toEqual(sizes[1]);
  expect(await leftovers(out)).toEqual([]);
  await rm(join(path, "filler"));
  expect((await train({ resume: out })).end.status).toBe("done");
  expect((await readdir(out)).sort()).toEqual((await readdir(whole)).sort());
});

test("no room at all: no folder is left that would be in the way", async ({ skip }) => {
  const path = await disk(300);
  if (path === undefined) return skip(cannotMount);
  await fill(path, 0);
  const out = join(path, "run");
  await expect(train({ task: digits, out, epochs: 1, set: small })).rejects.toThrow(/config\.json: the disk is full/);
  expect(await readdir(path)).toEqual(["filler"]);
});

test("a disk that is read-only, and a path through a file", async ({ skip }) => {
  await expect(train({ task: digits, out: "/dev/null/run", set: small })).rejects.toThrow(
    "cannot use /dev/null/run: a part of the path is a file, where a folder was expected. (ENOTDIR)",
  );
  const path = await disk(300);
  if (path === undefined) return skip(cannotMount);
  execFileSync("mount", ["-o", "remount,ro", path]);
  await expect(train({ task: digits, out: join(path, "run"), set: small })).rejects.toThrow(
    /cannot make \S+: the file system is read-only/,
  );
});
