// What an engine is: a graph in, a program out. Engines know nothing of tensors or of functions.

import type { TypedArray } from "../graph/dtype.ts";
import type { Graph } from "../graph/node.ts";
import type { Launch, Plan } from "./lowering/ir.ts";

export interface CompileOptions {
  /**
   * donate[i] = j: parameter i gives its memory to output j, which has the same type; after a run the parameter's buffer holds
   * that output. This is how a training step updates its state in place.
   */
  readonly donate?: readonly (number | undefined)[];
  /** Most threads that run the program; the results are the same bits for any number. Default: `threads()`, see engines/threads.ts. */
  readonly threads?: number;
  /** Read a clock after every kernel, for `Program.profile`. Costs a call each time; the numbers computed are the same. */
  readonly profile?: boolean;
}

/** How often a kernel of a profiled program ran, and for how long in all. */
export interface Lap {
  /** The plan, perhaps the body of a loop, that the launch is one of. */
  readonly plan: Plan;
  readonly launch: Launch;
  readonly calls: number;
  readonly seconds: number;
}

export interface Profile {
  readonly executions: number;
  /** In the order of the program; loops and choices appear as the kernels of their bodies. */
  readonly laps: readonly Lap[];
}

/** What a machine can do at most with the means of an engine, on one thread, per second. */
export interface Peaks {
  /** Operations on float32; a multiply-add is two. */
  readonly flops: number;
  /** Read and written, in arrays far larger than caches. */
  readonly bytes: number;
  /** What does the arithmetic, for people. */
  readonly by: string;
}

/** A compiled graph with its memory. */
export interface Program {
  readonly engine: string;
  /** Bytes of memory the program holds for its lifetime. */
  readonly bytes: number;
  /** Copies the parameters in, executes, copies the outputs out into fresh arrays. */
  run(inputs: readonly TypedArray[]): TypedArray[];
  /** Copies `data` into the buffer of a parameter. */
  write(parameter: number, data: TypedArray): void;
  /** The buffer of a parameter itself, for writing batches in place. */
  view(parameter: number): TypedArray;
  /** Runs on the parameters' buffers as they are. */
  execute(): void;
  /** A fresh copy of an output's buffer. */
  read(output: number): TypedArray;
  /** The buffer of an output itself, valid until the next execution. */
  outputView(output: number): TypedArray;
  /** What was timed so far; only of a program compiled with `profile`, by an engine that has kernels to time. */
  profile?(): Profile;
}

export interface Engine {
  readonly name: string;
  /** A program that computes the graph's outputs from its parameters. Throws an engine error where it cannot. */
  compile(graph: Graph, options?: CompileOptions): Program;
}
