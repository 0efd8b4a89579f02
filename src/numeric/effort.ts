// Work that can be called off. Exact computations have no size known beforehand, so they say from time to time what they spend, and
// whoever began them says until when they may go on. The limit is kept here and not handed down, for it concerns every layer below.

/** Thrown where work outgrows its budget: its time, or its size. Caught by whoever can do without the result. */
export class BudgetError extends Error {}

/** The same where time was up: another time the same work may come to its end. */
export class LateError extends BudgetError {}

let limit = Infinity;
let spent = 0;

/** Units of work, of about 0.1 µs, between two looks at the clock. */
const betweenLooks = 2000;

/** What `work` gives; a LateError is thrown out of it when performance.now() has passed `deadline`, or one that is in force already. */
export function within<T>(deadline: number, work: () => T): T {
  const outer = limit;
  limit = Math.min(outer, deadline);
  try {
    return work();
  } finally {
    limit = outer;
  }
}

/** The same, with `otherwise` where the budget does not suffice. */
export function attempt<T, U>(deadline: number, otherwise: U, work: () => T): T | U {
  try {
    return within(deadline, work);
  } catch (error) {
    if (error instanceof BudgetError) return otherwise;
    throw error;
  }
}

/** Notes work done, in units of about 0.1 µs, and throws a LateError when time is up. */
export function spend(units: number): void {
  spent += units;
  if (spent < betweenLooks) return;
  // Once late, whoever goes on is stopped at once.
  spent = betweenLooks;
  if (performance.now() > limit) throw new LateError("time is up");
  spent = 0;
}
