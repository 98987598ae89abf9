// Takes pictures of cards (or of any page) with Chromium, to look at them as a reader does.
//
//   node picture.mjs                              writes docs/card.png anew
//   node picture.mjs --out FILE [--width N] [--dark] FILE…   cards in JSON files, or one .html file

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { channelPage } from "./render.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: join(root, "docs", "card.png") },
    width: { type: "string", default: "480" },
    dark: { type: "boolean", default: false },
    title: { type: "string", default: "Emergency access" },
  },
});

const files = positionals.length ? positionals : [join(root, "shared", "teams", "testdata", "alert-critical.golden.json")];
const html = files[0].endsWith(".html")
  ? readFileSync(files[0], "utf8")
  : channelPage(values.title, files.map((name) => ({ card: JSON.parse(readFileSync(name, "utf8")) })));

// smaller reduces a picture to 64 colours where pngquant is installed, which nobody sees in text.
function smaller(png) {
  const done = spawnSync("pngquant", ["--strip", "--speed", "1", "64", "-"], { input: png, maxBuffer: 1 << 26 });
  return done.status === 0 ? done.stdout : png;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: 400 },
    deviceScaleFactor: 2,
    colorScheme: values.dark ? "dark" : "light",
    javaScriptEnabled: false,
    offline: true,
  });
  await page.setContent(html);
  writeFileSync(values.out, smaller(await page.screenshot({ fullPage: true })));
} finally {
  await browser.close();
}
