// Losses: functions of predictions and targets that give one number, the mean over the batch.

export * from "./classification.ts";
export { halfSquaredError, hinge, huber, meanAbsoluteError, meanSquaredError, squaredError } from "./regression.ts";
