// Copying and clearing memory of known size.

import { type Expression, type FunctionBuilder, load, splatConstant } from "./assembler.ts";

/** memory[to …] = memory[from …]; short copies are written out, since a bulk copy is a call. */
export function copyBytes(f: FunctionBuilder, to: Expression, from: Expression, bytes: number): void {
  if (bytes > 512) {
    f.copyMemory(to, from, bytes);
    return;
  }
  let at = 0;
  for (; at + 16 <= bytes; at += 16) f.store("v128.store", to, load("v128.load", from, at), at);
  for (; at + 4 <= bytes; at += 4) f.store("i32.store", to, load("i32.load", from, at), at);
  for (; at < bytes; at++) f.store("i32.store8", to, load("i32.load8_u", from, at), at);
}

/** Zeros; as copyBytes. */
export function clearBytes(f: FunctionBuilder, to: Expression, bytes: number): void {
  if (bytes > 512) {
    f.fillMemory(to, 0, bytes);
    return;
  }
  const zero = f.hoisted(splatConstant("i32x4", 0));
  let at = 0;
  for (; at + 16 <= bytes; at += 16) f.store("v128.store", to, zero, at);
  for (; at + 4 <= bytes; at += 4) f.store("i32.store", to, 0, at);
  for (; at < bytes; at++) f.store("i32.store8", to, 0, at);
}
