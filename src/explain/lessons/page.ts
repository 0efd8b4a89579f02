// What a lesson is: a page of blocks, and the numbers it was held to. It is data; text.ts and html.ts write it.

import type { Explanation } from "../explanation.ts";

/** A table as it is read, numbers already written out. */
export interface LessonTable {
  readonly kind: "table";
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Prose has mathematics between dollar signs, written as one types it: "the slope $R′(x₀)$ is 8". */
export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | {
      readonly kind: "prose";
      readonly text: string /** What the author typed, without the figures inserted. */;
      readonly typed: string;
    }
  /** A definition or a theorem, in symbols. */
  | { readonly kind: "formula"; readonly text: string }
  /** A calculation, whose equal parts must be equal: "x₁ = x₀ − α·R′(x₀) = 4 − 0.25·8 = 2". */
  | {
      readonly kind: "numbers";
      readonly text: string /** Numbers in it that were cut when printed. */;
      readonly rounded: readonly string[];
    }
  | LessonTable
  /** An SVG or HTML figure that needs nothing else. */
  | { readonly kind: "picture"; readonly title: string; readonly html: string }
  /** A piece of program. */
  | { readonly kind: "code"; readonly text: string }
  /** What a function of Gradus printed, and how it looks on a page. */
  | { readonly kind: "output"; readonly text: string; readonly html?: string }
  /** A worked example of `explain`, as it prints it. */
  | { readonly kind: "explanation"; readonly text: string; readonly explanation: Explanation }
  /** What the source has wrong. */
  | { readonly kind: "erratum"; readonly text: string; readonly typed: string };

export type Checked = number | boolean | string;
/** One, or lists of them of any depth. */
export type CheckedList = Checked | readonly CheckedList[];

/** A number (or a fact) that the literature gives, beside the one computed. */
export interface Check {
  readonly name: string;
  readonly expected: Checked;
  readonly got: Checked;
  readonly ok: boolean;
  /** Digits after the point that are compared. */
  readonly digits: number;
}

/** What the lesson starts from: data, step sizes, weights. */
export interface Given {
  readonly name: string;
  readonly value: CheckedList;
}

export interface About {
  readonly number: number;
  readonly title: string;
  /** What one can do after it, as the end of "You will learn …". */
  readonly learn: string;
  /** Where the example comes from. */
  readonly source: string;
  /** Rows of the table of concepts that the lesson covers, word for word or their beginnings. */
  readonly concepts?: readonly string[];
}

export interface LessonPage {
  readonly about: About;
  readonly blocks: readonly Block[];
  readonly checks: readonly Check[];
  readonly givens: readonly Given[];
}

export interface Lesson {
  readonly about: About;
  /** Works the lesson out. The same page every time. `onCheck` hears of each check at once; when it throws, the lesson stops there. */
  readonly run: (onCheck?: (check: Check) => void) => Promise<LessonPage>;
}
