import { describe, expect, it } from "vitest";
import { type Dataset, fingerprint } from "./dataset.ts";
import { digits, generateDigits } from "./digits.ts";

const image = (images: Uint8Array, i: number) => images.subarray(i * 784, (i + 1) * 784);

describe("generated digits", () => {
  it("are a function of seed and index, however they are asked for", () => {
    const all = generateDigits({ count: 60, seed: 3 });
    const some = generateDigits({ count: 7, seed: 3, start: 41 });
    expect([...some.labels]).toEqual([...all.labels.subarray(41, 48)]);
    for (let i = 0; i < 7; i++) expect(image(some.images, i)).toEqual(image(all.images, 41 + i));
  });

  it("differ between seeds and between training and test examples", () => {
    const seen = new Set<string>();
    for (const seed of [0, 1]) {
      const { train, test } = digits({ seed, train: 100, test: 100 });
      for (const d of [train, test])
        for (let i = 0; i < 100; i++) seen.add(d.inputs.data.subarray(i * 784, (i + 1) * 784).join());
    }
    expect(seen.size).toBe(400);
  });

  it("hold each class once in every ten", () => {
    const { labels } = generateDigits({ count: 500, seed: 9 });
    for (let i = 0; i < 500; i += 10) expect([...labels.subarray(i, i + 10)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("look like MNIST to the eye of a statistician", () => {
    const { images } = generateDigits({ count: 1000, seed: 0 });
    let sum = 0;
    let squares = 0;
    for (const x of images) {
      sum += x / 255;
      squares += (x / 255) ** 2;
    }
    const mean = sum / images.length;
    // MNIST: mean 0.131, standard deviation 0.308.
    expect(mean).toBeGreaterThan(0.11);
    expect(mean).toBeLessThan(0.15);
    expect(Math.sqrt(squares / images.length - mean * mean)).toBeCloseTo(0.308, 1);
    for (let i = 0; i < 1000; i++) {
      const one = image(images, i);
      expect(Math.max(...one)).toBeGreaterThan(200);
      let x = 0;
      let y = 0;
      let mass = 0;
      for (let p = 0; p < 784; p++) {
        mass += one[p];
        x += one[p] * ((p % 28) + 0.5);
        y += one[p] * (Math.floor(p / 28) + 0.5);
      }
      expect(Math.abs(x / mass - 14)).toBeLessThan(3.1);
      expect(Math.abs(y / mass - 14)).toBeLessThan(3.1);
    }
  });

  it("can be told apart by their nearest neighbours, and not by their class means alone", () => {
    const { train, test } = digits({ seed: 0, train: 2000, test: 300 });
    expect(accuracy(test, nearestNeighbour(train))).toBeGreaterThan(0.85);
    expect(accuracy(test, nearestNeighbour(classMeans(train)))).toBeLessThan(0.8);
  });

  it("keep their bits from version to version", () => {
    const { train, test } = digits({ seed: 0, train: 50, test: 20 });
    expect([fingerprint(train), fingerprint(test)]).toMatchInlineSnapshot(`
      [
        "a4cc6184256f675e",
        "5d4acb180e734578",
      ]
    `);
  });

  it("refuse bad counts and seeds", () => {
    expect(() => generateDigits({ count: 1.5, seed: 0 })).toThrow("count is 1.5; it must be a whole number");
    expect(() => generateDigits({ count: 1, seed: -1 })).toThrow("seed -1 is not an integer");
    expect(() => digits({ seed: 0, train: 10, test: 0 })).toThrow("digits (test) is empty");
  });
});

type Labelled = { readonly inputs: { readonly data: ArrayLike<number> }; readonly targets: { readonly data: ArrayLike<number> } };

function classMeans(d: Dataset): Labelled {
  const data = new Float64Array(10 * 784);
  for (let i = 0; i < d.size; i++) {
    for (let p = 0; p < 784; p++) data[d.targets.data[i] * 784 + p] += (10 * d.inputs.data[i * 784 + p]) / d.size;
  }
  return { inputs: { data }, targets: { data: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] } };
}

function nearestNeighbour({ inputs, targets }: Labelled) {
  return (x: ArrayLike<number>) => {
    let best = Infinity;
    let label = -1;
    for (let i = 0; i < targets.data.length; i++) {
      let distance = 0;
      for (let p = 0; p < 784 && distance < best; p++) distance += (x[p] - inputs.data[i * 784 + p]) ** 2;
      if (distance < best) {
        best = distance;
        label = targets.data[i];
      }
    }
    return label;
  };
}

function accuracy(d: Dataset, classify: (x: ArrayLike<number>) => number): number {
  let right = 0;
  for (let i = 0; i < d.size; i++) {
    if (classify(d.inputs.data.subarray(i * 784, (i + 1) * 784)) === d.targets.data[i]) right++;
  }
  return right / d.size;
}
