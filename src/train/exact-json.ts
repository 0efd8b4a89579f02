// JSON that gives back every number it was given: NaN, the infinities and -0, which JSON lacks, travel as { "$number": "NaN" }.

export function toExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) => {
    if (typeof v !== "number" || (Number.isFinite(v) && !Object.is(v, -0))) return v;
    return { $number: Object.is(v, -0) ? "-0" : String(v) };
  });
}

/** Throws a SyntaxError when `text` is not JSON. */
export function fromExactJson(text: string): unknown {
  return JSON.parse(text, (_key, v: unknown) => (isTagged(v) ? Number(v.$number) : v));
}

function isTagged(value: unknown): value is { readonly $number: string } {
  return value !== null && typeof value === "object" && "$number" in value && typeof value.$number === "string";
}
