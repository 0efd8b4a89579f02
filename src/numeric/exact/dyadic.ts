// Powers of two, without the pitfalls of 2 ** k.

/** x·2^k, exact unless the result is out of range: subnormal results must be representable, too large ones are ±Infinity. */
export function scaleByPower(x: number, k: number): number {
  let result = x;
  let left = k;
  for (; left > 1000; left -= 1000) result *= 2 ** 1000;
  for (; left < -1000; left += 1000) result *= 2 ** -1000;
  return result * 2 ** left;
}
