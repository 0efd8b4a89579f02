// What every operation is tried on: the registry's tests run each sample on every engine in every float dtype, and check first and
// second derivatives against central differences. An operation without samples does not compile (samples/index.ts).

import type { Node } from "../../graph/node.ts";
import type { Shape } from "../../graph/shape.ts";

export interface SampleInput {
  readonly shape: Shape;
  /** Omitted: the float dtype under test. */
  readonly dtype?: "int32" | "bool";
  /** Random values are uniform in this range; default [-2, 2]. For bool and int32 the range is rounded to integers, upper end included. */
  readonly range?: readonly [number, number];
  /** Fixed values instead of random ones. */
  readonly values?: readonly number[];
}

export interface Sample {
  /** What this sample shows, as "negative axis", "zeros". */
  readonly about: string;
  readonly inputs: readonly SampleInput[];
  /** Built through the operation's public builder; may return a node with several outputs. */
  build(...inputs: Node[]): Node;
  /** Highest derivative to check at these inputs; default 2. 0 where the sample sits on a kink. */
  readonly order?: 0 | 1 | 2;
  /** Compare engines to this many ulp instead of exactly-or-within the default tolerance (relative 1e-5 / 1e-12). */
  readonly tolerance?: { readonly float32: number; readonly float64: number };
}
