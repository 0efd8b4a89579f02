import { chmod, mkdir, mkdtemp, readdir, readFile as readWhole, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exists, openJsonLines, readFile, readJsonLines, readText, writeFileAtomic } from "./files.ts";

/** While full, a written file keeps half of its contents and the write fails, as on a disk that fills up. */
const disk = vi.hoisted(() => ({ full: false }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs/promises")>();
  const open: typeof original.open = async (...args) => {
    const file = await original.open(...args);
    const write = file.writeFile.bind(file);
    file.writeFile = async (data) => {
      if (!disk.full) return write(data);
      await write(String(data).slice(0, 1));
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
    return file;
  };
  return { ...original, open };
});

let folder = "";
beforeEach(async () => {
  disk.full = false;
  folder = await mkdtemp(join(tmpdir(), "gradus-files-"));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});
const root = process.getuid?.() === 0;

describe("writeFileAtomic", () => {
  it("writes bytes or text, replaces what was there, and leaves nothing else", async () => {
    const path = join(folder, "a.bin");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect(await readFile(path)).toEqual(Uint8Array.of(1, 2, 3));
    await writeFileAtomic(path, "grüß");
    expect(await readText(path)).toBe("grüß");
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  it("keeps the old file or the new one when many write at once", async () => {
    const path = join(folder, "race");
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(5000));
    await Promise.all(contents.map((c) => writeFileAtomic(path, c)));
    expect(contents).toContain(await readText(path));
    expect(await readdir(folder)).toEqual(["race"]);
  });

  it("says why it cannot write, and removes what it began", async () => {
    await expect(writeFileAtomic(join(folder, "no", "a"), "x")).rejects.toThrow("no such file or folder");
    await mkdir(join(folder, "taken"));
    await expect(writeFileAtomic(join(folder, "taken"), "x")).rejects.toMatchObject({ name: "GradusError", code: "run" });
    expect(await readdir(folder)).toEqual(["taken"]);
    await writeFile(join(folder, "file"), "");
    await expect(writeFileAtomic(join(folder, "file", "a"), "x")).rejects.toThrow("a part of the path is a file");
  });

  it.skipIf(root)("says that permission is denied", async () => {
    await chmod(folder, 0o500);
    await expect(writeFileAtomic(join(folder, "a"), "x")).rejects.toThrow(/cannot write .*permission denied.*\(EACCES\)/);
  });

  it("says that the disk is full, keeps the old file and removes the part it wrote", async () => {
    const path = join(folder, "a");
    await writeFileAtomic(path, "old");
    disk.full = true;
    await expect(writeFileAtomic(path, "new")).rejects.toThrow(/cannot write .*the disk is full.*unchanged.*\(ENOSPC\)/);
    expect(await readText(path)).toBe("old");
    expect(await readdir(folder)).toEqual(["a"]);
  });
});

describe("reading", () => {
  it("says what is wrong with a path", async () => {
    await expect(readFile(join(folder, "absent"))).rejects.toThrow(/cannot read .*absent: no such file/);
    await expect(readFile(folder)).rejects.toThrow("it is a folder");
    await writeFile(join(folder, "latin1"), Uint8Array.of(0x67, 0xfc));
    await expect(readText(join(folder, "latin1"))).rejects.toThrow("is not UTF-8");
    expect(await exists(folder)).toBe(true);
    expect(await exists(join(folder, "absent"))).toBe(false);
  });
});

describe("openJsonLines", () => {
  const path = () => join(folder, "log.jsonl");

  it("appends lines and finds them again", async () => {
    const log = await openJsonLines(path());
    expect(log.records).toEqual([]);
    await log.append({ step: 1, text: "a\nb" });
    await log.append({ step: 2 });
    await log.close();
    const again = await openJsonLines(path());
    expect(again.records).toEqual([{ step: 1, text: "a\nb" }, { step: 2 }]);
    await again.append({ step: 3 });
    await again.close();
    expect(await readText(path())).toBe('{"step":1,"text":"a\\nb"}\n{"step":2}\n{"step":3}\n');
  });

  it("cuts off a last line torn at any byte", async () => {
    const whole = '{"step":1}\n{"step":2,"ü":"é"}\n';
    const bytes = new TextEncoder().encode(whole);
    for (let length = 0; length <= bytes.length; length++) {
      await writeFile(path(), bytes.subarray(0, length));
      expect(await readJsonLines(path())).toHaveLength(length === bytes.length ? 2 : length >= 11 ? 1 : 0);
      const log = await openJsonLines(path());
      await log.append({ next: true });
      await log.close();
      const expected = length === bytes.length ? whole : length >= 11 ? '{"step":1}\n' : "";
      expect(await readText(path())).toBe(`${expected}{"next":true}\n`);
    }
  });

  it("cuts off a last line that never reached the disk, but refuses damage in the middle", async () => {
    await writeFile(path(), '{"step":1}\n\0\0\0\0\n');
    const log = await openJsonLines(path());
    expect(log.records).toEqual([{ step: 1 }]);
    await log.close();
    expect((await readWhole(path())).length).toBe(11);
    await writeFile(path(), '{"step":1}\noops\n{"step":3}\n');
    await expect(openJsonLines(path())).rejects.toThrow(/log\.jsonl, line 2: not JSON/);
    expect((await readWhole(path())).length).toBe(27);
  });

  it("refuses what is not a regular file", async () => {
    await expect(openJsonLines("/dev/null")).rejects.toThrow("not a regular file");
  });

  it("forgets what comes after the records to keep", async () => {
    await writeFile(path(), '{"step":1}\n{"step":2}\n{"step":3}\n');
    const log = await openJsonLines(path(), { keep: (r) => (r as { step: number }).step <= 1 });
    expect(log.records).toEqual([{ step: 1 }]);
    await log.append({ step: 2, again: true });
    await log.close();
    expect(await readText(path())).toBe('{"step":1}\n{"step":2,"again":true}\n');
  });
});
