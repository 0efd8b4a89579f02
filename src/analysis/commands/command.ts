// What the command line asks of the analysis: one function a command.

import type { Answer, CommandContext } from "../../train/command.ts";

/** A formula with what its names stand for. */
export interface FormulaOptions {
  readonly expression: string;
  /** Where it is asked about, as "x>0, y<=1". Default: where the formula is defined. */
  readonly domain?: string;
  /** By name a value ("3", "[1,2]") or the path of a file (.csv, .json, .npy). */
  readonly param: Readonly<Record<string, string>>;
  /** The variables, as "x, w(2)"; default: every name without a value that does not begin with a capital letter. */
  readonly vars?: string;
  /** File to write a self-contained page to. */
  readonly html?: string;
}

export interface CertifyCommandOptions extends FormulaOptions {
  /** Milliseconds. */
  readonly budget?: number;
}

export interface MinimizeCommandOptions extends FormulaOptions {
  /** "3", "1,2", "[1,2]" or "x=1, y=2". */
  readonly from: string;
  readonly method: string;
  /** A number, or a rule by name ("1/L", "armijo" …). */
  readonly step?: string;
  /** f*, where it is known: a number. */
  readonly minimum?: string;
  readonly iterations?: number;
}

export interface LandscapeCommandOptions {
  /** Run folder. */
  readonly run: string;
  readonly points?: number;
  readonly seed?: number;
  readonly engine?: string;
  readonly html?: string;
}

export interface CurvatureCommandOptions {
  /** Run folder. */
  readonly run: string;
  /** Eigenvalues at each end. Default 1. */
  readonly count?: number;
  readonly seed?: number;
  readonly engine?: string;
  readonly html?: string;
}

export interface AnalysisCommands {
  readonly certify: (options: CertifyCommandOptions, context: CommandContext) => Promise<Answer>;
  readonly minimize: (options: MinimizeCommandOptions, context: CommandContext) => Promise<Answer>;
  readonly landscape: (options: LandscapeCommandOptions, context: CommandContext) => Promise<Answer>;
  readonly curvature: (options: CurvatureCommandOptions, context: CommandContext) => Promise<Answer>;
}
