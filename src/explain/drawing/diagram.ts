// What is drawn, as data: boxes, groups of boxes (modules, compositions, loops), and edges that carry values. Formats only write it.

/** A thing with a shape of its own in the picture. */
export interface Box {
  readonly id: string;
  readonly kind: "input" | "parameter" | "constant" | "operation" | "carried" | "output";
  readonly label: string;
  /** Under the label, smaller: attributes, numbers that are operands. */
  readonly detail: string;
  /** The innermost group it is in; "" for none. */
  readonly group: string;
  /** Whether it belongs to the backward pass. */
  readonly backward: boolean;
  /** What it makes, as "[64, 10]". */
  readonly type: string;
  /** Multiply-adds of one evaluation of the whole, loops counted. */
  readonly multiplyAdds: number;
  /** What is to know about it: shown when pointed at. */
  readonly tip: readonly string[];
}

/** Boxes and groups that can be drawn as one box. */
export interface Group {
  readonly id: string;
  /** "run": equal parts one after the other; "piece": a stretch of a long computation; "pass": the backward pass. */
  readonly kind: "module" | "composition" | "loop" | "choice" | "branch" | "run" | "piece" | "pass";
  readonly label: string;
  readonly detail: string;
  readonly parent: string;
  readonly backward: boolean;
  readonly multiplyAdds: number;
  /** Of a run: its parts, and for every box of a later part the box of the first that it is like. */
  readonly parts?: readonly string[];
  readonly twins?: Readonly<Record<string, string>>;
}

/** From the box that makes a value to one that uses it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Index in `values`. */
  readonly value: number;
  /** "again": what a loop carries to its next round; "kept": what the backward pass reads of the forward pass. */
  readonly kind: "data" | "again" | "kept";
}

export interface Value {
  /** Written beside its edges. */
  readonly lines: readonly string[];
  readonly tip: readonly string[];
}

export interface Diagram {
  readonly title: string;
  /** In the order of computation. */
  readonly boxes: readonly Box[];
  /** Outer ones before those in them. */
  readonly groups: readonly Group[];
  readonly edges: readonly Edge[];
  readonly values: readonly Value[];
}

/** How a group is drawn: as one box, with what is in it, or, of a run, with its first part standing for all. */
export type GroupState = "closed" | "open" | "example";
export type States = Readonly<Record<string, GroupState>>;
