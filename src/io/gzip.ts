// Decompression with what browsers and Node both have (DecompressionStream).

import { GradusError } from "../graph/errors.ts";

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Decompresses gzip (or raw deflate). Throws a data error naming `source` if the stream is damaged or cut short. */
export async function inflate(bytes: Uint8Array, source: string, format: "gzip" | "deflate-raw" = "gzip"): Promise<Uint8Array> {
  try {
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new GradusError(
      "data",
      `${source}: the compressed data are damaged or cut short (${bytes.length} bytes read; ${why}). Fetch the file again.`,
      { cause: error },
    );
  }
}
