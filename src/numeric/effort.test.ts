import { describe, expect, it } from "vitest";
import { attempt, BudgetError, spend, within } from "./effort.ts";

const forEver = (): never => {
  for (;;) spend(1);
};

describe("work that spends", () => {
  it("is called off when its time is up, and goes on where nobody set a limit", () => {
    expect(() => within(performance.now() + 2, forEver)).toThrow(BudgetError);
    for (let i = 0; i < 100_000; i++) spend(1);
  });

  it("obeys the outer limit within a longer inner one", () => {
    expect(attempt(performance.now() + 2, "late", () => attempt(performance.now() + 1e9, "never", forEver))).toBe("never");
    expect(attempt(performance.now() + 1e9, "never", () => attempt(performance.now() + 2, "late", forEver))).toBe("late");
  });

  it("lets other errors through", () => {
    expect(() =>
      attempt(performance.now() + 1e9, 0, () => {
        throw new RangeError("another");
      }),
    ).toThrow(RangeError);
  });
});
