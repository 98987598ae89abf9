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

const browser = await chromium.launch(chromiumOptions);
let found = 0;
try {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, offline: true });
      for (const file of files) {
        const complain = (what) => {
          found++;
          process.stderr.write(`${file} (${colorScheme}, ${width} px): ${what}\n`);
        };
        const source = readFileSync(file, "utf8");
        const page = await context.newPage();
        page.on("request", (r) => r.url().startsWith("http") && complain(`asks for ${r.url()}`));
        page.on("dialog", (d) => complain(`opens a dialog: ${d.message()}`));
        await page.setContent(file.endsWith(".json") ? channelPage("Cards", [{ card: JSON.parse(source) }]) : source);
        await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (over > 0) complain(`${over} px wider than the window`);
        await page.evaluate(axe);
        for (const v of (await page.evaluate(() => window.axe.run())).violations) {
          complain(`${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
        }
        await page.close();
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(`${files.length} pages and cards at 2 widths in 2 colour schemes: ${found} findings\n`);
process.exitCode = found ? 1 : 0;
