import { expect, test } from "vitest";
import { difference, examplesOf } from "../../scripts/docs.ts";

const markdown = `# Title

\`\`\`ts
const a = 1;
console.log(a);
\`\`\`

\`\`\`text
1
\`\`\`

Text between.

\`\`\`ts continued
console.log(a + 1);
\`\`\`

\`\`\`sh
npm ci
\`\`\`

- in a list

  \`\`\`ts no-run
  await fetch("x");
  \`\`\`
`;

test("blocks are found with their line, their output and what they continue", () => {
  const base = { file: "a.md", run: true, expected: undefined, preface: 0 };
  expect(examplesOf("a.md", markdown)).toEqual([
    { ...base, line: 4, code: "const a = 1;\nconsole.log(a);", expected: "1" },
    { ...base, line: 15, code: "const a = 1;\nconsole.log(a);\nconsole.log(a + 1);", preface: 2 },
    { ...base, line: 25, code: 'await fetch("x");', run: false },
  ]);
});

test("a block that continues another shows only what it prints itself", () => {
  const blocks = examplesOf("a.md", "```ts\n1\n```\n\n```text\n1\n```\n\n```ts continued\n2\n```\n\n```text\n2\n```\n");
  expect(blocks.map(({ expected }) => expected)).toEqual(["1", "1\n2"]);
  const [, unsaid] = examplesOf("a.md", "```ts\n1\n```\n\n```ts continued\n2\n```\n\n```text\n2\n```\n");
  expect(unsaid.expected).toBe("…\n2");
});

test("a block that is not closed, or continues nothing, is an error with its place", () => {
  expect(() => examplesOf("a.md", "\n```ts\nlet a;\n")).toThrow("a.md:2: this block is not closed");
  expect(() => examplesOf("a.md", "```ts continued\n```\n")).toThrow("a.md:1: there is no block to continue");
});

test("output is compared but for blanks at line ends, and … stands for anything", () => {
  expect(difference("a\nb", "a  \nb\n\n")).toBeUndefined();
  expect(difference("loss 0.…\ndone", "loss 0.123\nmore\ndone\n")).toBeUndefined();
  expect(difference("a.c", "abc")).toContain("where the text says");
  expect(difference("a", "a\nb")).toBe("printed\n    a\n    b\n  where the text says\n    a");
});
