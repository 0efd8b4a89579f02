// A WebAssembly binary as text, for people who want to see what became of a program: the sections and instructions that the assembler
// writes, in the text format's linear form.
// Source: WebAssembly Core Specification 2.0, "Binary Format" and "Text Format"; the threads and relaxed-SIMD proposals.

import { fail } from "../../graph/errors.ts";
import { type Opcode, type OpcodeName, opcodes, type ValueType, valueTypeCode } from "./assembler-opcodes.ts";

const typeNames = new Map(Object.entries(valueTypeCode).map(([name, code]) => [code, name as ValueType]));

const named = new Map<number, readonly [OpcodeName, Opcode]>();
const codeOf = (prefix: number, code: number) => prefix * 0x10000 + code;
for (const [name, opcode] of Object.entries(opcodes()))
  named.set(codeOf(opcode.prefix, opcode.code), [name as OpcodeName, opcode] as const);

/** Reads the encodings of the format, from `at` on. */
class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) fail("engine", `disassemble: the binary ends within an instruction, at byte ${this.at}.`);
    return this.bytes[this.at++];
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return byte & 0x40 ? value - (1n << shift) : value;
    }
  }

  take(count: number): Uint8Array {
    const from = this.at;
    this.at += count;
    if (this.at > this.end) fail("engine", `disassemble: the binary ends within a constant, at byte ${from}.`);
    return this.bytes.subarray(from, this.at);
  }

  float32(): number {
    const from = this.at;
    this.take(4);
    return this.view.getFloat32(from, true);
  }

  float64(): number {
    const from = this.at;
    this.take(8);
    return this.view.getFloat64(from, true);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  /** A part of known size, to be read by itself. */
  part(): Reader {
    const size = this.unsigned();
    const from = this.at;
    this.take(size);
    return new Reader(this.bytes, from, from + size);
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.unsigned() }, read);
  }

  valueType(): ValueType {
    const code = this.byte();
    return typeNames.get(code) ?? fail("engine", `disassemble: 0x${code.toString(16)} is no value type.`);
  }
}

interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A float as the text format has it; the shortest digits that give the same bits. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

const control: Readonly<Record<number, string>> = {
  0: "unreachable",
  1: "nop",
  15: "return",
  26: "drop",
  27: "select",
};

const locals: Readonly<Record<number, string>> = { 32: "local.get", 33: "local.set", 34: "local.tee" };

/** The instructions of a function's body, a line each, indented by their nesting. */
function instructions(reader: Reader, functionName: (index: number) => string): string[] {
  const lines: string[] = [];
  let depth = 2;
  const put = (text: string) => void lines.push(`${"  ".repeat(depth)}${text}`);
  const blockType = () => {
    const code = reader.byte();
    return code === 0x40 ? "" : ` (result ${typeNames.get(code)})`;
  };
  while (!reader.done) {
    const code = reader.byte();
    switch (code) {
      case 0x02:
      case 0x03:
      case 0x04:
        put(`${{ 2: "block", 3: "loop", 4: "if" }[code]}${blockType()}`);
        depth++;
        continue;
      case 0x05:
        depth--;
        put("else");
        depth++;
        continue;
      case 0x0b:
        depth--;
        // The last one ends the function.
        if (depth > 1) put("end");
        continue;
      case 0x0c:
      case 0x0d:
        put(`${code === 0x0c ? "br" : "br_if"} ${reader.unsigned()}`);
        continue;
      case 0x10:
        put(`call ${functionName(reader.unsigned())}`);
        continue;
      case 0x23:
      case 0x24:
        put(`${code === 0x23 ? "global.get" : "global.set"} ${reader.unsigned()}`);
        continue;
      case 0x41:
        put(`i32.const ${reader.signed()}`);
        continue;
      case 0x42:
        put(`i64.const ${reader.signed()}`);
        continue;
      case 0x43:
        put(`f32.const ${floatText(reader.float32())}`);
        continue;
      case 0x44:
        put(`f64.const ${floatText(reader.float64())}`);
        continue;
    }
    if (code in control) put(control[code]);
    else if (code in locals) put(`${locals[code]} ${reader.unsigned()}`);
    else if (code === 0xfc || code === 0xfd || code === 0xfe) put(prefixed(reader, code));
    else put(plain(reader, code, code, 0));
  }
  if (depth !== 1) fail("engine", "disassemble: the blocks of a function do not end.");
  return lines;
}

function prefixed(reader: Reader, prefix: number): string {
  const code = reader.unsigned();
  if (prefix === 0xfc && (code === 10 || code === 11)) {
    reader.take(code === 10 ? 2 : 1);
    return code === 10 ? "memory.copy" : "memory.fill";
  }
  if (prefix === 0xfe && code === 3) {
    reader.take(1);
    return "atomic.fence";
  }
  if (prefix === 0xfd && code === 12) {
    const bytes = reader.take(16);
    const words = Array.from({ length: 4 }, (_, i) => [...bytes.subarray(4 * i, 4 * i + 4)].reverse());
    return `v128.const i32x4 ${words.map((w) => `0x${w.map((b) => b.toString(16).padStart(2, "0")).join("")}`).join(" ")}`;
  }
  return plain(reader, code, prefix * 0x100 + code, prefix);
}

/** An instruction of the table, with its immediates. */
function plain(reader: Reader, code: number, shown: number, prefix: number): string {
  const found = named.get(codeOf(prefix, code));
  if (!found) return fail("engine", `disassemble: there is no instruction 0x${shown.toString(16)} (byte ${reader.at}).`);
  const [name, { immediate, bytes }] = found;
  const place = () => {
    const align = 2 ** reader.unsigned();
    const offset = reader.unsigned();
    return `${offset === 0 ? "" : ` offset=${offset}`}${align === bytes ? "" : ` align=${align}`}`;
  };
  switch (immediate) {
    case "none":
      return name;
    case "memory":
      return `${name}${place()}`;
    case "memoryLane":
      return `${name}${place()} ${reader.byte()}`;
    case "lane":
      return `${name} ${reader.byte()}`;
    case "shuffle":
      return `${name} ${reader.take(16).join(" ")}`;
  }
}

/** Runs of equal types, as lists of parameters and locals are written. */
const typed = (kind: string, types: readonly ValueType[]) => (types.length === 0 ? "" : ` (${kind} ${types.join(" ")})`);

const signatureText = ({ parameters, results }: Signature) => `${typed("param", parameters)}${typed("result", results)}`;

const limits = (reader: Reader): string => {
  const flags = reader.byte();
  const least = reader.unsigned();
  const most = flags & 1 ? ` ${reader.unsigned()}` : "";
  return `${least}${most}${flags & 2 ? " shared" : ""}`;
};

/** Names of functions by their index, for the text. */
export type FunctionNames = ReadonlyMap<number, string>;

/**
 * The text of a module that this engine's assembler has written. Functions are called by `names`, else by the name under which they
 * are imported or exported, else by their number. Throws an engine error for what the assembler does not write.
 */
export function disassemble(binary: Uint8Array, names: FunctionNames = new Map()): string {
  const reader = new Reader(binary, 8);
  let types: Signature[] = [];
  let signatures: number[] = [];
  const imported: { readonly name: string; readonly type: number }[] = [];
  const lines: string[] = [];
  const exportsOf = new Map<number, string>();
  const memories: string[] = [];
  const bodies: Reader[] = [];
  const functionName = (index: number) =>
    `$${names.get(index) ?? (index < imported.length ? imported[index].name : (exportsOf.get(index) ?? `f${index}`))}`;
  while (!reader.done) {
    const id = reader.byte();
    const part = reader.part();
    switch (id) {
      case 1:
        types = part.list(() => {
          part.byte();
          return { parameters: part.list(() => part.valueType()), results: part.list(() => part.valueType()) };
        });
        break;
      case 2:
        part.list(() => {
          const [module, name] = [part.name(), part.name()];
          if (part.byte() === 2) lines.push(`  (import "${module}" "${name}" (memory ${limits(part)}))`);
          else {
            const type = part.unsigned();
            lines.push(`  (import "${module}" "${name}" (func $${name}${signatureText(types[type])}))`);
            imported.push({ name, type });
          }
        });
        break;
      case 3:
        signatures = part.list(() => part.unsigned());
        break;
      case 5:
        part.list(() => memories.push(limits(part)));
        break;
      case 7:
        part.list(() => {
          const name = part.name();
          if (part.byte() === 2) memories[part.unsigned()] = `(export "${name}") ${memories[0]}`;
          else exportsOf.set(part.unsigned(), name);
        });
        break;
      case 10:
        part.list(() => bodies.push(part.part()));
        break;
      default:
        fail("engine", `disassemble: the section ${id} is none that the assembler writes.`);
    }
  }
  lines.push(...memories.map((m) => `  (memory ${m})`));
  bodies.forEach((body, i) => {
    const index = imported.length + i;
    const exported = exportsOf.get(index);
    const declared = body.list(() => [body.unsigned(), body.valueType()] as const);
    const variables = declared.flatMap(([count, type]) => new Array<ValueType>(count).fill(type));
    lines.push(
      `  (func ${functionName(index)}${exported === undefined ? "" : ` (export "${exported}")`}${signatureText(types[signatures[i]])}`,
      ...(variables.length > 0 ? [`    ${typed("local", variables).trim()}`] : []),
      ...instructions(body, functionName),
      "  )",
    );
  });
  return `(module\n${lines.join("\n")}\n)\n`;
}
