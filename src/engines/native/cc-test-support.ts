// A C compiler for tests: it answers what is asked of every compiler, and compiles as told.

import { chmodSync, writeFileSync } from "node:fs";

/** Writes a shell script at `file` that says it is `name` and defines `macro`; `compile` has the name of the output in $out. */
export function writeCompiler(file: string, name: string, macro: string, compile: string): void {
  writeFileSync(
    file,
    `#!/bin/sh
out=
previous=
for word in "$@"; do
  if [ "$previous" = -o ]; then out=$word; fi
  previous=$word
done
case "$*" in
  *--version*) echo "${name} 1.0"; exit ;;
  *-dM*) echo "#define ${macro} 1"; exit ;;
  *probe.c*) echo probe > "$out"; exit ;;
esac
${compile}
`,
  );
  chmodSync(file, 0o755);
}
