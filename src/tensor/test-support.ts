// What the tests of tensors share.

import { expect } from "vitest";
import type { Tensor } from "./index.ts";

export function expectList(actual: Tensor, expected: readonly (number | boolean)[]): void {
  expect(actual.size).toBe(expected.length);
  Array.from(actual.data()).forEach((v, i) => {
    const e = Number(expected[i]);
    if (!Object.is(v, e)) expect(Math.abs(v - e), `entry ${i}: ${v}, ${e}`).toBeLessThanOrEqual(2e-14 * Math.max(1, Math.abs(e)));
  });
}

/** The method of that name, if tensors have one. */
export const method = (x: Tensor, name: string) =>
  (Reflect.get(x, name) as ((...args: unknown[]) => Tensor) | undefined)?.bind(x);
