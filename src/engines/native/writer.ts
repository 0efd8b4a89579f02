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
  /** Writes what `body` writes for 0 … count − 1 line by line in turn: independent chains of operations then fill each other's waiting times. */
  together(count: number, body: (index: number) => void): void;
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

/** Lines of all lists in turn, none before a line of another list that declares what it reads. */
function interleaved(lists: readonly (string | Block)[][]): (string | Block)[] {
  if (lists.some((list) => list.some((line) => typeof line !== "string"))) return lists.flat();
  const waiting = new Map<string, number>();
  const declared = (line: string) => /^const \w+ (\w+) =/.exec(line)?.[1];
  lists.forEach((list, l) => {
    for (const line of list) {
      const name = declared(line as string);
      if (name !== undefined) waiting.set(name, l);
    }
  });
  const at = lists.map(() => 0);
  const result: string[] = [];
  const count = lists.reduce((n, list) => n + list.length, 0);
  while (result.length < count) {
    lists.forEach((list, l) => {
      const line = list[at[l]] as string | undefined;
      if (line === undefined) return;
      for (const [word] of line.matchAll(/\b[a-z]+\d+\b/g)) if ((waiting.get(word) ?? l) !== l) return;
      const name = declared(line);
      if (name !== undefined) waiting.delete(name);
      result.push(line);
      at[l]++;
    });
  }
  return result;
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
    together: (count, body) => {
      const { lines } = current;
      const lists = Array.from({ length: count }, (_, index) => {
        const start = lines.length;
        body(index);
        return lines.splice(start);
      });
      lines.push(...(count === 1 ? lists[0] : interleaved(lists)));
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
