// A stream of random numbers addressed by counters: what it yields depends on its key and nothing else, so an example or a
// permutation can be made alone, in any order, anywhere. Threefry-2x32 with 20 rounds, as in numeric/random.ts, but written out
// for numbers: there a formula that engines render, here two million calls for a data set. On floats only + - * / and sqrt are
// used, so that every JavaScript engine gives the same bits.

import { fail } from "../graph/errors.ts";

/** What a stream is for. Streams of different purposes never coincide, whatever the seed. */
export const purposes = { glyph: 1, labels: 2, shuffle: 3, split: 4, centres: 5 } as const;
export type Purpose = (typeof purposes)[keyof typeof purposes];

/** Throws an argument error unless `seed` is an integer that a double holds exactly (0 ≤ seed < 2^53). */
export function checkSeed(operation: string, seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    fail("argument", `${operation}: seed ${seed} is not an integer between 0 and 2^53 - 1. Pass a whole number, for instance 0.`);
  }
}

export interface Stream {
  /** The next 32 random bits, as an unsigned integer. */
  bits(): number;
  /** Uniform on [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** Uniform on [low, high). */
  between(low: number, high: number): number;
  /** Bell-shaped, mean 0, standard deviation 1, never beyond ±3.47: the sum of four uniforms. */
  bell(): number;
  /** Uniform on the integers 0 … bound - 1, without modulo bias (Lemire's rejection). */
  below(bound: number): number;
}

/** The stream with key (seed, purpose) that starts at address `index`; up to 2^32 draws each. */
export function stream(seed: number, purpose: Purpose, index: number): Stream {
  const key = new Uint32Array(2);
  threefry(seed >>> 0, Math.floor(seed / 4294967296) >>> 0, purpose, 0, key);
  // The address is folded into the key in a second application, which leaves the whole counter to the draws.
  threefry(key[0], key[1], index >>> 0, Math.floor(index / 4294967296) >>> 0, key);
  const [key0, key1] = key;
  const block = new Uint32Array(2);
  let counter = 0;
  let buffered = false;

  function bits(): number {
    if (buffered) {
      buffered = false;
      return block[1];
    }
    threefry(key0, key1, counter++, 0, block);
    buffered = true;
    return block[0];
  }
  const uniform = () => bits() * 2.3283064365386963e-10;
  return {
    bits,
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    bell: () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.7320508075688772,
    below(bound) {
      const unbiased = 4294967296 - (4294967296 % bound);
      let x = bits();
      while (x >= unbiased) x = bits();
      return x % bound;
    },
  };
}

/** Threefry-2x32-20 of counter (c0, c1) under key (k0, k1), into `out`. */
export function threefry(k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void {
  const k2 = 0x1bd11bda ^ k0 ^ k1;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = (group & 1) === 1;
    x = (x + y) | 0;
    y = (odd ? (y << 13) | (y >>> 19) : (y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 15) | (y >>> 17) : (y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 26) | (y >>> 6) : (y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 6) | (y >>> 26) : (y << 24) | (y >>> 8)) ^ x;
    x = (x + (group % 3 === 0 ? k0 : group % 3 === 1 ? k1 : k2)) | 0;
    y = (y + (group % 3 === 0 ? k1 : group % 3 === 1 ? k2 : k0) + group) | 0;
  }
  out[0] = x;
  out[1] = y;
}
