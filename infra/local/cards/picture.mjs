// Takes pictures of cards (or of any page) with Chromium, to look at them as a reader does.
//
//   node picture.mjs                              writes docs/card.png anew
//   node picture.mjs --out FILE [--width N] [--dark] FILE…   cards in JSON files, or one .html file

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { channelPage } from "./render.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

export const chromiumOptions = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};

// smaller reduces a picture to 32 colours where pngquant is installed, which nobody sees in text.
export function smaller(png) {
  const done = spawnSync("pngquant", ["--strip", "--speed", "1", "32", "-"], { input: png, maxBuffer: 1 << 26 });
  return done.status === 0 ? done.stdout : png;
}

// picture returns a page as PNG, from top to bottom, without running any script of it.
export async function picture(html, { width = 480, dark = false } = {}) {
  const browser = await chromium.launch(chromiumOptions);
  try {
    const page = await browser.newPage({
      viewport: { width, height: 400 },
      deviceScaleFactor: 2,
      colorScheme: dark ? "dark" : "light",
      javaScriptEnabled: false,
      offline: true,
    });
    await page.setContent(html);
    return smaller(await page.screenshot({ fullPage: true }));
  } finally {
    await browser.close();
  }
}

async function main() {
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
  writeFileSync(values.out, await picture(html, { width: Number(values.width), dark: values.dark }));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
