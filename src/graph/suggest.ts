// "Did you mean": the known word nearest to one that is not known.

/** The candidate that `word` begins or most resembles, or undefined when none is near. Case does not count. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const known = [...candidates];
  const begun = word.length < 2 ? undefined : known.find((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
  if (begun !== undefined) return begun;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best === undefined) return undefined;
  const tolerated = Math.max(1, Math.floor(Math.max(word.length, best.length) / 3));
  return bestDistance <= tolerated ? best : undefined;
}

/** ` Did you mean "epochs"?`, with a leading blank, or "" when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>, show: (candidate: string) => string = quote): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? "" : ` Did you mean ${show(candidate)}?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(substitution, previous[j] + 1, current[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) current[j] = Math.min(current[j], before[j - 2] + 1);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length];
}

function quote(text: string): string {
  return `"${text}"`;
}
