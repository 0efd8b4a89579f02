// Counter-based random bits: a keyed permutation of counters, so that the bits of element i depend on key and i alone, in any
// order and on any number of threads. Threefry-2x32, 20 rounds: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as
// 1, 2, 3" (SC 2011); it passes BigCrush, and needs only additions, rotations and exclusive-ors.

import type { BitAlgebra } from "./algebra.ts";

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const parity = 0x1bd11bda; // Skein's key-schedule constant

function rotateLeft<V>(k: BitAlgebra<V>, x: V, bits: number): V {
  return k.bitOr(k.shiftLeft(x, bits), k.shiftRight(x, 32 - bits));
}

/** 64 random bits, as two words, from a 64-bit key and a 64-bit counter. */
export function threefry2x32<V>(k: BitAlgebra<V>, key0: V, key1: V, counter0: V, counter1: V): readonly [V, V] {
  const keys = [key0, key1, k.xor(k.constant(parity), k.xor(key0, key1))];
  let x0 = k.add(counter0, key0);
  let x1 = k.add(counter1, key1);
  for (let group = 0; group < 5; group++) {
    for (const bits of rotations[group % 2]) {
      x0 = k.add(x0, x1);
      x1 = k.xor(rotateLeft(k, x1, bits), x0);
    }
    x0 = k.add(x0, keys[(group + 1) % 3]);
    x1 = k.add(k.add(x1, keys[(group + 2) % 3]), k.constant(group + 1));
  }
  return [x0, x1];
}

/**
 * target[from + i] = the first word of threefry2x32 of the counter (i, counter1), shifted right by `dropped` bits, for i < count. The same
 * rounds written out over numbers: parameters are drawn when nothing is compiled yet, and a small loop is compiled soonest.
 */
export function fillWords(
  target: { [index: number]: number },
  [from, count]: readonly [from: number, count: number],
  [key0, key1]: readonly [key0: number, key1: number],
  counter1: number,
  dropped: number,
): void {
  const key2 = parity ^ key0 ^ key1;
  for (let i = 0; i < count; i++) {
    let a = (i + key0) | 0;
    let b = (counter1 + key1) | 0;
    // The keys of the next group, in turn.
    let k0 = key1;
    let k1 = key2;
    let k2 = key0;
    for (let group = 1; group < 6; group++) {
      // Rotations, a byte each, the next one lowest: shifts look at five bits.
      for (let r = group & 1 ? 0x061a0f0d : 0x18101d11; r; r >>= 8) {
        a = (a + b) | 0;
        b = ((b << r) | (b >>> -r)) ^ a;
      }
      a = (a + k0) | 0;
      b = (b + k1 + group) | 0;
      const last = k0;
      k0 = k1;
      k1 = k2;
      k2 = last;
    }
    target[from + i] = a >>> dropped;
  }
}

/**
 * The key of a seed, any finite number: its 64-bit float pattern through the SplitMix64 finalizer (Steele, Lea & Flood 2014), so
 * that neighbouring seeds have unrelated keys. A bijection: different seeds, different keys (-0 counts as 0).
 */
export function keyFromSeed(seed: number): Int32Array {
  if (!Number.isFinite(seed)) throw new RangeError(`keyFromSeed: the seed ${seed} is not a finite number.`);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, seed + 0);
  let z = BigInt.asUintN(64, view.getBigUint64(0) + 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  z ^= z >> 31n;
  return Int32Array.of(Number(BigInt.asIntN(32, z >> 32n)), Number(BigInt.asIntN(32, z)));
}
