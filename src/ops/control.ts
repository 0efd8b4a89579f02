// Control flow in the graph: scan (a loop of known length that is differentiable in both modes), while (forward mode only) and cond.

import { condOp } from "./control/cond.ts";
import { scanOp } from "./control/scan.ts";
import { whileOp } from "./control/while.ts";

export { type CondAttributes, cond, condNotation } from "./control/cond.ts";
export { type ScanAttributes, scan, scanNotation } from "./control/scan.ts";
export { type WhileAttributes, whileLoop, whileNotation } from "./control/while.ts";

export const controlOps = { scan: scanOp, while: whileOp, cond: condOp };
