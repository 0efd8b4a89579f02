// Reading JavaScript and TypeScript just well enough to see which name a call's value is given: words and brackets, not a parser.
// What it does not understand has no name.

export interface Word {
  readonly kind: "name" | "number" | "text" | "sign";
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether a line ends before it. */
  readonly newline: boolean;
  /** The word of the bracket that it stands in; −1 outside all. An opening bracket stands outside itself, a closing one too. */
  readonly within: number;
}

const openers = "([{";
const closers = ")]}";
/** A slash after these begins a regular expression. */
const beforeOperand = /^(?:[([{,;=:?!&|+\-*/%<>~^]|=>|return|typeof|case|in|of|new|delete|void|do|else)$/;

/** The words of a source. Comments are left out; a template with what stands in it is one word. */
export function scan(source: string): readonly Word[] {
  const words: Word[] = [];
  const open: number[] = [];
  let at = 0;
  let newline = false;
  const push = (kind: Word["kind"], end: number) => {
    const text = source.slice(at, end);
    if (kind === "sign" && closers.includes(text)) open.pop();
    words.push({ kind, text, start: at, end, newline, within: open[open.length - 1] ?? -1 });
    if (kind === "sign" && openers.includes(text)) open.push(words.length - 1);
    at = end;
    newline = false;
  };
  while (at < source.length) {
    const space = sticky(/\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y, source, at);
    if (space) {
      newline ||= space.includes("\n");
      at += space.length;
      continue;
    }
    const name = sticky(/[\p{L}_$#@][\p{L}\p{N}_$]*/uy, source, at);
    const number = sticky(/\.?\d[\w.]*/y, source, at);
    const text = sticky(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y, source, at);
    const before = words[words.length - 1];
    const expression =
      before === undefined || beforeOperand.test(before.text)
        ? sticky(/\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y, source, at)
        : undefined;
    if (name) push("name", at + name.length);
    else if (number) push("number", at + number.length);
    else if (text) push("text", at + text.length);
    else if (source[at] === "`") push("text", templateEnd(source, at));
    else if (expression) push("text", at + expression.length);
    else
      push("sign", at + (sticky(/=>|[=!]==?|[<>]=|\?\.|\?\?=?|&&|\|\||\*\*|\+\+|--|[-+*/%]=|\.\.\./y, source, at)?.length ?? 1));
  }
  return words;
}

function sticky(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function templateEnd(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "`") return at + 1;
    else if (source.startsWith("${", at)) {
      let depth = 1;
      for (at += 2; at < source.length && depth > 0; at++) {
        if (source[at] === "`") at = templateEnd(source, at) - 1;
        else if (source[at] === "{") depth++;
        else if (source[at] === "}") depth--;
      }
      at--;
    }
  }
  return source.length;
}

/** Where the value of an expression goes. */
export interface Target {
  /** One name, or those of a pattern [a, b] in order; "" where the pattern leaves one out. */
  readonly names: readonly string[];
  readonly isPattern: boolean;
  /** Where the statement begins: the same for all calls in it. */
  readonly at: number;
  /** Whether the statement stands in a loop, so that it may be reached again. */
  readonly inLoop: boolean;
}

/** What the value of the call at word `call` goes into, in its own function. Undefined for no name. */
export function targetOf(words: readonly Word[], call: number): Target | undefined {
  let at = call;
  let element = 0;
  let insideList = -1;
  for (;;) {
    const opener = words[at].within;
    const isBlock = opener < 0 || (words[opener].text === "{" && opensBlock(words, opener));
    if (isBlock) {
      const found = statementTarget(words, at, insideList, element);
      return found && { ...found, inLoop: found.inLoop || inLoop(words, opener) };
    }
    const start = partStart(words, at, opener);
    for (let i = start; i < at; i++) if (words[i].within === opener && words[i].text === "=>") return undefined;
    if (words[opener].text === "{" && words[start + 1]?.text === ":" && isLiteralAlone(words, opener)) {
      return { names: [words[start].text], isPattern: false, at: words[start].start, inLoop: false };
    }
    element = 0;
    for (let i = opener + 1; i < at; i++) if (words[i].within === opener && words[i].text === ",") element++;
    insideList = opener;
    at = opener;
  }
}

/** The word with which the part of a list begins that holds the word `at`. */
function partStart(words: readonly Word[], at: number, opener: number): number {
  let start = opener + 1;
  for (let i = opener + 1; i <= at; i++) if (words[i].within === opener && words[i].text === ",") start = i + 1;
  return start;
}

/** Whether a brace opens a block of statements rather than an object. */
function opensBlock(words: readonly Word[], brace: number): boolean {
  const before = words[brace - 1];
  if (before === undefined) return true;
  if (before.kind === "name") return !/^(?:return|case|in|of|typeof|yield|await|default|as)$/.test(before.text);
  return [")", "=>", ";", "{", "}", ">"].includes(before.text);
}

/** Whether an object is the whole value of a name, of return or of an arrow. */
function isLiteralAlone(words: readonly Word[], brace: number): boolean {
  const before = words[brace - 1];
  return (
    before !== undefined &&
    (before.text === "=" || before.text === "return" || (before.text === "(" && words[brace - 2]?.text === "=>"))
  );
}

const declaring = new Set(["const", "let", "var"]);
const continuing = new Set(["instanceof", "in", "of", "as", "satisfies", "is"]);

/** The statement around word `at`, which stands directly in a block. */
function statementTarget(words: readonly Word[], at: number, insideList: number, element: number): Target | undefined {
  const { within } = words[at];
  let start = at;
  for (let i = at; i > within; i--) {
    if (words[i].within !== within) continue;
    if (words[i].text === ";") break;
    // An opening bracket stands where its group does; what follows the group may be another statement.
    start = i;
    if (declaring.has(words[i].text) || words[i].text === "return") break;
    if (i - 1 > within && words[i].newline && endsStatement(words, i)) break;
  }
  for (let i = start; i < at; i++) if (words[i].within === within && words[i].text === "=>") return arrowTarget();
  const looped = words[start].text === "for" || words[start].text === "while";
  if (looped) start = afterHead(words, start);
  const first = words[start];
  if (first === undefined || start > at) return undefined;
  if (!declaring.has(first.text)) return assigned(words, start, at, looped);
  return declared(words, start, at, insideList, element);
}

/** The value of an arrow function goes to whoever calls it. */
const arrowTarget = () => undefined;

/** Whether a statement ends before word `i`, which begins a line. */
function endsStatement(words: readonly Word[], i: number): boolean {
  const [before, after] = [words[i - 1], words[i]];
  const ends = before.kind !== "sign" || closers.includes(before.text) || before.text === "++" || before.text === "--";
  if (before.kind === "name" && beforeOperand.test(before.text)) return false;
  return ends && after.kind !== "sign" && !continuing.has(after.text);
}

/** The word after the brackets of `for (…)`. */
function afterHead(words: readonly Word[], start: number): number {
  const { within } = words[start];
  for (let i = start + 1; i < words.length; i++) if (words[i].text === ")" && words[i].within === within) return i + 1;
  return words.length;
}

/** NAME = … and this.NAME = …. */
function assigned(words: readonly Word[], start: number, at: number, inLoop: boolean): Target | undefined {
  let name: Word | undefined;
  for (let i = start; i < at; i++) {
    const word = words[i];
    if (word.within !== words[start].within) return undefined;
    if (word.text === "=") return name && { names: [name.text], isPattern: false, at: name.start, inLoop };
    if (word.kind === "name") name = word;
    else if (word.text !== ".") return undefined;
  }
  return undefined;
}

/** const NAME: Type = …, OTHER = …, const [a, b] = …. */
function declared(words: readonly Word[], start: number, at: number, insideList: number, element: number): Target | undefined {
  const { within } = words[start];
  let from = start + 1;
  let equals = -1;
  for (let i = start + 1; i < at; i++) {
    if (words[i].within !== within) continue;
    if (words[i].text === "," && equals >= 0) [from, equals] = [i + 1, -1];
    else if (words[i].text === "=" && equals < 0) equals = i;
  }
  const head = words[from];
  if (equals < 0 || head === undefined) return undefined;
  const place = { at: head.start, inLoop: false };
  const value = words[equals + 1];
  const isList = insideList === equals + 1 && value?.text === "[";
  if (head.kind === "name") return isList ? undefined : { names: [head.text], isPattern: false, ...place };
  if (head.text !== "[") return undefined;
  const names: string[] = [""];
  for (let i = from + 1; i < equals && !(words[i].text === "]" && words[i].within === within); i++) {
    if (words[i].text === ",") names.push("");
    else if (words[i].kind === "name" && names[names.length - 1] === "" && words[i - 1].text !== "...")
      names[names.length - 1] = words[i].text;
  }
  if (isList)
    return names[element] ? { names: [names[element]], isPattern: false, at: place.at + element, inLoop: false } : undefined;
  return { names, isPattern: true, ...place };
}

/** Whether a block, or one around it in the same function, is the body of a loop. */
function inLoop(words: readonly Word[], block: number): boolean {
  for (let opener = block; opener >= 0; opener = words[opener].within) {
    const before = words[opener - 1];
    if (before?.text === "=>") return false;
    if (before?.text === "do") return true;
    if (before?.text !== ")") continue;
    let head = opener - 2;
    while (head >= 0 && !(words[head].text === "(" && words[head].within === before.within)) head--;
    const keyword = words[head - 1]?.text;
    if (keyword === "for" || keyword === "while" || keyword === "await") return true;
    if (keyword !== "if" && keyword !== "switch" && keyword !== "catch") return false;
  }
  return false;
}
