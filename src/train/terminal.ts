// What a terminal can show: colour and a display that redraws itself, by the conventions that well-behaved tools follow
// (no-color.org, force-color.org, TERM=dumb).

/** The part of a writable stream that is needed to print. */
export interface Terminal {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Whether to colour: NO_COLOR says no, FORCE_COLOR yes (0 or false: no), else a terminal that is not dumb is coloured. */
export function wantsColour(environment: Environment, terminal: Pick<Terminal, "isTTY">): boolean {
  if (environment.NO_COLOR !== undefined && environment.NO_COLOR !== "") return false;
  const force = environment.FORCE_COLOR;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return terminal.isTTY === true && environment.TERM !== "dumb";
}

/** Whether lines may be redrawn in place: only on a terminal that can move its cursor. */
export function wantsLive(environment: Environment, terminal: Pick<Terminal, "isTTY">): boolean {
  return terminal.isTTY === true && environment.TERM !== "dumb";
}

/** Functions that colour text, or that leave it alone. */
export function paint(colour: boolean): Paint {
  const style = (open: number, close: number) => (text: string) => (colour ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    cyan: style(36, 39),
  };
}

/** `text` without its colours. */
export function plain(text: string): string {
  return text
    .split(colours)
    .filter((piece) => !piece.startsWith(introducer))
    .join("");
}

/** Cuts `text` to `columns` visible characters, colours closed, so that a redrawn line never wraps. */
export function fitColumns(text: string, columns: number): string {
  if (plain(text).length <= columns) return text;
  let left = columns - 1;
  let result = "";
  for (const piece of text.split(colours)) {
    if (piece.startsWith(introducer)) result += piece;
    else {
      result += piece.slice(0, left);
      left -= Math.min(left, piece.length);
    }
    if (left === 0) break;
  }
  return `${result}${result.includes(introducer) ? `${introducer}0m` : ""}…`;
}

const introducer = "\u001b[";
const colours = new RegExp(`(${introducer.replace("[", "\\[")}[0-9;]*m)`);
