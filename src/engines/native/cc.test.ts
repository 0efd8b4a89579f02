import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheFolder, libraryName } from "./cache.ts";
import { compileUnits, findCompiler, type Unit } from "./cc.ts";
import { writeCompiler } from "./cc-test-support.ts";

const { CC, PATH, GRADUS_CACHE } = process.env;
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "gradus-cc-test-"));
  process.env.GRADUS_CACHE = join(place, "cache");
});

afterEach(() => {
  for (const [name, value] of Object.entries({ CC, PATH, GRADUS_CACHE })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(place, { recursive: true, force: true });
});

/** A compiler that answers the questions asked of it, and compiles as told. */
function pretend(compile: string): void {
  const file = join(place, "pretend");
  writeCompiler(file, "pretend", "__AVX2__", compile);
  process.env.CC = file;
}

const unit: Unit = { name: "a test", files: { "a.h": "", "a.c": "int a;" }, flags: ["-O1"] };
const entries = () => readdirSync(cacheFolder()).filter((name) => !name.startsWith("note-"));

describe.skipIf(process.platform === "win32")("finding the compiler", () => {
  it("says what is missing and how to get it", () => {
    delete process.env.CC;
    process.env.PATH = "";
    expect(() => findCompiler()).toThrow(
      /no C compiler was found \(cc, gcc or clang on the PATH, or \$CC\)\. Install .*engine: "wasm"/,
    );
  });

  it("does not look in relative folders of the PATH", () => {
    delete process.env.CC;
    process.env.PATH = ".:relative:";
    expect(() => findCompiler()).toThrow(/no C compiler was found/);
  });

  it("takes $CC with what follows it, and says if it is not there", () => {
    pretend("exit 1");
    process.env.CC = `${process.env.CC} -extra`;
    expect(findCompiler()).toMatchObject({ command: [join(place, "pretend"), "-extra"], version: "pretend 1.0" });
    process.env.CC = "gradus-no-such-compiler";
    expect(() => findCompiler()).toThrow(/CC names the compiler gradus-no-such-compiler, which is not there/);
  });

  it("learns what the compiler defines, and notes it down", () => {
    pretend("exit 1");
    const found = findCompiler();
    expect(found.macros).toEqual({ __AVX2__: "1" });
    expect(found.flags).toEqual(["-march=native"]);
    expect(readdirSync(cacheFolder()).filter((name) => name.startsWith("note-"))).toHaveLength(1);
  });

  it("leaves the processor to $CC if that names one", () => {
    pretend("exit 1");
    process.env.CC = `${process.env.CC} -march=x86-64`;
    expect(findCompiler().flags).toEqual([]);
  });

  it("says why a compiler does not work", () => {
    pretend("exit 1");
    writeFileSync(join(place, "broken"), '#!/bin/sh\necho "fatal error: math.h: No such file" >&2\nexit 1\n', { mode: 0o755 });
    process.env.CC = join(place, "broken");
    expect(() => findCompiler()).toThrow(/broken does not work: fatal error: math\.h: No such file/);
    expect(readdirSync(cacheFolder())).toEqual([]);
  });

  it("does not take for a compiler what does nothing", () => {
    writeFileSync(join(place, "nothing"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    process.env.CC = join(place, "nothing");
    expect(() => findCompiler()).toThrow(/nothing does not work: it compiles nothing, and says that all went well/);
    expect(readdirSync(cacheFolder())).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("compiling", () => {
  it("compiles once what is the same, and again what is not", () => {
    pretend(`echo x >> ${join(place, "log")}; echo code > "$out"`);
    const count = () => readFileSync(join(place, "log"), "utf8").length / 2;
    const [first] = compileUnits([unit]);
    expect(compileUnits([unit])).toEqual([first]);
    expect(count()).toBe(1);
    const others: Unit[] = [
      { ...unit, flags: ["-O2"] },
      { ...unit, files: { ...unit.files, "a.c": "int b;" } },
      { ...unit, files: { ...unit.files, "a.h": "int b;" } },
    ];
    const keys = [first, ...compileUnits(others)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(4);
    expect(count()).toBe(4);
  });

  it("knows the compiler by what it says and what its file is", () => {
    pretend('echo code > "$out"');
    const [first] = compileUnits([unit]);
    pretend('echo other > "$out"; : different');
    writeFileSync(join(place, "pretend"), readFileSync(join(place, "pretend"), "utf8").replace("1.0", "1.1"));
    process.env.PATH = `${PATH}:`;
    const [second] = compileUnits([unit]);
    expect(second.key).not.toBe(first.key);
  });

  it("compiles files one by one and links them", () => {
    pretend('printf "%s\\n" "$*" > "$out"');
    const [{ library }] = compileUnits([{ ...unit, files: { "a.h": "", "a.c": "", "b.c": "" } }]);
    expect(readFileSync(library, "utf8")).toMatch(/-shared -o library\.bin a\.c\.o b\.c\.o/);
  });

  it("passes on what the compiler says, and leaves nothing in the cache", () => {
    pretend('echo "a.c:1:1: error: no" >&2; echo half > "$out"; exit 1');
    expect(() => compileUnits([unit])).toThrow(
      /pretend 1\.0\) could not compile a test: a\.c:1:1: error: no\nOr use engine: "wasm"/,
    );
    expect(entries()).toEqual([]);
  });

  it("says so where a compiler makes nothing and says that all went well", () => {
    pretend("exit 0");
    expect(() => compileUnits([unit])).toThrow(/could not compile a test: it gave no reason\nOr use engine: "wasm"/);
    expect(entries()).toEqual([]);
  });

  it("ends a compilation that takes too long, with all it has started", () => {
    const alive = join(place, "alive");
    pretend(`(sleep 3; echo still here > ${alive}) & sleep 60`);
    expect(() => compileUnits([unit], 0.3)).toThrow(/compiling a test with .* took more than 0\.3 s and was ended/);
    expect(entries()).toEqual([]);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3300);
    expect(existsSync(alive)).toBe(false);
  });

  it("compiles anew what has been damaged", () => {
    pretend('echo code > "$out"');
    const [{ library }] = compileUnits([unit]);
    writeFileSync(library, "evil");
    const [again] = compileUnits([unit]);
    expect(readFileSync(again.library, "utf8")).toBe("code\n");
    expect(again.library.endsWith(libraryName)).toBe(true);
  });
});
