// What a function calls its parameters.

/** Names of a function's parameters, as its source has them; undefined for patterns. */
export function parameterNames(f: (...args: never[]) => unknown): (string | undefined)[] {
  const source = Function.prototype.toString.call(f);
  const single = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(source)?.[1];
  if (single !== undefined) return [single];
  const names: (string | undefined)[] = [];
  let depth = 0;
  let part = "";
  for (const c of source.slice(source.indexOf("(") + 1)) {
    if (depth === 0 && (c === "," || c === ")")) {
      names.push(/^\s*([A-Za-z_$][\w$]*)/.exec(part)?.[1]);
      part = "";
      if (c === ")") break;
      continue;
    }
    if ("([{".includes(c)) depth++;
    if (")]}".includes(c)) depth--;
    part += c;
  }
  return names;
}
