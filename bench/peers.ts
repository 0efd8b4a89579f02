// The systems Gradus is compared with, where they are: two in JavaScript, installed into bench/node_modules, and two in a Python that
// has them.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { SideSpec } from "./side.ts";

interface Peer {
  readonly title: string;
  /** Single-threaded whatever it is told. */
  readonly single?: true;
  readonly needs: { readonly packages: readonly string[] } | { readonly modules: readonly string[] };
  readonly command: (threads: number) => readonly string[];
  /** Only when named. */
  readonly onRequest?: true;
}

const peers: Readonly<Record<string, Peer>> = {
  torch: {
    title: "PyTorch",
    needs: { modules: ["torch", "numpy"] },
    command: (threads) => ["torch_side.py", String(threads)],
  },
  "torch-compile": {
    title: "torch.compile",
    needs: { modules: ["torch", "numpy"] },
    command: (threads) => ["torch_side.py", String(threads), "--compile"],
    onRequest: true,
  },
  jax: { title: "JAX", needs: { modules: ["jax", "optax", "numpy"] }, command: () => ["jax_side.py"] },
  "jax-js": { title: "jax-js", single: true, needs: { packages: ["@jax-js/jax"] }, command: () => ["jaxjs_side.mjs"] },
  tfjs: {
    title: "TensorFlow.js",
    needs: { packages: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"] },
    command: (threads) => ["tfjs_side.mjs", String(threads)],
  },
};

export const peerNames = Object.keys(peers);

export const titleOf = (name: string): string => peers[name]?.title ?? `Gradus ${name}`;

export interface Found {
  readonly sides: readonly SideSpec[];
  /** Peer by peer, what is missing and how to get it. */
  readonly missing: readonly { readonly name: string; readonly why: string; readonly named: boolean }[];
}

/** The peers that can run. `wanted`: those asked for by name. */
export function findPeers(
  bench: string,
  options: {
    readonly wanted: readonly string[] | undefined;
    readonly python: string | undefined;
    readonly threads: readonly number[];
  },
): Found {
  const { wanted, threads } = options;
  const python = options.python ?? "python3";
  const present = modulesOf(python);
  const missing: Found["missing"][number][] = [];
  const sides: SideSpec[] = [];
  for (const [name, peer] of Object.entries(peers)) {
    const named = wanted?.includes(name) ?? false;
    if (wanted === undefined ? peer.onRequest : !named) continue;
    const why = whatLacks(peer, bench, python, present);
    if (why !== undefined) {
      missing.push({ name, why, named: named || (options.python !== undefined && "modules" in peer.needs) });
      continue;
    }
    const program = "modules" in peer.needs ? python : process.execPath;
    for (const n of threads) {
      if (peer.single && n > 1) continue;
      const [script, ...words] = peer.command(n);
      sides.push({ kind: "peer", name, threads: n, command: [program, join(bench, "peers", script), ...words], named });
    }
  }
  return { sides, missing };
}

function whatLacks({ needs }: Peer, bench: string, python: string, present: readonly string[] | undefined): string | undefined {
  if ("packages" in needs) {
    const lacking = needs.packages.filter((name) => !existsSync(join(bench, "node_modules", name)));
    return lacking.length === 0
      ? undefined
      : `${lacking.join(", ")}: install with npm install --prefix bench, or give --install-peers`;
  }
  if (present === undefined) return `${python} does not run; name a Python with --python PATH`;
  const lacking = needs.modules.filter((name) => !present.includes(name));
  return lacking.length === 0 ? undefined : `${python} has no ${lacking.join(", ")}; name a Python that has with --python PATH`;
}

/** Which of the modules the peers need a Python has; undefined when there is no such Python. */
function modulesOf(python: string): string[] | undefined {
  const script = "import importlib.util as u; print(*[n for n in ('torch', 'jax', 'optax', 'numpy') if u.find_spec(n)])";
  const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(" ") : undefined;
}
