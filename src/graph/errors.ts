// Errors that teach: what failed, where, why, and what to write instead. Every error Gradus throws on purpose is a GradusError
// with a stable code.

export type ErrorCode =
  | "shape" // shapes do not fit an operation
  | "dtype" // an element type does not fit an operation
  | "argument" // a value is out of range or of the wrong kind
  | "symbolic" // a value was read that is not known yet
  | "derivative" // a derivative that does not exist was asked for
  | "donated" // a tensor was read after its memory had been given away
  | "engine" // an engine cannot do what was asked
  | "data" // a file or data set is malformed
  | "numeric" // NaN or Inf arose
  | "run" // a run folder, configuration or checkpoint
  | "analysis"; // an expression, a domain or an objective that cannot be analysed as asked

/** What all errors of the library are: `code` for programs, a message that says what, where, why and what to do for people. */
export class GradusError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "GradusError";
    this.code = code;
  }
}

export function fail(code: ErrorCode, message: string): never {
  throw new GradusError(code, message);
}
