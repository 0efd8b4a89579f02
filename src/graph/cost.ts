// The work of nodes and graphs, added up from what each operation says of itself.

import { type Graph, type Node, topologicalOrder, typeOf } from "./node.ts";
import type { Cost } from "./primitive.ts";

/** What one evaluation of a node takes. Of a call or of control flow: what its body takes. */
export function costOf({ op, inputs, outputs, attributes }: Node): Cost {
  return op.cost(inputs.map(typeOf), outputs, attributes);
}

/** The sum of costs, `times` over. */
export function sumOfCosts(costs: readonly Cost[], times = 1): Cost {
  const total = { multiplyAdds: 0, elementary: 0, transcendental: 0 };
  for (const cost of costs) {
    total.multiplyAdds += times * cost.multiplyAdds;
    total.elementary += times * cost.elementary;
    total.transcendental += times * cost.transcendental;
  }
  return total;
}

/** The work of all nodes of the graphs, `times` over. */
export function costOfGraphs(graphs: readonly Graph[], times = 1): Cost {
  return sumOfCosts(
    graphs.flatMap(({ outputs }) => topologicalOrder(outputs).map(costOf)),
    times,
  );
}
