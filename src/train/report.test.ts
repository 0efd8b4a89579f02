import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderReport } from "./report.ts";
import { chartFigure } from "./report-chart.ts";
import type { ReportData } from "./report-data.ts";
import { escapeHtml, logTicks, niceTicks, tickLabel } from "./report-html.ts";
import {
  type Colour,
  divergingIndex,
  divergingPalette,
  encodePng,
  floatsFromBase64,
  floatsToBase64,
  fromBase64,
  toBase64,
} from "./report-image.ts";

const epoch = (n: number, loss: number, accuracy: number) => ({
  epoch: n,
  seconds: 1,
  metrics: { loss, accuracy, val_loss: loss * 1.1, val_accuracy: accuracy - 0.01 },
});

const sample: ReportData = {
  title: "digits <script>alert(1)</script>",
  status: "done",
  startedAt: "2026-11-21T09:40:12.000Z",
  seconds: 12.5,
  version: "0.1.0",
  engine: "wasm",
  seed: 7,
  command: "gradus train digits --seed 7",
  history: [epoch(1, 0.7, 0.8), epoch(2, 0.3, 0.92), epoch(3, 0.2, 0.91)],
  steps: [
    { epoch: 0.5, loss: 1.1 },
    { epoch: 1, loss: 0.6 },
  ],
  examples: { train: 1000, validation: 30 },
  configuration: { optimizer: { name: "adam", learningRate: 0.001 }, hidden: [64, 64], note: 'a "quoted" <b>' },
  confusion: {
    labels: ["a", "b", "c"],
    counts: [
      [8, 2, 0],
      [0, 10, 0],
      [3, 0, 7],
    ],
  },
  mistakes: {
    total: 5,
    examples: 30,
    width: 2,
    height: 1,
    shown: [{ index: 4, truth: "a", predicted: "b", confidence: 0.987, pixels: toBase64(Uint8Array.of(0, 255)) }],
  },
  weights: { layer: "layers[0]", units: 3, width: 2, height: 1, values: floatsToBase64([1, -1, 0.5, 0, -0.5, Number.NaN]) },
  parameters: [
    { path: "layers[0].weight", shape: [2, 3], dtype: "float32", formula: "2 × 3", rms: 0.5 },
    { path: "layers[0].bias", shape: [3], dtype: "float64", trainable: false },
  ],
  timing: [{ name: "training", seconds: 10 }],
  machine: { CPU: "a & b" },
};

describe("a report", () => {
  const html = renderReport(sample);

  test("needs nothing from the network", () => {
    const references = [...html.matchAll(/(?:src|href)\s*=\s*["']?([^"'\s>]+)|url\(([^)]+)\)|@import\s+(\S+)/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, attribute, url, style] of references) expect(attribute ?? url ?? style).toMatch(/^data:image\/png;base64,/);
    expect(html).not.toMatch(/https?:\/\//);
  });

  test("shows text from outside as text", () => {
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("digits &lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).toContain("a &quot;quoted&quot; &lt;b&gt;");
    expect(html).toContain("a &amp; b");
  });

  test("opens every element that it closes", () => {
    const body = html.replace(/<(style|script)>[\s\S]*?<\/\1>/g, "");
    const open: string[] = [];
    for (const [, close, name, rest] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
      if (["meta", "input", "img"].includes(name) || rest.endsWith("/")) continue;
      if (close === "") open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test("counts recall, precision and confusions", () => {
    const table = /<table class="confusion">[\s\S]*?<\/table>/.exec(html)?.[0] ?? "";
    expect([...table.matchAll(/class="rate"[^>]*>([\d.]+ %)/g)].map(([, text]) => text)).toEqual([
      "80.0 %",
      "100.0 %",
      "70.0 %",
      "73 %",
      "83 %",
      "100 %",
    ]);
    expect(html).toContain("25 of 30 right");
    expect(html.indexOf("<b>c → a</b>")).toBeLessThan(html.indexOf("<b>a → b</b>"));
  });

  test("sums parameters and their bytes", () => {
    expect(html).toContain("<td>9</td><td>48 B</td>");
    expect(html).toContain('<span class="soft">fixed</span>');
  });

  test("leads with the validation accuracy and marks the best epochs", () => {
    expect(html).toContain('<div class="lead"><dt>validation accuracy</dt><dd>90.00 %</dd></div>');
    expect(html).toContain("validation loss 0.2200 in epoch 3, validation accuracy 91.00 % in epoch 2.");
  });

  test("is written for a run that failed before its first epoch too", () => {
    const { confusion: _, mistakes: __, weights: ___, steps: ____, ...rest } = sample;
    const failed = renderReport({ ...rest, status: "failed", message: "loss is NaN", history: [], parameters: [] });
    expect(failed).toContain("No epoch was completed.");
    expect(failed).toContain('<p class="message">loss is NaN</p>');
  });

  test("survives JSON, as a run folder keeps it", () => {
    expect(renderReport(JSON.parse(JSON.stringify(sample)))).toBe(html);
  });
});

describe("a chart", () => {
  const chart = (values: readonly number[], metric = "loss") =>
    chartFigure({
      id: "c",
      title: "C",
      metric,
      logName: "logarithmic",
      series: [{ name: "training", style: "train", points: values.map((value, index) => [index + 1, value] as const) }],
    });

  test("a value that is not finite breaks the line and does not spoil the axis", () => {
    const figure = chart([1, 2, Number.NaN, Number.POSITIVE_INFINITY, 1]);
    const path = /<path d="([^"]*)"/.exec(figure)?.[1] ?? "";
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path).not.toMatch(/NaN|Infinity/);
    expect(figure).toContain("&quot;4&quot;:{&quot;training&quot;:&quot;∞&quot;}");
  });

  test("there is a logarithmic view exactly where logarithms exist", () => {
    expect(chart([1, 0.1])).toContain('<svg class="log"');
    expect(chart([1, 0])).not.toContain('<svg class="log"');
    expect(chart([0.5, 0.99], "accuracy")).toContain('<svg class="log"');
    expect(chart([0.5, 1], "accuracy")).not.toContain('<svg class="log"');
  });

  test("an accuracy axis ends at 100 %", () => {
    const ticks = [...chart([0.2, 1], "accuracy").matchAll(/>(\d+) %<\/text>/g)].map(([, text]) => Number(text));
    expect(Math.max(...ticks)).toBe(100);
  });

  test("every point lies inside the picture", () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, (numbers) => {
        const path = /<path d="([^"]*)"/.exec(chart(numbers))?.[1] ?? "";
        const points = [...path.matchAll(/[ML]([-\d.e]+) ([-\d.e]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
        expect(points).toHaveLength(numbers.length);
        for (const [x, y] of points) {
          expect(x).toBeGreaterThanOrEqual(56);
          expect(x).toBeLessThanOrEqual(544);
          expect(y).toBeGreaterThanOrEqual(15.9);
          expect(y).toBeLessThanOrEqual(260.1);
        }
      }),
    );
  });
});

describe("ticks", () => {
  test("are round, evenly spaced, and cover the values", () => {
    const range = fc.tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-6, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(range, ([low, size]) => {
        fc.pre(size > Math.abs(low) * 1e-6);
        const high = low + size;
        const ticks = niceTicks(low, high, 6);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(9);
        expect(ticks[0]).toBeLessThanOrEqual(low + size * 1e-6);
        expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(high - size * 1e-6);
        const step = ticks[1] - ticks[0];
        const mantissa = step / 10 ** Math.floor(Math.log10(step * 1.0001));
        expect([1, 2, 5].some((nice) => Math.abs(mantissa - nice) < 1e-3)).toBe(true);
      }),
    );
    expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(3, 3, 5)[0]).toBeLessThan(3);
  });

  test("logarithmic ones cover the values too", () => {
    expect(logTicks(0.003, 0.6)).toEqual([0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
    expect(logTicks(1e-6, 1)).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]);
    expect(logTicks(1e-40, 1)).toEqual([1e-40, 1e-35, 1e-30, 1e-25, 1e-20, 1e-15, 1e-10, 1e-5, 1]);
    expect(tickLabel(1e-6)).toBe("1e-6");
    expect(tickLabel(1500)).toBe("1500");
  });

  test("text is safe in attributes", () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe("&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
  });
});

describe("PNG", () => {
  /** Reads what encodePng writes, by the specification, with zlib as the oracle. */
  function decode(png: Uint8Array): { chunks: string[]; rows: number[][] } {
    const view = new DataView(png.buffer, png.byteOffset);
    const chunks: string[] = [];
    let data = new Uint8Array(0);
    let width = 0;
    for (let at = 8; at < png.length; ) {
      const length = view.getUint32(at);
      const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
      const body = png.subarray(at + 8, at + 8 + length);
      chunks.push(type);
      if (type === "IHDR") width = view.getUint32(at + 8);
      if (type === "IDAT") data = Uint8Array.from(inflateSync(body));
      at += 12 + length;
    }
    const rows: number[][] = [];
    for (let at = 0; at < data.length; at += width + 1) rows.push([...data.subarray(at + 1, at + 1 + width)]);
    return { chunks, rows };
  }

  test("pixels come back, also when they need several blocks", () => {
    const palette: Colour[] = [
      [0, 0, 0, 0],
      [255, 255, 255, 255],
    ];
    for (const [width, height] of [
      [3, 2],
      [300, 700],
    ]) {
      const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * 7) % 2);
      const { chunks, rows } = decode(encodePng(pixels, width, height, palette));
      expect(chunks).toEqual(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
      expect(rows.flat()).toEqual([...pixels]);
    }
  });

  test("its check sum is that of the specification", () => {
    const png = encodePng(new Uint8Array(1), 1, 1, [[0, 0, 0, 0]]);
    expect([...png.slice(-12)]).toEqual([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
  });

  test("weights of opposite sign get opposite colours of the same strength, zero none", () => {
    const palette = divergingPalette();
    expect(palette[divergingIndex(0, 1)][3]).toBe(0);
    expect(palette[divergingIndex(Number.NaN, 1)][3]).toBe(0);
    for (const weight of [0.1, 0.5, 1, 3]) {
      const [negative, positive] = [palette[divergingIndex(-weight, 1)], palette[divergingIndex(weight, 1)]];
      expect(negative[3]).toBe(positive[3]);
      expect(negative[3]).toBeGreaterThan(0);
      expect(negative.slice(0, 3)).not.toEqual(positive.slice(0, 3));
    }
  });

  test("numbers survive base64", () => {
    const values = [0, -1.5, 3e38, Number.NaN, Number.POSITIVE_INFINITY];
    expect([...floatsFromBase64(floatsToBase64(values))]).toEqual([...Float32Array.from(values)]);
    expect([...fromBase64(toBase64(Uint8Array.of(0, 128, 255)))]).toEqual([0, 128, 255]);
  });
});
