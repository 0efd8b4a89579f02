// The look of a worked example, light and dark, on screen and on paper. It reads without its script, which only folds steps.

export const css = `
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #ffffff; --ink: #1d2025; --soft: #5b6270; --line: #e4e1da; --accent: #2563eb; --bad: #b42318; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14161a; --card: #1c1f25; --ink: #e9eaee; --soft: #a2a9b8; --line: #31363f; --accent: #7aa8ff; --bad: #ff8a7d; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; margin: 2.8rem 0 .6rem; padding-top: .4rem; letter-spacing: -.01em; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
p { margin: .4rem 0 .7rem; max-width: 75ch; }
.joined { white-space: nowrap; }
.lead { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.1rem; margin: 1.2rem 0 0; font-size: .95rem; }
a { color: var(--accent); text-underline-offset: .2em; }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .2rem .8rem;
  margin-left: auto; cursor: pointer; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .5rem 1rem; margin: .6rem 0; }
summary { cursor: pointer; }
summary .katex { font-size: 1.2em; }
details[open] > summary { margin-bottom: .3rem; }
.meaning { color: var(--soft); margin-left: .6rem; font-size: .95rem; }
.display { overflow-x: auto; overflow-y: hidden; padding: .1rem 0 .1rem; }
.display .katex-display { margin: .4rem 0; padding-left: 1.1rem; }
.display .katex-display > .katex { padding-left: 0; }
details .katex { line-height: 1.35; }
.warning { border-left: 3px solid var(--bad); padding: .3rem .8rem; color: var(--bad); }
table { border-collapse: collapse; margin: .4rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .8rem; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
th { color: var(--soft); border-bottom-width: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; }
  nav { display: none; } main { max-width: none; padding: 0; } details { break-inside: avoid; border: 0; padding: 0; }
}
`;

/** One button folds every step, or opens it. */
export const script = `
const button = document.getElementById("fold"), steps = [...document.querySelectorAll("details")];
button.hidden = steps.length < 2;
button.onclick = () => {
  const open = !steps.some((step) => step.open);
  for (const step of steps) step.open = open;
  button.textContent = open ? "Fold all steps" : "Open all steps";
};
`;
