// On what a run was made, for its record. Node only.

import { cpus } from "node:os";

export function machine(): Readonly<Record<string, string>> {
  return {
    CPU: cpus()[0]?.model ?? "unknown",
    Node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
