// A run that is interrupted and resumed ends in the same bits as one that is not, wherever it is interrupted: dropout, running
// statistics, a short last batch, means of metrics and what callbacks remember included.

import { describe, expect, test } from "vitest";
import { fit } from "../../src/index.ts";
import { earlyStopping } from "../../src/train/callbacks.ts";
import type { FitOptions, FitResult } from "../../src/train/fit.ts";
import { decodeSnapshot, encodeSnapshot, type Snapshot } from "../../src/train/snapshot.ts";
import { noisyModel, noisyOptions, noisyTraining, points, timeless, timelessBytes } from "../../src/train/test-support.ts";

const { data, batchesPerEpoch, epochs } = noisyTraining;

interface Part {
  readonly result: FitResult;
  /** The last checkpoint, as it would lie in a file. */
  readonly file: Uint8Array;
  readonly snapshot: Snapshot;
}

/** Trains until `batches` batches are taken, or to the end. */
async function trainPart(
  options: FitOptions,
  { from, batches = Infinity }: { from?: Uint8Array; batches?: number } = {},
): Promise<Part> {
  const controller = new AbortController();
  let taken = 0;
  let snapshot: Snapshot | undefined;
  if (batches === 0) controller.abort();
  const counter = {
    name: "counter",
    onBatchEnd: () => {
      if (++taken === batches) controller.abort();
    },
  };
  const result = await fit(noisyModel(), data, {
    ...options,
    callbacks: [...(options.callbacks ?? []), counter],
    signal: controller.signal,
    checkpoint: async (s) => {
      snapshot = s;
    },
    resume: from && ((fresh) => decodeSnapshot(from, fresh, "the file")),
  });
  if (!snapshot) throw new Error("there was no checkpoint");
  return { result, file: encodeSnapshot(snapshot), snapshot };
}

describe.each(["wasm", "interpreter"] as const)("on %s", (engine) => {
  const options = () => ({ ...noisyOptions(), engine });
  const total = epochs * batchesPerEpoch;
  const uninterrupted = trainPart(options());

  test("the same seed gives the same bytes twice, another seed others", async () => {
    const again = await trainPart(options());
    expect(timelessBytes(again.snapshot)).toStrictEqual(timelessBytes((await uninterrupted).snapshot));
    const other = await trainPart({ ...options(), seed: 6 });
    expect(timelessBytes(other.snapshot)).not.toStrictEqual(timelessBytes((await uninterrupted).snapshot));
  });

  test.each(Array.from({ length: total + 1 }, (_, k) => k))("interrupted after %i batches", async (batches) => {
    const whole = await uninterrupted;
    const first = await trainPart(options(), { batches });
    expect(first.result.status).toBe("interrupted");
    // After the last batch of an epoch its validation is still to come.
    const ended = Math.max(0, Math.ceil(batches / batchesPerEpoch) - 1);
    expect(first.result.history).toHaveLength(ended);
    expect(first.snapshot.cursor.batch).toBe(batches - ended * batchesPerEpoch);
    const second = await trainPart(options(), { from: first.file });
    expect(second.result.status).toBe("done");
    expect(timelessBytes(second.snapshot)).toStrictEqual(timelessBytes(whole.snapshot));
    expect(timeless(second.result.history)).toStrictEqual(timeless(whole.result.history));
  });

  test("interrupted after every single batch", async () => {
    let part = await trainPart(options(), { batches: 1 });
    for (let i = 1; part.result.status === "interrupted"; i++) {
      expect(i).toBeLessThanOrEqual(total);
      part = await trainPart(options(), { from: part.file, batches: 1 });
    }
    expect(timelessBytes(part.snapshot)).toStrictEqual(timelessBytes((await uninterrupted).snapshot));
  });

  test("resumed from every checkpoint that was written on the way", async () => {
    const files: Uint8Array[] = [];
    await fit(noisyModel(), data, {
      ...options(),
      checkpointSeconds: 0,
      checkpoint: async (s) => void files.push(encodeSnapshot(s)),
    });
    expect(files.length).toBeGreaterThanOrEqual(total);
    for (const from of files) {
      const { snapshot } = await trainPart(options(), { from });
      expect(timelessBytes(snapshot)).toStrictEqual(timelessBytes((await uninterrupted).snapshot));
    }
  });

  test("epochs after the end equal those of a longer run", async () => {
    const longer = { ...options(), epochs: epochs + 2 };
    const whole = await trainPart(longer);
    const { snapshot } = await trainPart(longer, { from: (await uninterrupted).file });
    expect(timelessBytes(snapshot)).toStrictEqual(timelessBytes(whole.snapshot));
  });
});

test("early stopping counts on after a resumption, and a stopped run stays stopped", async () => {
  // No loss falls by 10 an epoch, so the best is the first and training ends after epoch 3.
  const options = () => ({ ...noisyOptions(), epochs: 8, callbacks: [earlyStopping({ patience: 2, minDelta: 10 })] });
  const whole = await trainPart(options());
  expect(whole.result.status).toBe("done");
  expect(whole.result.history).toHaveLength(3);
  expect(whole.result.reason).toContain("val_loss has not improved for 2 epochs");
  for (let batches = 0; batches <= 3 * batchesPerEpoch; batches++) {
    const first = await trainPart(options(), { batches });
    const second = await trainPart(options(), { from: first.file });
    expect(second.result.reason).toBe(whole.result.reason);
    expect(timelessBytes(second.snapshot)).toStrictEqual(timelessBytes(whole.snapshot));
  }
  const again = await trainPart(options(), { from: whole.file });
  expect(again.result.history).toHaveLength(3);
  expect(timelessBytes(again.snapshot)).toStrictEqual(timelessBytes(whole.snapshot));
  const longer = await trainPart({ ...options(), epochs: 9 }, { from: whole.file });
  expect(longer.result.history).toHaveLength(4);
});

test("a run that a callback ended within an epoch is the same after a resumption at that point", async () => {
  const quitter = () => {
    let seen = 0;
    return {
      name: "quitter",
      onBegin: () => {
        seen = 0;
      },
      onBatchEnd: ({ stop }: { stop: (reason: string) => void }) => {
        if (++seen === 5) stop("enough");
      },
      save: () => seen,
      restore: (saved: unknown) => {
        seen = saved as number;
      },
    };
  };
  const options = () => ({ ...noisyOptions(), callbacks: [quitter()] });
  const whole = await trainPart(options());
  expect(whole.result.reason).toBe("enough");
  expect(whole.result.history).toHaveLength(2);
  expect(whole.snapshot.state.step.item()).toBe(5);
  for (let batches = 0; batches <= 5; batches++) {
    const first = await trainPart(options(), { batches });
    const second = await trainPart(options(), { from: first.file });
    expect(timelessBytes(second.snapshot)).toStrictEqual(timelessBytes(whole.snapshot));
  }
});

test("other data, or another order of them, is refused", async () => {
  const { file } = await trainPart(noisyOptions(), { batches: 4 });
  const resume = (options: Partial<FitOptions>, on = data) =>
    fit(noisyModel(), on, { ...noisyOptions(), ...options, resume: (fresh) => decodeSnapshot(file, fresh, "c") });
  await expect(resume({}, points(21))).rejects.toThrow("the training data are not those of the checkpoint");
  await expect(resume({ seed: 4 })).rejects.toThrow(
    "resume: seed is 4, but the checkpoint was made with 5. It must stay the same.",
  );
  await expect(resume({ batchSize: 4 })).rejects.toThrow("batchSize is 4");
  await expect(resume({ shuffle: false })).rejects.toThrow("shuffle is false");
  await expect(resume({ dropRemainder: true })).rejects.toThrow("dropRemainder is true");
});
