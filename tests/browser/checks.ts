// Collects the facts that a page establishes.

export interface Checks {
  /** Records whether `fact` holds, under a name that says what it is. */
  readonly check: (name: string, holds: boolean) => void;
  readonly result: () => { passed: number; failed: number; failures: string[] };
}

export function checks(): Checks {
  const failures: string[] = [];
  let passed = 0;
  return {
    check: (name, holds) => {
      if (holds) passed++;
      else failures.push(name);
    },
    result: () => ({ passed, failed: failures.length, failures }),
  };
}
