// What a module knows besides its parameters and its input: whether it is being trained, a source of randomness, and state such as
// running statistics. A context is made for one application of a model; afterwards it gives back the state as updated. Nothing in a
// module changes.

import { fail } from "../graph/errors.ts";
import { foldIn } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";

/** What a model carries from step to step besides its parameters: a plain tree of tensors, laid out as the parameters are. */
export type State = Tree<Tensor>;

export interface Context {
  /** Whether dropout drops and statistics of the batch are used. */
  readonly training: boolean;
  /** The state of the module this context was handed to; undefined where none was given. */
  readonly state: State | undefined;
  /** Where that module stands in the model: "layers[2]"; "" for the model itself. */
  readonly path: string;
  /** The context of the part `field` (of its entry `index`, for lists) of this module. */
  child(field: string, index?: number): Context;
  /** Puts `state` in place of the module's state. */
  update(state: State): void;
  /** A key of its own for each call: int32 [2]. Throws when the context was made without one. */
  randomKey(): Tensor;
  /** The state of this module and its parts after all updates so far. */
  updatedState(): State;
}

/** What all contexts of one application share. */
interface Application {
  readonly training: boolean;
  readonly key: Tensor | undefined;
  readonly updates: Map<string, State>;
  draws: number;
}

function at(state: State | undefined, field: string, index?: number): State | undefined {
  if (state === undefined || state instanceof Tensor || Array.isArray(state)) return undefined;
  const part = (state as { readonly [key: string]: State })[field];
  return index === undefined || part === undefined ? part : (part as readonly State[])[index];
}

const childPath = (path: string, field: string, index?: number) =>
  `${path === "" ? "" : `${path}.`}${field}${index === undefined ? "" : `[${index}]`}`;

function replaced(state: State, path: string, updates: ReadonlyMap<string, State>): State {
  const update = updates.get(path);
  if (update !== undefined) return update;
  if (state instanceof Tensor || state === undefined) return state;
  if (Array.isArray(state)) return state.map((s: State, i) => replaced(s, `${path}[${i}]`, updates));
  return Object.fromEntries(
    Object.entries(state).map(([k, s]: [string, State]) => [k, replaced(s, childPath(path, k), updates)]),
  );
}

function contextAt(application: Application, state: State | undefined, path: string): Context {
  return {
    training: application.training,
    state,
    path,
    child: (field, index) => contextAt(application, at(state, field, index), childPath(path, field, index)),
    update: (next) => void application.updates.set(path, next),
    randomKey: () => {
      if (application.key === undefined) {
        fail(
          "argument",
          `${path || "the model"} draws random numbers: give the context a key, as in training({ key: random.key(0), state }).`,
        );
      }
      return foldIn(application.key, application.draws++);
    },
    updatedState: () => replaced(state ?? {}, path, application.updates),
  };
}

/**
 * A context for training: dropout drops, batch normalisation uses the statistics of the batch and updates the running ones. `key` is
 * needed where a module draws random numbers; use a new one for every step. After apply, context.updatedState() is the next state.
 */
export function training(options: { readonly key?: Tensor; readonly state?: State } = {}): Context {
  return contextAt({ training: true, key: options.key, updates: new Map(), draws: 0 }, options.state, "");
}

/** A context for prediction: no randomness, running statistics from `state`. */
export function inference(options: { readonly state?: State } = {}): Context {
  return contextAt({ training: false, key: undefined, updates: new Map(), draws: 0 }, options.state, "");
}
