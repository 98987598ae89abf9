// The Markdown that Teams clients know in cards: bold, italics, links and lists. It is deliberately
// more generous than any of them (it also makes links of bare addresses, knows HTML entities and
// backslash escapes), so that a card whose outside text is not tamed looks wrong here first.

const named = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", lbrack: "[", rbrack: "]", ast: "*", lowbar: "_" };

export function escapeHTML(text) {
  return text.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}

// openable says whether a reader may follow an address: https, or http on this machine.
export function openable(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  return url.protocol === "https:" || (url.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname));
}

function link(address, inner) {
  if (!openable(address)) return inner;
  return `<a href="${escapeHTML(address)}" target="_blank" rel="noopener noreferrer">${inner}</a>`;
}

function entities(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (all, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : 0;
    if (name) return named[name.toLowerCase()] ?? all;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

// inline renders one line. What is finished HTML stands aside in kept, behind a private character,
// so that no later step can take it for text, nor text for it.
function inline(text) {
  const kept = [];
  const keep = (html) => `\ue000${kept.push(html) - 1}\ue001`;
  let s = text.replace(/[\ue000\ue001]/g, "");
  s = s.replace(/\\([!-/:-@[-`{-~])/g, (_, c) => keep(escapeHTML(c)));
  s = entities(s);
  s = s.replace(/!?\[([^\]]*)\]\(\s*([^\s)]+)[^)]*\)/g, (_, title, address) => keep(link(address, escapeHTML(title))));
  s = s.replace(/<((?:https?:|mailto:)[^>\s]+)>/gi, (_, address) => keep(link(address, escapeHTML(address))));
  s = s.replace(/<at>(.*?)<\/at>/gi, (_, name) => keep(`<b class="mention">@${escapeHTML(name)}</b>`));
  s = s.replace(/(?<![\w@.-])(?:https?:\/\/|\/\/|www\.)[^\s<>"]+/gi, (a) => keep(link(a.startsWith("//") ? `https:${a}` : /^www/i.test(a) ? `https://${a}` : a, escapeHTML(a))));
  s = s.replace(/(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w@-]|\.\w)/gi, (a) => keep(link(`https://${a}`, escapeHTML(a))));
  s = escapeHTML(s);
  s = s.replace(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, "<strong>$2</strong>");
  s = s.replace(/\*(?=\S)([^*]+?)(?<=\S)\*/g, "<em>$1</em>");
  s = s.replace(/(?<!\w)_(?=\S)([^_]+?)(?<=\S)_(?!\w)/g, "<em>$1</em>");
  while (/\ue000\d+\ue001/.test(s)) s = s.replace(/\ue000(\d+)\ue001/g, (_, i) => kept[Number(i)]);
  return s;
}

// toHTML renders text; no markup in it survives as markup except the four kinds above.
export function toHTML(text) {
  const out = [];
  for (const line of String(text).split(/\r\n|[\r\n]/)) {
    const item = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/.exec(line);
    if (!item) out.push(`<p>${inline(line)}</p>`);
    else if (item[1]) out.push(`<ol start="${Number(item[1])}"><li>${inline(item[2])}</li></ol>`);
    else out.push(`<ul><li>${inline(item[2])}</li></ul>`);
  }
  return out.join("");
}
