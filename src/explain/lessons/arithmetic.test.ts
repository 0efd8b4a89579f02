import { expect, test } from "vitest";
import { faultsOf, type Known, pageFaults } from "./arithmetic.ts";
import { lesson } from "./lesson.ts";

const faults = (line: string, rounded: readonly string[] = [], known?: Known) => faultsOf(line, new Set(rounded), known);

test.each([
  "x₁ = x₀ − α·R′(x₀) = 4 − 0.25·8 = 2",
  "½·1 + ½·2 = 1.5",
  "√2·√(2) = 2",
  "3² + 2·10⁻¹ = 9.2",
  "½·(0, 1) + ½·(1, 0) = ½·(0, 0) + ½·(1, 1) = (0.5, 0.5)",
  "(1, 2)·(3, 4) = 11",
  "max(0, −1 + 2) = σ(0) + ½",
  "2 + 2 ≤ 5",
  "−2² = −4",
])("%s holds", (line) => {
  expect(faults(line)).toEqual([]);
});

test.each([
  ["4 − 0.25·8 = 2.1", /4 − 0.25·8 = 2.1 is wrong/],
  ["2 + 2 = 4 = 5", /4 = 5 is wrong/],
  ["2 + 2 ≤ 3", /wrong/],
  ["(1, 2) + (1, 1) = (2, 4)", /wrong/],
  ["x = y = 3", /nothing in it to compare/],
  ["2 + = 3", /cannot be read/],
])("%s does not", (line, message) => {
  expect(faults(line).join("\n")).toMatch(message);
});

test("a number that was cut may stand for all that it was cut from, another may not", () => {
  expect(faults("0.3333·3 ≈ 1", ["0.3333"])).toEqual([]);
  expect(faults("0.3333·3 ≈ 1")).toHaveLength(1);
  expect(faults("0.3333·3 ≈ 1.001", ["0.3333"])).toHaveLength(1);
  expect(faults("0.3333·3 = 1", ["0.3333"]).join()).toMatch(/"=" before 1 should be "≈"/);
});

test("a part in symbols is held to the values of its names", () => {
  const known: Known = new Map();
  expect(faults("w̄ = 1 + 1 = 2", [], known)).toEqual([]);
  expect(faults("b₁ = w̄·3 = 2·3 = 6", [], known)).toEqual([]);
  expect(faults("c = w̄ + b₁ = 2·6 = 12", [], known).join()).toMatch(/w̄ \+ b₁ = 2·6 is wrong/);
});

test("a lesson's figures carry what was cut, its negative numbers their brackets, and its givens their values", async () => {
  const page = await lesson({ number: 1, title: "", learn: "", source: "" }, ({ given, numbers }) => {
    const x = given("x", -0.25);
    numbers`y = x·x = ${x}·${x} = ${x * x}`;
    numbers`z = y/3 = ${x * x}/3 = ${(x * x) / 3}`;
    numbers`u = x − y = ${x} − ${x * x} = ${x + x * x}`;
  }).run();
  expect(page.blocks.map((block) => ("text" in block ? block.text : ""))).toEqual([
    "y = x·x = −0.25·(−0.25) = 0.0625",
    "z = y/3 = 0.0625/3 ≈ 0.0208",
    "u = x − y = −0.25 − 0.0625 = −0.1875",
  ]);
  expect(pageFaults(page)).toEqual(["u = x − y = −0.25 − 0.0625 = −0.1875: −0.25 − 0.0625 = −0.1875 is wrong"]);
});

test("a number is checked at the digits that are known of it", async () => {
  const { checks } = await lesson({ number: 1, title: "", learn: "", source: "" }, ({ check }) => {
    check("enough", 0.3333, 1 / 3, 4);
    check("not enough", 0.3333, 1 / 3, 5);
    check("entries", [[1, 2]], [[1, 3]]);
    check("fact", true, false);
  }).run();
  expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
    ["enough", true],
    ["not enough", false],
    ["entries[1, 1]", true],
    ["entries[1, 2]", false],
    ["fact", false],
  ]);
});
