// What JSON.parse does not tell.

/** A key that occurs twice in one object of `text` (valid JSON), or undefined: JSON.parse silently keeps the last. */
export function repeatedKey(text: string): string | undefined {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;
  const objects: Set<string>[] = [];
  let last = "";
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const token = match[0];
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (token === ":") {
      const key: string = JSON.parse(last);
      const keys = objects[objects.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
    last = token;
  }
  return undefined;
}
