// Drives Chromium for the Go tests beside it: one JSON line in, one out, in order. Ends when its
// input does. What a page does that a page of ours never does is kept until it is asked for:
// dialogs, complaints on the console, violations of its policy, requests to anybody but its own
// server, windows, downloads, and calls of ran(), which the hostile texts of the tests make.
//
//   {do: "open", width, height, dark, scale}            -> the number of a new window, for {page}
//   {do: "go", page, address}                           -> {status, headers} of the answer
//   {do: "press", page, keys: ["Tab", …], loads}        loads: the last key brings a new page
//   {do: "type", page, text}
//   {do: "evaluate", page, script}                      -> its value
//   {do: "media", page, media: "print" | "screen"}
//   {do: "axe", page}                                   -> [violation]
//   {do: "happened", page}                              -> [what], and forgets it
//   {do: "picture", page, height}                       -> PNG in base64; height 0 is all of the page
//   {do: "pdf", page}                                   -> {pages}
//   {do: "close", page}
//
// Answers are {value} or {error}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { chromiumOptions, smaller } from "../cards/picture.mjs";

const patience = 20_000;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const nowhere = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1";
const browser = await chromium.launch({ ...chromiumOptions, args: [...chromiumOptions.args, nowhere] });
const windows = [];

async function open({ width, height, dark, scale }) {
  const context = await browser.newContext({
    viewport: { width, height: height ?? 800 },
    colorScheme: dark ? "dark" : "light",
    deviceScaleFactor: scale || 1,
  });
  context.setDefaultTimeout(patience);
  const happened = [];
  const note = (kind, text) => happened.push(`${kind}: ${String(text).slice(0, 300)}`);
  await context.exposeBinding("ran", (_, what) => note("script", what));
  await context.exposeBinding("glasswatchViolation", (_, what) => note("violation", what));
  await context.addInitScript(() => {
    const tell = globalThis.glasswatchViolation;
    addEventListener("securitypolicyviolation", (e) => tell(`${e.effectiveDirective} ${e.blockedURI}`), true);
  });
  const page = await context.newPage();
  const own = { origin: "" };
  context.on("page", (p) => note("window", p.url()));
  const asked = (r) => {
    if (new URL(r.url()).origin !== own.origin && r.failure()?.errorText !== "csp") note("request", r.url());
  };
  context.on("requestfinished", asked);
  context.on("requestfailed", asked); // there is nobody to answer it
  page.on("dialog", (d) => {
    note("dialog", d.message());
    d.dismiss().catch(() => {});
  });
  page.on("download", (d) => note("download", d.url()));
  page.on("pageerror", (e) => note("error", e.message));
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && note("console", m.text()));
  return windows.push({ context, page, own, happened }) - 1;
}

const verbs = {
  open,
  async go({ page, own }, { address }) {
    own.origin = new URL(address).origin;
    const answer = await page.goto(address, { waitUntil: "load" });
    return { status: answer.status(), headers: answer.headers() };
  },
  async press({ page }, { keys, loads }) {
    for (const [n, key] of keys.entries()) {
      const loaded = loads && n === keys.length - 1 ? page.waitForEvent("load") : null;
      await page.keyboard.press(key);
      await loaded;
    }
  },
  type: ({ page }, { text }) => page.keyboard.type(text),
  evaluate: ({ page }, { script }) => page.evaluate(script),
  media: ({ page }, { media }) => page.emulateMedia({ media }),
  async axe({ page }) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    return violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 5).map((n) => n.target.join(" ")).join(", ")}`);
  },
  async happened({ page, happened }) {
    // What was under way has happened once the page was drawn twice more.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20)))));
    return happened.splice(0);
  },
  async picture({ page }, { height }) {
    const clip = height ? { x: 0, y: 0, width: page.viewportSize().width, height } : undefined;
    return smaller(await page.screenshot({ fullPage: true, clip })).toString("base64");
  },
  async pdf({ page }) {
    const pdf = await page.pdf({ format: "A4", printBackground: false });
    return { pages: pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length };
  },
  async close({ context }) {
    await context.close();
  },
};

// A page that renews itself may do so under our hands: what was asked is then asked of the new one.
async function act(order) {
  const verb = verbs[order.do];
  if (order.do === "open") return verb(order);
  try {
    return await verb(windows[order.page], order);
  } catch (error) {
    if (!/context was destroyed|navigation/.test(error.message) || order.do === "press") throw error;
    await windows[order.page].page.waitForLoadState("load");
    return verb(windows[order.page], order);
  }
}

try {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    let answer;
    try {
      answer = { value: (await act(JSON.parse(line))) ?? null };
    } catch (error) {
      answer = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
} finally {
  await browser.close();
}
