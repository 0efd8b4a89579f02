// Data sets: made by code, from files and from tables; their order, batches and scale.

export { polynomialBasis, radialBasis } from "./basis.ts";
export { type Batches, type BatchOptions, batches, permutation, type SplitOptions, split } from "./batches.ts";
export {
  allocateBatch,
  type Batch,
  type Column,
  column,
  type Dataset,
  type DatasetParts,
  dataset,
  fingerprint,
  pixels,
  subset,
  take,
} from "./dataset.ts";
export { type DigitImages, digits, generateDigits } from "./digits.ts";
export { type Clusters, type KMeansOptions, kMeans } from "./k-means.ts";
export { mnist } from "./mnist.ts";
export { denormalize, fitNormalizer, type Normalizer, type NormalizerOptions, normalize } from "./normalizer.ts";
export {
  type CategoryEncoding,
  decodeTarget,
  encodeInputs,
  encodeTable,
  featureNames,
  fitTable,
  type NumberEncoding,
  splitTable,
  type TableEncoding,
  type TableOptions,
  tableDataset,
} from "./table.ts";
