import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheFolder, cacheLocation, keeping, libraryName, lookUp, publish, temporaryFolder } from "./cache.ts";

const isRoot = process.getuid?.() === 0;
let place: string;
let before: string | undefined;

beforeEach(() => {
  before = process.env.GRADUS_CACHE;
  place = mkdtempSync(join(tmpdir(), "gradus-cache-test-"));
  process.env.GRADUS_CACHE = join(place, "cache");
});

afterEach(() => {
  if (before === undefined) delete process.env.GRADUS_CACHE;
  else process.env.GRADUS_CACHE = before;
  rmSync(place, { recursive: true, force: true });
});

function newEntry(contents: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, libraryName), contents);
  return folder;
}

describe("the cache of compiled programs", () => {
  it("is made for the user alone", () => {
    expect(statSync(cacheFolder()).mode & 0o777).toBe(0o700);
    const { library } = publish("a", newEntry("code"));
    expect(statSync(library).mode & 0o077).toBe(0);
    expect(statSync(join(library, "..", "manifest.json")).mode & 0o077).toBe(0);
  });

  it.runIf(process.platform === "linux")("follows XDG_CACHE_HOME, unless that is relative", () => {
    delete process.env.GRADUS_CACHE;
    const { XDG_CACHE_HOME } = process.env;
    try {
      process.env.XDG_CACHE_HOME = join(place, "xdg");
      expect(cacheLocation()).toBe(join(place, "xdg/gradus"));
      process.env.XDG_CACHE_HOME = "relative";
      expect(cacheLocation()).toBe(join(homedir(), ".cache/gradus"));
    } finally {
      if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
    }
  });

  it("finds what was published, and nothing else", () => {
    publish("a", newEntry("code of a"));
    expect(lookUp("a")?.library).toBe(join(cacheFolder(), "a", libraryName));
    expect(lookUp("b")).toBeUndefined();
  });

  it.each([
    ["whose bytes have changed", (entry: string) => writeFileSync(join(entry, libraryName), "evil")],
    ["that is cut off", (entry: string) => writeFileSync(join(entry, libraryName), "co")],
    ["without a library", (entry: string) => rmSync(join(entry, libraryName))],
    ["without a manifest", (entry: string) => rmSync(join(entry, "manifest.json"))],
    ["with half a manifest", (entry: string) => writeFileSync(join(entry, "manifest.json"), '{"bytes":')],
  ])("throws away an entry %s", (_, damage) => {
    publish("a", newEntry("code"));
    damage(join(cacheFolder(), "a"));
    expect(lookUp("a")).toBeUndefined();
    expect(existsSync(join(cacheFolder(), "a"))).toBe(false);
    publish("a", newEntry("code"));
    expect(lookUp("a")).toBeDefined();
  });

  it("keeps the entry of whoever published first", () => {
    const first = newEntry("code");
    const second = newEntry("code");
    const a = publish("a", first);
    expect(publish("a", second)).toEqual(a);
    expect(readdirSync(cacheFolder())).toEqual(["a"]);
  });

  it("publishes over a damaged entry", () => {
    publish("a", newEntry("code"));
    writeFileSync(join(cacheFolder(), "a", libraryName), "evil");
    publish("a", newEntry("code"));
    expect(lookUp("a")).toBeDefined();
  });

  it("forgets entries unused for 90 days, and what killed compilations left", () => {
    publish("old", newEntry("code"));
    publish("recent", newEntry("code"));
    const killed = newEntry("half");
    const running = newEntry("half");
    const daysAgo = (days: number) => Date.now() / 1000 - days * 86_400;
    utimesSync(join(cacheFolder(), "old"), daysAgo(91), daysAgo(91));
    utimesSync(join(cacheFolder(), "recent"), daysAgo(89), daysAgo(89));
    utimesSync(killed, daysAgo(1), daysAgo(1));
    publish("new", newEntry("code"));
    expect(
      readdirSync(cacheFolder())
        .filter((name) => !name.startsWith("new-"))
        .sort(),
    ).toEqual(["new", "recent"]);
    expect(existsSync(killed)).toBe(false);
    expect(existsSync(running)).toBe(true);
  });

  it("remembers that an entry was used", () => {
    publish("old", newEntry("code"));
    const then = Date.now() / 1000 - 80 * 86_400;
    utimesSync(join(cacheFolder(), "old"), then, then);
    lookUp("old");
    expect(Date.now() - statSync(join(cacheFolder(), "old")).mtimeMs).toBeLessThan(60_000);
  });

  it.skipIf(process.platform === "win32")("refuses a folder that others may write to, and says what to do", () => {
    mkdirSync(join(place, "cache"));
    chmodSync(join(place, "cache"), 0o770);
    expect(() => cacheFolder()).toThrow(/others may write to it \(mode 770\)\. Run: chmod 700/);
    chmodSync(join(place, "cache"), 0o755);
    expect(cacheFolder()).toBe(join(place, "cache"));
  });

  it.skipIf(process.platform === "win32")("refuses a folder below one that anyone may write to", () => {
    mkdirSync(join(place, "open/cache"), { recursive: true, mode: 0o700 });
    chmodSync(join(place, "open"), 0o777);
    process.env.GRADUS_CACHE = join(place, "open/cache");
    expect(() => cacheFolder()).toThrow(/anyone may write to the folder .*open above it/);
    // A link does not hide it.
    symlinkSync(join(place, "open/cache"), join(place, "link"));
    process.env.GRADUS_CACHE = join(place, "link");
    expect(() => cacheFolder()).toThrow(/anyone may write to the folder/);
  });

  it.skipIf(process.platform === "win32" || isRoot)("refuses a folder of another user's", () => {
    process.env.GRADUS_CACHE = "/";
    expect(() => cacheFolder()).toThrow(/native: compiled programs/);
  });

  it.skipIf(!isRoot)("refuses a folder of another user's, whoever asks", async () => {
    const { chownSync } = await import("node:fs");
    mkdirSync(join(place, "cache"), { mode: 0o700 });
    chownSync(join(place, "cache"), 12345, 12345);
    expect(() => cacheFolder()).toThrow(/it belongs to another user \(number 12345; you are 0\)/);
  });

  it.runIf(process.platform === "linux")("says so where the system makes no folders", () => {
    process.env.GRADUS_CACHE = "/proc/gradus/cache";
    expect(() => cacheFolder()).toThrow(/cannot be kept in \/proc\/gradus\/cache: .*GRADUS_CACHE.*engine: "wasm"/s);
  });

  it("says so where the disk is full, and passes other errors on", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write", code: "ENOSPC" });
    const toss = (error: Error) => () => {
      throw error;
    };
    expect(() => keeping(toss(full))).toThrow(/native: compiled programs cannot be kept in .*: ENOSPC.*GRADUS_CACHE/s);
    expect(() => keeping(toss(new RangeError("another")))).toThrow(RangeError);
    expect(keeping(() => 7)).toBe(7);
  });

  it("says why where the folder cannot be made", () => {
    writeFileSync(join(place, "file"), "");
    process.env.GRADUS_CACHE = join(place, "file/cache");
    expect(() => cacheFolder()).toThrow(/cannot be kept in .*file\/cache: ENOTDIR.*GRADUS_CACHE.*engine: "wasm"/s);
  });
});
