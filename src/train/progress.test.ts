import { describe, expect, test } from "vitest";
import type { BatchEvent, BeginEvent, EpochEvent } from "./events.ts";
import { bytes, clock, count, duration, metric, namedMetric, percent, rate } from "./format.ts";
import { bar, batchLines, beginLine, endLine, epochLine, progress } from "./progress.ts";
import { fitColumns, paint, plain, wantsColour, wantsLive } from "./terminal.ts";

const begin: BeginEvent = {
  event: "begin",
  seed: 7,
  engine: "wasm",
  examples: 10_000,
  steps: 100,
  epochs: 12,
  parameters: 101_770,
  batchSize: 100,
};
const batch = (step: number, epoch = 1): BatchEvent => ({
  event: "batch",
  epoch,
  step,
  steps: 100,
  loss: 0.5,
  metrics: { accuracy: 0.875 },
});
const epoch: EpochEvent = {
  event: "epoch",
  epoch: 3,
  epochs: 12,
  seconds: 1.25,
  metrics: { loss: 0.25, accuracy: 0.9375, val_loss: 0.3, val_accuracy: 0.91 },
};

describe("numbers for people", () => {
  test.each([
    [0, "0:00"],
    [59.4, "0:59"],
    [59.6, "1:00"],
    [3599.6, "1:00:00"],
    [3723, "1:02:03"],
    [Number.POSITIVE_INFINITY, "-:--"],
  ])("%d seconds left read %s", (seconds, text) => expect(clock(seconds)).toBe(text));

  test.each([
    [0, "0 s"],
    [8.5e-5, "85 µs"],
    [3.21e-3, "3.2 ms"],
    [0.12, "120 ms"],
    [1.44, "1.4 s"],
    [59.96, "1 min 0 s"],
    [125, "2 min 5 s"],
    [3780, "1 h 3 min"],
  ])("%d s last %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  test("a negative metric reads like a positive one", () => {
    expect(metric(0.43215)).toBe("0.4321");
    expect(metric(-0.43215)).toBe("-0.4321");
    expect(metric(-0.00012345)).toBe("-1.234e-4");
    expect(metric(0)).toBe("0.0000");
    expect(metric(123456)).toBe("1.235e+5");
    expect(metric(Number.NaN)).toBe("NaN");
    expect(metric(Number.NEGATIVE_INFINITY)).toBe("−∞");
  });

  test("shares, counts, rates and bytes carry their units", () => {
    expect(percent(0.97125)).toBe("97.13 %");
    expect(count(101770)).toBe("101,770");
    expect(count(999)).toBe("999");
    expect([rate(94), rate(12_400), rate(1_300_000), rate(999_999)]).toEqual(["94.0", "12.4k", "1.30M", "1.00M"]);
    expect([bytes(512), bytes(407_080)]).toEqual(["512 B", "397.5 KiB"]);
    expect(namedMetric("val_accuracy", 0.9412)).toBe("val accuracy 94.12 %");
  });
});

describe("what a terminal can show", () => {
  test("NO_COLOR wins over FORCE_COLOR, which wins over the kind of terminal", () => {
    expect(wantsColour({}, { isTTY: true })).toBe(true);
    expect(wantsColour({}, { isTTY: false })).toBe(false);
    expect(wantsColour({ TERM: "dumb" }, { isTTY: true })).toBe(false);
    expect(wantsColour({ FORCE_COLOR: "1" }, { isTTY: false })).toBe(true);
    expect(wantsColour({ FORCE_COLOR: "0" }, { isTTY: true })).toBe(false);
    expect(wantsColour({ NO_COLOR: "1", FORCE_COLOR: "1" }, { isTTY: true })).toBe(false);
    expect(wantsColour({ NO_COLOR: "" }, { isTTY: true })).toBe(true);
  });

  test("a dumb terminal is never redrawn, whatever colour is forced", () => {
    expect(wantsLive({ TERM: "dumb", FORCE_COLOR: "1" }, { isTTY: true })).toBe(false);
    expect(wantsLive({ TERM: "xterm" }, { isTTY: true })).toBe(true);
    expect(wantsLive({}, {})).toBe(false);
  });

  test("a line is cut by what is visible of it", () => {
    const line = paint(true).green("abcdef");
    expect(plain(fitColumns(line, 4))).toBe("abc…");
    expect(fitColumns(line, 6)).toBe(line);
  });
});

describe("lines", () => {
  test("the two halves of a bar differ without colour", () => {
    expect(bar(0, 4)).toBe("────");
    expect(bar(0.5, 4)).toBe("━━──");
    expect(bar(0.375, 4)).toBe("━╸──");
    expect(bar(1, 4)).toBe("━━━━");
    expect(bar(Number.NaN, 4)).toBe("────");
    expect(bar(7, 4)).toBe("━━━━");
  });

  test("the block says where the epoch stands and how well it does", () => {
    expect(batchLines(batch(25), begin, { stepSeconds: 0.04, batchSize: 100 })).toEqual([
      "epoch  1/12  ━━━━━───────────────   25/100  0:03 left · 2.50k examples/s",
      "             loss 0.5000 · accuracy 87.50 % · 40 ms a step",
    ]);
  });

  test("no speed is claimed before one was measured", () => {
    expect(batchLines(batch(1), begin, { stepSeconds: undefined, batchSize: 100 })[0]).toBe(
      "epoch  1/12  ────────────────────    1/100",
    );
  });

  test("begin, epoch and end read as sentences", () => {
    expect(beginLine(begin)).toBe("training on 10,000 examples · 100 steps an epoch · 101,770 parameters · wasm · seed 7");
    expect(epochLine(epoch)).toBe("epoch  3/12  1.3 s · loss 0.2500 · accuracy 93.75 % · val loss 0.3000 · val accuracy 91.00 %");
    expect(
      endLine(
        { event: "end", status: "interrupted", metrics: { val_accuracy: 0.91 }, seconds: 75, run: "runs/digits" },
        { name: "val_accuracy", value: 0.92, epoch: 2, epochs: 3 },
      ),
    ).toBe("interrupted in 1 min 15 s · val accuracy 91.00 % · best val accuracy 92.00 % in epoch 2\nrun runs/digits");
  });
});

/** A terminal that interprets what it is sent, as far as progress goes. */
function screen(columns = 80) {
  const rows: string[] = [""];
  let row = 0;
  let writes = 0;
  return {
    isTTY: true,
    columns,
    write: (text: string) => {
      writes++;
      for (const part of text.replaceAll("\u001b[", "⎋").match(/⎋\d*[A-Z]|[^⎋]/g) ?? []) {
        if (part === "\n") rows[++row] ??= "";
        else if (part === "\r") rows[row] = "";
        else if (part.endsWith("A") && part.length > 1) row -= Number(part.slice(1, -1));
        else if (part === "⎋J") rows.length = row + 1;
        else rows[row] += part;
      }
    },
    rows: () => rows.filter((line, index) => line !== "" || index < rows.length - 1),
    writes: () => writes,
  };
}

describe("progress", () => {
  test("on a terminal, epochs stay and the block is replaced", () => {
    const terminal = screen();
    let time = 0;
    const emit = progress({ terminal, colour: false, now: () => time });
    emit(begin);
    for (let step = 1; step <= 100; step++) {
      time += 0.01;
      emit(batch(step));
    }
    expect(terminal.rows()).toHaveLength(3);
    expect(terminal.rows()[1]).toContain("100/100");
    expect(terminal.rows()[1]).toContain("0:00 left · 10.0k examples/s");
    emit({ ...epoch, epoch: 1 });
    emit({ event: "end", status: "done", metrics: { val_accuracy: 0.91 }, seconds: 1 });
    expect(terminal.rows()).toEqual([
      beginLine(begin),
      epochLine({ ...epoch, epoch: 1 }),
      "done in 1.0 s · val accuracy 91.00 %",
    ]);
  });

  test("redraws come no closer than 50 ms, but for the last step", () => {
    const terminal = screen();
    let time = 0;
    const emit = progress({ terminal, colour: false, now: () => time });
    emit(begin);
    for (let step = 1; step <= 99; step++) {
      time += 0.001;
      emit(batch(step));
    }
    expect(terminal.writes()).toBe(1 + 2); // at 1 ms and at 51 ms
    emit(batch(100));
    expect(terminal.writes()).toBe(4);
  });

  test("the first step and the pause between epochs do not count as speed", () => {
    const terminal = screen();
    let time = 0;
    const emit = progress({ terminal, colour: false, now: () => time });
    emit(begin);
    time = 30; // compiling
    emit(batch(1));
    for (let step = 2; step <= 100; step++) {
      time += 0.06;
      emit(batch(step));
    }
    emit({ ...epoch, epoch: 1 });
    time += 100; // validating
    emit(batch(1, 2));
    time += 0.06;
    emit(batch(2, 2));
    expect(terminal.rows().at(-1)).toContain("60 ms a step");
  });

  test("a narrow terminal gets shorter lines, never more of them", () => {
    const terminal = screen(30);
    const emit = progress({ terminal, colour: false, now: () => 0 });
    emit(begin);
    emit(batch(1));
    expect(terminal.rows()).toHaveLength(3);
    for (const line of terminal.rows().slice(1)) expect(line.length).toBeLessThanOrEqual(30);
  });

  test("elsewhere there is a line per epoch and no control character", () => {
    let output = "";
    const emit = progress({ terminal: { write: (text) => (output += text) } });
    emit(begin);
    for (let step = 1; step <= 100; step++) emit(batch(step));
    emit({ event: "warning", message: "labels are unbalanced" });
    emit(epoch);
    emit({ event: "end", status: "failed", metrics: {}, seconds: 2, message: "loss is NaN" });
    expect(output).toBe(`${beginLine(begin)}\nwarning labels are unbalanced\n${epochLine(epoch)}\nfailed in 2.0 s\n`);
  });
});
