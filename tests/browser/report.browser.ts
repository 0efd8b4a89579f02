// A report as a browser shows it: pictures decode, curves are visible, values appear under the pointer, nothing overflows.

import { renderReport } from "../../src/train/report.ts";
import type { ReportData } from "../../src/train/report-data.ts";
import { floatsToBase64, toBase64 } from "../../src/train/report-image.ts";
import { checks } from "./checks.ts";

const side = 28;
const epochs = [1, 2, 3, 4, 5];

const data: ReportData = {
  title: "digits",
  status: "done",
  startedAt: "2026-11-21T09:40:12.000Z",
  seconds: 12.5,
  version: "0.1.0",
  engine: "wasm",
  seed: 7,
  history: epochs.map((epoch) => ({
    epoch,
    seconds: 1,
    metrics: { loss: 1 / epoch, accuracy: 1 - 0.3 / epoch, val_loss: 1.2 / epoch, val_accuracy: 1 - 0.4 / epoch },
  })),
  configuration: { task: "digits" },
  confusion: {
    labels: [..."0123456789"],
    counts: Array.from({ length: 10 }, (_, i) => Array.from({ length: 10 }, (_, j) => (i === j ? 90 : (i + j) % 3))),
  },
  mistakes: {
    total: 12,
    examples: 1000,
    width: side,
    height: side,
    shown: Array.from({ length: 12 }, (_, index) => ({
      index,
      truth: "4",
      predicted: "9",
      confidence: 0.9,
      pixels: toBase64(Uint8Array.from({ length: side * side }, (_, i) => (i * index) % 256)),
    })),
  },
  weights: {
    layer: "layers[1]",
    units: 20,
    width: side,
    height: side,
    values: floatsToBase64(Array.from({ length: 20 * side * side }, (_, i) => Math.sin(i))),
  },
  parameters: [{ path: "layers[1].weight", shape: [784, 20], dtype: "float32" }],
  machine: { CPU: "test" },
};

export async function run() {
  const { check, result } = checks();
  for (const width of [1200, 390]) {
    const frame = document.createElement("iframe");
    frame.style.width = `${width}px`;
    frame.style.height = "900px";
    frame.srcdoc = renderReport(data);
    const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
    document.body.append(frame);
    await loaded;
    const page = frame.contentDocument;
    if (page === null) throw new Error("the report did not load");
    const images = [...page.querySelectorAll("img")];
    await Promise.all(images.map((image) => image.decode()));
    check("every mistake has its picture", images.length === 12 && images.every((image) => image.naturalWidth === side));
    check("every unit has its weights", page.querySelectorAll(".filters li").length === 20);
    check("nothing is wider than the page", page.documentElement.scrollWidth <= width);
    check("each curve is seen once", [...page.querySelectorAll("figure svg")].filter(isSeen).length === 2);
    followPointer(page, check);
    switchView(page, check);
    frame.remove();
  }
  return result();
}

type Check = ReturnType<typeof checks>["check"];

function followPointer(page: Document, check: Check): void {
  const svg = page.querySelector("#chart-loss svg.linear");
  const tip = page.querySelector<HTMLElement>("#chart-loss .tip");
  if (svg === null || tip === null) throw new Error("the report has no loss curve");
  const box = svg.getBoundingClientRect();
  svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.right - 10, clientY: box.top + 50 }));
  check(
    "the values under the pointer are shown",
    tip.textContent === "epoch 5\ntraining 0.2000\nvalidation 0.2400" && !tip.hidden,
  );
  svg.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
  check("the arrow keys move through the epochs", tip.textContent?.startsWith("epoch 4\n") === true);
  svg.dispatchEvent(new PointerEvent("pointerleave"));
  check("they vanish with the pointer", tip.hidden === true);
}

function switchView(page: Document, check: Check): void {
  page.querySelector<HTMLInputElement>("#chart-loss input[value=log]")?.click();
  const seen = [...page.querySelectorAll("#chart-loss svg")].filter(isSeen);
  check("the logarithmic view takes the place of the linear one", seen.length === 1 && seen[0].classList.contains("log"));
}

function isSeen(element: Element): boolean {
  return element.getBoundingClientRect().height > 0;
}
