// Help texts, made from the grammar.

import { type Paint, paint } from "../train/terminal.ts";
import { type CommandName, commandNames, commandSpecs, commonOptions, type OptionSpec } from "./grammar.ts";

/** What `gradus --help` prints. */
export function generalHelp(version: string, style: Paint = paint(false)): string {
  const width = Math.max(...commandNames.map((name) => name.length));
  const lines = commandNames.map((name) => `  ${style.cyan(name.padEnd(width))}  ${commandSpecs[name].purpose}`);
  return `${style.bold("gradus")} ${version} — train neural networks, and know why they train

${style.bold("Usage")}  gradus COMMAND [ARGUMENT…] [--OPTION…]

${style.bold("Commands")}
${lines.join("\n")}

${style.bold("Everywhere")}
${optionLines({ ...commonOptions, version: { kind: "flag", help: "print the version" } }, style)}

${style.bold("Start here")}
  gradus train digits
  gradus COMMAND --help

Exit codes: 0 done; 1 training failed, or the answer is no; 2 the command line is wrong; 130 interrupted.
`;
}

/** What `gradus COMMAND --help` prints. */
export function commandHelp(name: CommandName, style: Paint = paint(false)): string {
  const spec = commandSpecs[name];
  const details = spec.details === undefined ? "" : `\n${spec.details}\n`;
  return `${style.bold(`gradus ${name}`)} — ${spec.purpose}

${style.bold("Usage")}  gradus ${name} ${spec.usage} [--OPTION…]
${details}
${style.bold("Options")}
${optionLines({ ...spec.options, ...commonOptions }, style)}

${style.bold("Examples")}
${spec.examples.map((example) => `  ${example}`).join("\n")}
`;
}

function optionLines(options: Readonly<Record<string, OptionSpec>>, style: Paint): string {
  const heads = Object.entries(options).map(([name, { short, value }]) => {
    const head = short === undefined ? `    --${name}` : `-${short}, --${name}`;
    return value === undefined ? head : `${head} ${value}`;
  });
  const width = Math.max(...heads.map((head) => head.length));
  return Object.values(options)
    .map(({ help }, index) => `  ${style.cyan(heads[index].padEnd(width))}  ${help}`)
    .join("\n");
}
