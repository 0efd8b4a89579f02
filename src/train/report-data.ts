// What a report of a training run shows: plain data that survives JSON, so that a report can be made again from a run folder.

import type { JsonValue } from "./command.ts";
import type { EndEvent, Metrics } from "./events.ts";
import type { RunProfile } from "./profile.ts";

export interface ReportData {
  /** What was trained, such as "digits". */
  readonly title: string;
  readonly status: EndEvent["status"];
  /** Why it failed or stopped. */
  readonly message?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Seconds of training, validation included. */
  readonly seconds: number;
  readonly version: string;
  readonly engine: string;
  readonly seed: number;
  /** The command line that makes this run again. */
  readonly command?: string;
  /** One row an epoch. */
  readonly history: readonly ReportEpoch[];
  /** Training loss within epochs, thinned to a few hundred points; `epoch` counts from 0 and is fractional. */
  readonly steps?: readonly { readonly epoch: number; readonly loss: number }[];
  readonly examples?: { readonly train: number; readonly validation?: number };
  readonly configuration: Readonly<Record<string, JsonValue>>;
  readonly confusion?: ReportConfusion;
  readonly mistakes?: ReportMistakes;
  readonly weights?: ReportWeights;
  readonly parameters: readonly ReportParameter[];
  /** Of a run with --profile. */
  readonly profile?: RunProfile;
  /** Where the time went, in seconds. */
  readonly timing?: readonly { readonly name: string; readonly seconds: number }[];
  /** Such as { CPU: "…", Node: "v20.20.2" }. */
  readonly machine: Readonly<Record<string, string>>;
}

export interface ReportEpoch {
  readonly epoch: number;
  readonly seconds: number;
  /** `loss`, `accuracy`, `val_loss`, `val_accuracy`, … */
  readonly metrics: Metrics;
  readonly learningRate?: number;
}

/** Counts of the validation examples of class i that were taken for class j: `counts[i][j]`. */
export interface ReportConfusion {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Validation examples that were classified wrongly. */
export interface ReportMistakes {
  /** All of them, shown or not. */
  readonly total: number;
  readonly examples: number;
  readonly width: number;
  readonly height: number;
  /** The most confident first. */
  readonly shown: readonly ReportMistake[];
}

export interface ReportMistake {
  /** Place in the validation data, from 0. */
  readonly index: number;
  readonly truth: string;
  readonly predicted: string;
  /** Probability of the prediction, 0 to 1. */
  readonly confidence: number;
  /** Base64 of width × height bytes, row by row; 0 is paper, 255 is ink. */
  readonly pixels: string;
}

/** The weights that each unit of the first layer gives to the pixels of the input. */
export interface ReportWeights {
  /** Path of the layer, such as "layers[1]". */
  readonly layer: string;
  readonly units: number;
  readonly width: number;
  readonly height: number;
  /** Base64 of units × width × height little-endian float32 numbers. */
  readonly values: string;
}

export interface ReportParameter {
  /** Path in the model, such as "layers[1].weight". */
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** How its size comes about, such as "784 × 128". */
  readonly formula?: string;
  readonly trainable?: boolean;
  /** Root mean square of its numbers after training. */
  readonly rms?: number;
}
