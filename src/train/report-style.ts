// The look of a report, light and dark, on screen and on paper, and the script that shows values under the pointer. A report
// reads without the script.

export const css = `
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #ffffff; --ink: #1d2025; --soft: #5b6270; --line: #e4e1da;
  --train: #2563eb; --validation: #c2570c; --good: #14734a; --bad: #b42318; --warn: #96600a; --right: 37 99 235; --wrong: 217 95 2; }
@media (prefers-color-scheme: dark) { :root { --paper: #14161a; --card: #1c1f25; --ink: #e9eaee; --soft: #a2a9b8; --line: #31363f;
  --train: #7aa8ff; --validation: #ff9d57; --good: #58c993; --bad: #ff8a7d; --warn: #ecb65a; --right: 96 150 255; --wrong: 255 140 60; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main, header, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 44px 0 4px; letter-spacing: -0.01em; }
h3 { font-size: 15px; margin: 0; font-weight: 600; }
p { margin: 4px 0 12px; max-width: 100ch; }
.soft, .when { color: var(--soft); }
.when { margin: 6px 0 0; }
.badge { display: inline-block; vertical-align: 6px; margin-left: 10px; padding: 1px 10px; border-radius: 99px; border: 1px solid currentColor;
  font-size: 13px; font-weight: 600; letter-spacing: 0; }
.done { color: var(--good); } .failed { color: var(--bad); } .interrupted { color: var(--warn); }
.message { border-left: 3px solid var(--bad); padding: 8px 14px; background: var(--card); overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin: 26px 0 0; padding: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.facts div { padding: 14px 18px; box-shadow: 0 0 0 1px var(--line); }
.facts dt { color: var(--soft); font-size: 13px; }
.facts dd { margin: 0; font-size: 22px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts .lead dd { font-size: 30px; line-height: 1.15; color: var(--train); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 20px; align-items: start; }
.card, figure.chart { margin: 12px 0 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; min-width: 0; }
figcaption { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; flex-wrap: wrap; margin-bottom: 6px; }
fieldset.views { border: 0; padding: 0; margin: 0; font-size: 13px; color: var(--soft); display: flex; gap: 12px; }
fieldset.views input { accent-color: var(--train); margin: 0 2px 0 0; vertical-align: -2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
figure.chart { position: relative; }
figure.chart svg { display: block; width: 100%; height: auto; border-radius: 4px; }
figure.chart svg.log, figure.chart:has(input[value=log]:checked) svg.linear { display: none; }
figure.chart:has(input[value=log]:checked) svg.log { display: block; }
svg:focus-visible, input:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--train); outline-offset: 2px; }
.grid { stroke: var(--line); } .tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.mark { stroke: var(--soft); stroke-dasharray: 2 4; } .cursor { stroke: var(--ink); stroke-width: 1; opacity: .5; } [hidden] { display: none !important; }
.series path { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.series.train path { stroke: var(--train); } .series.train circle { fill: var(--train); }
.series.validation path { stroke: var(--validation); stroke-dasharray: 7 4; } .series.validation circle { fill: var(--card); stroke: var(--validation); stroke-width: 2; }
.series.steps path { stroke: var(--train); stroke-width: 1; opacity: .35; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--soft); margin-top: 4px; }
.key i { display: inline-block; width: 22px; border-top: 2px solid var(--train); vertical-align: 4px; margin-right: 6px; }
.key.validation i { border-top: 2px dashed var(--validation); } .key.steps i { border-top-width: 1px; opacity: .5; }
.tip { position: absolute; top: 52px; pointer-events: none; background: var(--ink); color: var(--paper); border-radius: 8px; padding: 6px 10px; font-size: 12.5px;
  line-height: 1.4; white-space: pre; font-variant-numeric: tabular-nums; z-index: 1; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table.numbers { width: 100%; font-size: 14px; }
table.numbers th, table.numbers td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); font-weight: 400; white-space: nowrap; }
table.numbers th:first-child { text-align: left; padding-left: 0; } table.numbers td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
table.numbers thead th, table.numbers tfoot th, table.numbers tfoot td { font-weight: 600; } table.numbers thead th { color: var(--soft); font-size: 13px; }
table.numbers tfoot th, table.numbers tfoot td { border-bottom: 0; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
pre { margin: 8px 0 0; padding: 12px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; }
details { margin-top: 12px; } summary { cursor: pointer; color: var(--soft); font-size: 14px; }
table.confusion { font-size: 13px; width: 100%; min-width: 380px; table-layout: fixed; border-spacing: 2px; border-collapse: separate; }
table.confusion th { font-weight: 600; color: var(--soft); padding: 2px; }
table.confusion td { height: 34px; text-align: center; padding: 0; border-radius: 5px; background: rgb(var(--tone) / var(--heat, 0)); }
table.confusion td.right { --tone: var(--right); font-weight: 600; } table.confusion td.wrong { --tone: var(--wrong); }
table.confusion td.none { color: transparent; background: rgb(128 128 128 / .07); }
table.confusion td.strong { color: #fff; }
@media (prefers-color-scheme: dark) { table.confusion td.strong { color: #0d1117; } }
table.confusion td.rate, table.confusion th.rate { width: 4.6em; text-align: right; color: var(--soft); background: none; font-weight: 400; }
table.confusion tfoot td, table.confusion tfoot th.rate { font-size: 11.5px; white-space: nowrap; }
.pairs { margin: 8px 0 0; padding-left: 0; list-style: none; font-variant-numeric: tabular-nums; }
.pairs li { display: grid; grid-template-columns: minmax(6.5em, auto) 1fr minmax(5em, auto); gap: 10px; align-items: center; padding: 5px 0; border-bottom: 1px solid var(--line); font-size: 14px; }
.pairs b { font-weight: 600; } .pairs span:last-child { text-align: right; color: var(--soft); }
.bar { height: 8px; border-radius: 4px; background: rgb(128 128 128 / .13); overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 4px; background: var(--validation); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 10px; margin: 12px 0 0; padding: 0; list-style: none; }
.gallery li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px; text-align: center; font-size: 12.5px; line-height: 1.35; }
.gallery img { width: 100%; height: auto; aspect-ratio: var(--ratio); image-rendering: pixelated; display: block; }
@media (prefers-color-scheme: dark) { .gallery img { filter: invert(1); } }
.gallery b { font-size: 15px; } .gallery .as { color: var(--validation); } .gallery span { color: var(--soft); display: block; }
.filters { display: grid; grid-template-columns: repeat(auto-fill, minmax(62px, 1fr)); gap: 6px; margin: 12px 0 0; padding: 0; list-style: none; }
.filters li { aspect-ratio: var(--ratio); border: 1px solid var(--line); border-radius: 6px; background-color: var(--card); background-image: var(--atlas);
  background-size: calc(100% * var(--across)) auto; image-rendering: pixelated; }
@media (prefers-color-scheme: dark) { .filters li, .scale i { filter: brightness(1.35); } }
.scale { display: flex; align-items: center; gap: 8px; font-size: 13px; color: var(--soft); }
.scale i { width: 160px; height: 10px; border-radius: 5px; border: 1px solid var(--line); background: linear-gradient(90deg, rgb(217 95 2), rgb(217 95 2 / 0) 50%, rgb(37 99 235 / 0) 50%, rgb(37 99 235)); }
footer { color: var(--soft); font-size: 13px; padding-top: 40px; padding-bottom: 40px; }
@media (max-width: 560px) { main, header, footer { padding-left: 14px; padding-right: 14px; } .facts dd { font-size: 19px; } .facts .lead dd { font-size: 25px; } }
@media print { body { background: #fff; } .card, figure.chart, .gallery li { break-inside: avoid; } fieldset.views { display: none; } }
`;

/** Values under the pointer or, with the arrow keys, at a chosen epoch. */
export const script = `
for (const figure of document.querySelectorAll("figure.chart")) {
  const values = JSON.parse(figure.dataset.values);
  const epochs = Object.keys(values).map(Number).sort((a, b) => a - b);
  const tip = figure.querySelector(".tip");
  if (epochs.length === 0) continue;
  for (const svg of figure.querySelectorAll("svg")) {
    const cursor = svg.querySelector(".cursor");
    const { width } = svg.viewBox.baseVal;
    const from = Number(svg.dataset.from), to = Number(svg.dataset.to), left = ${margins().left}, right = width - ${margins().right};
    let at = epochs.length - 1;
    const show = (index) => {
      at = Math.max(0, Math.min(epochs.length - 1, index));
      const x = left + (epochs[at] - from) / (to - from) * (right - left);
      cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.removeAttribute("hidden");
      tip.textContent = "epoch " + epochs[at] + "\\n" + Object.entries(values[epochs[at]]).map(([name, value]) => name + " " + value).join("\\n");
      tip.hidden = false;
      const box = svg.getBoundingClientRect(), frame = figure.getBoundingClientRect();
      const place = box.left - frame.left + x / width * box.width;
      tip.style.left = (place + 14 + tip.offsetWidth > frame.width ? place - tip.offsetWidth - 14 : place + 14) + "px";
    };
    const hide = () => { tip.hidden = true; cursor.setAttribute("hidden", ""); };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = from + ((event.clientX - box.left) / box.width * width - left) / (right - left) * (to - from);
      let best = 0;
      epochs.forEach((epoch, index) => { if (Math.abs(epoch - x) < Math.abs(epochs[best] - x)) best = index; });
      show(best);
    });
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      show(tip.hidden ? at : at + step);
    });
  }
}
`;

/** Blank sides of a chart's picture, in its own units; the chart and the script must agree on them. */
export function margins(): { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number } {
  return { left: 56, right: 16, top: 16, bottom: 40 };
}
