// Numbers as a lesson prints them.

import { type NestedArray, Tensor } from "../../tensor/index.ts";

/** A value with the text that stands for it. */
export interface Figure {
  readonly value: number;
  readonly text: string;
}

export type Insertable = number | string | boolean | Figure | Tensor | NestedArray;

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * x with `decimals` digits after the point; fewer when it has no more (0.25), none for an integer. Very large and very small numbers
 * are written 1.2345·10⁻⁵.
 */
export function written(x: number, decimals = 4): string {
  if (Number.isNaN(x)) return "NaN";
  if (x === Infinity || x === -Infinity) return x < 0 ? "−∞" : "∞";
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return signed(String(x === 0 ? 0 : x));
  const size = Math.abs(x);
  if (size >= 10 ** -(decimals - 1) * 0.9995 && size < 1e7) return signed(short(x, x.toFixed(decimals)));
  if (size < 1e7 && Number(x.toFixed(decimals)) === x) return signed(short(x, x.toFixed(decimals)));
  const [mantissa, exponent] = x.toExponential(decimals).split("e");
  const power = Array.from(String(Math.abs(Number(exponent))), (digit) => superscripts[Number(digit)]).join("");
  return signed(`${short(Number(mantissa), mantissa)}·10${Number(exponent) < 0 ? "⁻" : ""}${power}`);
}

/** x with exactly this many digits after the point. */
export function digits(x: number | Tensor, count: number): Figure {
  const value = typeof x === "number" ? x : x.item();
  return { value, text: signed(value.toFixed(count)) };
}

/** Anything as prose inserts it: vectors in round brackets, matrices row by row. */
export function inserted(value: Insertable, decimals = 4): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return written(value, decimals);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value instanceof Tensor) return inserted(value.toArray(), decimals);
  if (isFigure(value)) return value.text;
  const rows = value as readonly NestedArray[];
  const nested = rows.some((row) => Array.isArray(row));
  const parts = rows.map((row) => inserted(row, decimals));
  return nested ? `[${parts.map((part) => part.replace(/^\((.*)\)$/, "$1")).join("; ")}]` : `(${parts.join(", ")})`;
}

/** The numbers in the text of a value that stand for other ones, cut off. */
export function roundedNumbers(value: Insertable): string[] {
  if (typeof value === "number") return cutOff(value, written(value));
  if (typeof value === "string" || typeof value === "boolean") return [];
  if (value instanceof Tensor) return roundedNumbers(value.toArray());
  if (isFigure(value)) return cutOff(value.value, value.text);
  return (value as readonly NestedArray[]).flatMap(roundedNumbers);
}

function cutOff(value: number, text: string): string[] {
  const [mantissa, power = "0"] = text.replace("−", "").split("·10");
  const exponent = Number(
    Array.from(power, (c) => (c === "⁻" ? "-" : superscripts.includes(c) ? superscripts.indexOf(c) : c)).join(""),
  );
  return Math.abs(Number(mantissa) * 10 ** exponent - Math.abs(value)) > 1e-14 * Math.abs(value) ? [mantissa] : [];
}

function isFigure(value: object): value is Figure {
  return "text" in value && "value" in value;
}

/** Without the zeros at the end when nothing else was cut off. */
function short(x: number, text: string): string {
  return Math.abs(Number(text) - x) <= 1e-14 * Math.abs(x) ? text.replace(/\.?0+$/, "") : text;
}

const signed = (text: string) => text.replace("-", "−");
