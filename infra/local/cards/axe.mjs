// Opens pages and cards in Chromium as readers have them (phone and desk, light and dark) and fails on
// any finding of axe, on text that runs out of the window, and on anything that a page tries to
// load or run.
//
//   node axe.mjs [FILE…]     .html pages or .json cards; without any, all golden ones

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { chromiumOptions } from "./picture.mjs";
import { channelPage } from "./render.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const golden = (...folder) => readdirSync(join(root, ...folder)).filter((n) => /\.golden\.(html|json)$/.test(n)).map((n) => join(root, ...folder, n));
const files = process.argv.length > 2 ? process.argv.slice(2) : [...golden("shared", "pages", "testdata"), ...golden("shared", "teams", "testdata")];

const looks = ["light", "dark"].flatMap((colorScheme) => [360, 1280].map((width) => ({ colorScheme, width })));
const browser = await chromium.launch(chromiumOptions);
let found = 0;
try {
  const page = await browser.newPage({ offline: true });
  let file, look;
  const complain = (what) => {
    found++;
    process.stderr.write(`${file} (${look ? `${look.colorScheme}, ${look.width} px` : "while it opens"}): ${what}\n`);
  };
  page.on("request", (r) => r.url().startsWith("http") && complain(`asks for ${r.url()}`));
  page.on("dialog", (d) => {
    complain(`opens a dialog: ${d.message()}`);
    d.dismiss().catch(() => {});
  });
  for (file of files) {
    look = undefined;
    const source = readFileSync(file, "utf8");
    await page.setContent(file.endsWith(".json") ? channelPage("Cards", [{ card: JSON.parse(source) }]) : source);
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
    if (await page.evaluate(() => !("axe" in window))) await page.evaluate(axe); // stays for the next file
    for (look of looks) {
      await page.setViewportSize({ width: look.width, height: 800 });
      await page.emulateMedia({ colorScheme: look.colorScheme });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) complain(`${over} px wider than the window`);
      for (const v of (await page.evaluate(() => window.axe.run())).violations) {
        complain(`${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
      }
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(`${files.length} pages and cards at 2 widths in 2 colour schemes: ${found} findings\n`);
process.exitCode = found ? 1 : 0;
