// A process that compiles one native unit and prints where it is: the tests start several, and kill some.
//
//   node scripts/ts.mjs tests/native/compile-child.ts TEXT

import { compileUnits } from "../../src/engines/native/cc.ts";

const [text] = process.argv.slice(2);
const [{ library }] = compileUnits([{ name: "a test", files: { "a.c": text }, flags: ["-O1"] }]);
process.stdout.write(library);
