// The modules of Node that the native engine uses, loaded when it is first used: importing Gradus stays fast, and a bundle for
// browsers finds no import of them.

const load = <M>(get: () => M): (() => M) => {
  let module: M | undefined;
  return () => {
    module ??= get();
    return module;
  };
};

export const fs = load(() => process.getBuiltinModule("node:fs"));
export const path = load(() => process.getBuiltinModule("node:path"));
export const os = load(() => process.getBuiltinModule("node:os"));
export const crypto = load(() => process.getBuiltinModule("node:crypto"));
export const childProcess = load(() => process.getBuiltinModule("node:child_process"));
export const workerThreads = load(() => process.getBuiltinModule("node:worker_threads"));
export const modules = load(() => process.getBuiltinModule("node:module"));
export const urls = load(() => process.getBuiltinModule("node:url"));
