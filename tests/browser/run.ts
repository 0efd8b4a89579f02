// Runs tests in a headless Chromium: each entry (*.browser.ts beside this file) exports `run`, is bundled, served on the loopback
// interface and called in a page that is isolated from other origins, as shared memory demands; plain.browser.ts in one that is not.
//
//   node scripts/ts.mjs tests/browser/run.ts [FILE.ts …]
//
// CHROMIUM names the browser where it is not in the usual places.

import { existsSync, readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type OnResolveArgs, type OnResolveResult } from "esbuild";
import { type Browser, chromium } from "playwright-core";

/** What an entry's `run` returns. */
export interface BrowserResult {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

const here = dirname(fileURLToPath(import.meta.url));
const timeoutSeconds = 300;

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { run } from ${JSON.stringify(entry)}; globalThis.run = run;`,
      resolveDir: here,
      sourcefile: "page.js",
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    sourcemap: "inline",
    logLevel: "warning",
    plugins: [{ name: "as-published", setup: (context) => context.onResolve({ filter: /^\.\.?\// }, asPublished) }],
  });
  return outputFiles[0].text;
}

/** As scripts/build.mjs does for browsers: X.browser.ts in place of X.ts, and nothing of what is imported on demand, which needs Node. */
function asPublished({ path, kind, resolveDir }: OnResolveArgs): OnResolveResult | undefined {
  if (kind === "dynamic-import") return { path, external: true };
  const other = resolve(resolveDir, path.replace(/\.ts$/, ".browser.ts"));
  return !path.endsWith(".browser.ts") && existsSync(other) ? { path: other } : undefined;
}

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

function serve(script: string, isolated: boolean): Promise<Server> {
  const page = '<!doctype html><meta charset="utf-8"><title>Gradus</title><script type="module" src="/page.js"></script>';
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(isScript || request.url === "/" ? 200 : 404, {
      "content-type": isScript ? "text/javascript" : "text/html",
      ...(isolated ? isolation : {}),
    });
    response.end(isScript ? script : request.url === "/" ? page : "");
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

async function runIn(browser: Browser, entry: string): Promise<BrowserResult> {
  const server = await serve(await bundle(entry), basename(entry) !== "plain.browser.ts");
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.location().url.endsWith("favicon.ico")) errors.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const started = await page
      .waitForFunction("typeof run === 'function'", undefined, { timeout: 20_000 })
      .catch(() => undefined);
    if (started === undefined) return { passed: 0, failed: 1, failures: ["the bundle did not load", ...errors] };
    const result = await withTimeout(page.evaluate<BrowserResult>("run()"));
    return { ...result, failed: result.failed + errors.length, failures: [...result.failures, ...errors] };
  } catch (error) {
    return { passed: 0, failed: 1, failures: [String(error)] };
  } finally {
    await context.close();
    server.close();
  }
}

function withTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((done, reject) => {
    const timer = setTimeout(() => reject(new Error(`no result after ${timeoutSeconds} s`)), timeoutSeconds * 1000);
    work.then(done, reject).finally(() => clearTimeout(timer));
  });
}

function findChromium(): string {
  const candidates = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  console.error("no Chromium here: apt-get install -y chromium, or set CHROMIUM to the path of one");
  process.exit(2);
}

async function main(entries: readonly string[]): Promise<void> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  let passed = 0;
  let failed = 0;
  try {
    console.log(`Chromium ${browser.version()}`);
    for (const entry of entries) {
      const result = await runIn(browser, entry);
      passed += result.passed;
      failed += result.failed;
      console.log(`${basename(entry, ".browser.ts")}: ${result.passed} passed, ${result.failed} failed`);
      for (const failure of result.failures.slice(0, 50)) console.error(`  ${failure}`);
    }
  } finally {
    await browser.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

const chosen = process.argv.slice(2).map((path) => resolve(path));
const all = readdirSync(here)
  .filter((name) => name.endsWith(".browser.ts"))
  .sort();
await main(chosen.length > 0 ? chosen : all.map((name) => join(here, name)));
