// File formats, as functions on bytes and text, and reading and writing files in Node.

export { type CategoryColumn, type CsvOptions, type NumberColumn, parseCsv, type Table, type TableColumn } from "./csv.ts";
export { type JsonLines, openJsonLines, readFile, readJsonLines, readText, writeFileAtomic } from "./files.ts";
export { decodeIdx, type IdxArray, type IdxData, type IdxType, parseIdx } from "./idx.ts";
export { decodeNpy, decodeNpz, encodeNpy, encodeNpz, type NpyArray } from "./npy.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  type StoredTensor,
  type TensorToStore,
} from "./safetensors.ts";
