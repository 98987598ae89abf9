// Checks and renders Adaptive Cards with the renderer that Microsoft publishes for HTML clients.
//
//   node render.mjs FILE…      prints a page that shows the cards; exit 1 if any has a problem
//   node render.mjs --serve    one JSON line {id, card} in, one JSON line {id, html, problems} out, in order
//
// A card is an Adaptive Card, or the request body of a Workflows webhook that holds one or more. The
// HTML holds no script, no event handler and no address but https ones and those of this machine.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { JSDOM } from "jsdom";
import { css, hostConfig } from "./look.mjs";
import { escapeHTML, openable, toHTML } from "./markdown.mjs";

const AC = load();

// load brings the renderer up: it expects a browser's globals.
function load() {
  const { window } = new JSDOM("<!doctype html><html><body></body></html>");
  globalThis.window = window;
  for (const name of Object.getOwnPropertyNames(window)) {
    if (/^(document|Node|Element|Event|Text|DocumentFragment|(HTML|SVG|Mouse|Keyboard|UI|Focus|Touch)\w*)$/.test(name) && !(name in globalThis)) {
      globalThis[name] = window[name];
    }
  }
  // jsdom has no layout and so no innerText, by which the renderer sets plain text.
  Object.defineProperty(window.HTMLElement.prototype, "innerText", {
    get() { return this.textContent; },
    set(text) { this.textContent = text; },
  });
  const renderer = createRequire(import.meta.url)("adaptivecards/dist/adaptivecards.js");
  renderer.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = toHTML(text);
    result.didProcess = true;
  };
  return renderer;
}

// renderCard returns {html, problems}: a problem for each parse event, each property that
// the card's own version does not know, and each failed validation; no problems means valid.
export function renderCard(json) {
  const cards = unpack(json);
  const done = cards.map(renderOne);
  return {
    html: done.map((d) => d.html).join("\n"),
    problems: cards.length ? done.flatMap((d) => d.problems) : ["no adaptive card in the message"],
  };
}

function unpack(json) {
  if (json?.type !== "message") return [json];
  return (json.attachments ?? []).filter((a) => a?.contentType === "application/vnd.microsoft.card.adaptive").map((a) => a.content);
}

function renderOne(json) {
  if (json?.type !== "AdaptiveCard") return { html: "", problems: ["not an AdaptiveCard"] };
  const problems = [...parse(json, AC.Versions.latest).events, ...parse(json, AC.Version.parse(String(json.version), new AC.SerializationContext())).events.filter(tooNew)];
  const { card } = parse(json, AC.Versions.latest);
  for (const failed of card.validateProperties().validationEvents) problems.push(failed.message);
  const element = card.render();
  if (!element) return { html: "", problems: [...problems, "the card renders to nothing"] };
  for (let i = 0; i < card.getActionCount(); i++) asLink(card.getActionAt(i));
  tame(element);
  return { html: `<div class="glasswatch-card">${element.outerHTML}</div>`, problems: [...new Set(problems)] };
}

function parse(json, version) {
  const context = new AC.SerializationContext(version);
  const card = new AC.AdaptiveCard();
  card.hostConfig = new AC.HostConfig(hostConfig);
  card.parse(structuredClone(json), context);
  const events = [];
  for (let i = 0; i < context.eventCount; i++) events.push(context.getEventAt(i).message);
  return { card, events };
}

// tooNew passes over the one newer property that we use on purpose: clients that do not know
// TextBlock.style show the text without it.
function tooNew(message) {
  return !message.startsWith('Property "style" is supported in version 1.5');
}

// asLink turns the button of an action, whose handler is lost in HTML text, into a link.
function asLink(action) {
  const button = action.renderedElement;
  if (!button?.parentNode || !openable(action.url)) return;
  const a = button.ownerDocument.createElement("a");
  a.className = "ac-pushButton";
  a.setAttribute("href", action.url);
  a.setAttribute("target", "_blank");
  a.setAttribute("rel", "noopener noreferrer");
  a.textContent = action.title ?? "";
  button.replaceWith(a);
}

// tame is the second lock: nothing that runs or loads gets into the page, whatever got past the first.
function tame(root) {
  for (const e of [root, ...root.querySelectorAll("*")]) {
    if (!/^(div|table|tbody|tr|td|p|ol|ul|li|strong|em|b|a|span|button)$/i.test(e.tagName)) {
      e.remove();
      continue;
    }
    for (const { name, value } of [...e.attributes]) {
      const harmless = /^(class|style|role|tabindex|start|target|rel|title|type|lang|dir|aria-[a-z]+)$/.test(name) || (name === "href" && openable(value));
      if (!harmless || (name === "style" && /url\(|expression|@import/i.test(value))) e.removeAttribute(name);
    }
  }
}

// channelPage shows cards as a Teams channel does: [{card, at}], at being words about the time.
export function channelPage(title, entries) {
  const articles = entries.map(({ card, at }) => {
    const { html, problems } = renderCard(card);
    const list = problems.map((p) => `<li>${escapeHTML(p)}</li>`).join("");
    return `<article><header>Glasswatch${at ? ` · ${escapeHTML(at)}` : ""}</header>${html}${list ? `<ul>${list}</ul>` : ""}</article>`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHTML(title)}</title><style>${css}</style></head><body><main><h1>${escapeHTML(title)}</h1>\n${articles.join("\n")}\n</main></body></html>\n`;
}

function answer(line) {
  let id = null;
  try {
    const request = JSON.parse(line);
    id = request.id ?? null;
    return { id, ...renderCard(request.card) };
  } catch (error) {
    return { id, html: "", problems: [`not rendered: ${error.message}`] };
  }
}

async function main(args) {
  if (args[0] === "--serve") {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
      if (line.trim()) process.stdout.write(`${JSON.stringify(answer(line))}\n`);
    }
    return 0;
  }
  if (!args.length) {
    process.stderr.write("usage: node render.mjs FILE… | --serve\n");
    return 2;
  }
  const cards = args.map((name) => ({ at: name, card: JSON.parse(readFileSync(name, "utf8")) }));
  process.stdout.write(channelPage("Cards", cards));
  const problems = cards.flatMap(({ at, card }) => renderCard(card).problems.map((p) => `${at}: ${p}`));
  for (const p of problems) process.stderr.write(`${p}\n`);
  return problems.length ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
