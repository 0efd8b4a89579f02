// C text as nested blocks. A block has a head, for declarations that later text of inner blocks turns out to need; an expression that an
// enclosing block has named is not computed again.

export interface Block {
  readonly opening: string;
  readonly head: string[];
  readonly lines: (string | Block)[];
  readonly names: Map<string, string>;
  readonly parent: Block | undefined;
}

function blockIn(parent: Block | undefined, opening: string): Block {
  return { opening, head: [], lines: [], names: new Map(), parent };
}

export interface Writer {
  /** The block that is being written. */
  readonly current: Block;
  /** A fresh name. */
  name(prefix: string): string;
  /** A constant of the current block holding a pure expression. */
  let(type: string, expression: string): string;
  /** The same in the head of an enclosing block, all of whose names the expression may use. */
  letIn(block: Block, type: string, expression: string): string;
  /** The same at the function's entry. */
  letFirst(type: string, expression: string): string;
  line(text: string): void;
  /** A block opened by `opening` ("for (…)", "if (…)", or nothing). */
  block(opening: string, body: () => void): void;
  text(): string;
}

function textOf(block: Block, indent: string, out: string[]): void {
  for (const line of block.head) out.push(indent + line);
  for (const line of block.lines) {
    if (typeof line === "string") out.push(indent + line);
    else {
      out.push(`${indent}${line.opening}${line.opening === "" ? "" : " "}{`);
      textOf(line, `${indent}  `, out);
      out.push(`${indent}}`);
    }
  }
}

/** Writes the body of a function. */
export function writer(): Writer {
  const root = blockIn(undefined, "");
  let current = root;
  let count = 0;
  const known = (from: Block, key: string): string | undefined => {
    for (let b: Block | undefined = from; b; b = b.parent) {
      const name = b.names.get(key);
      if (name !== undefined) return name;
    }
    return undefined;
  };
  const name = (prefix: string) => `${prefix}${count++}`;
  const declare = (block: Block, lines: (string | Block)[], type: string, expression: string): string => {
    const key = `${type} ${expression}`;
    const old = known(block, key);
    if (old !== undefined) return old;
    const made = name("t");
    block.names.set(key, made);
    lines.push(`const ${type} ${made} = ${expression};`);
    return made;
  };
  return {
    get current() {
      return current;
    },
    name,
    let: (type, expression) => declare(current, current.lines, type, expression),
    letIn: (block, type, expression) => declare(block, block.head, type, expression),
    letFirst: (type, expression) => declare(root, root.head, type, expression),
    line: (text) => {
      current.lines.push(text);
    },
    block: (opening, body) => {
      const inner = blockIn(current, opening);
      current.lines.push(inner);
      current = inner;
      body();
      current = inner.parent!;
    },
    text: () => {
      const out: string[] = [];
      textOf(root, "  ", out);
      return out.join("\n");
    },
  };
}
