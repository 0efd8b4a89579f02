// Metrics: functions of predictions and targets whose sums over batches give a value.

export * from "./classification.ts";
export { addTotals, type Metric, metric, type Totals } from "./metric.ts";
export * from "./regression.ts";
