// How cards look: the measures of a Teams message, with colours as CSS variables, so that the page
// that shows them can be light or dark. channelPage is a page that shows cards as a channel.

const tone = (name) => ({ default: `var(--${name})`, subtle: `var(--${name}-subtle)` });
const foreground = Object.fromEntries(
  ["default", "accent", "good", "warning", "attention", "light", "dark"].map((k) => [k, tone(k === "light" || k === "dark" ? "default" : k)]),
);
const container = (name) => ({ backgroundColor: `var(--${name}-fill)`, foregroundColors: foreground });

export const hostConfig = {
  fontFamily: "inherit",
  spacing: { small: 4, default: 8, medium: 12, large: 20, extraLarge: 28, padding: 14 },
  separator: { lineThickness: 1, lineColor: "var(--line)" },
  supportsInteractivity: true,
  fontTypes: {
    default: { fontFamily: "inherit", fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 }, fontWeights: { lighter: 300, default: 400, bolder: 600 } },
    monospace: { fontFamily: "ui-monospace, Consolas, 'DejaVu Sans Mono', monospace", fontSizes: { small: 11, default: 13, medium: 15, large: 17, extraLarge: 22 }, fontWeights: { lighter: 300, default: 400, bolder: 600 } },
  },
  containerStyles: Object.fromEntries(["default", "emphasis", "good", "warning", "attention", "accent"].map((k) => [k, container(k)])),
  actions: { maxActions: 6, spacing: "default", buttonSpacing: 8, actionsOrientation: "horizontal", actionAlignment: "left", showCard: { actionMode: "inline", inlineTopMargin: 8 } },
  factSet: { title: { weight: "Bolder", size: "Default", wrap: true, maxWidth: 140 }, value: { weight: "Default", size: "Default", wrap: true }, spacing: 12 },
  textBlock: { headingLevel: 2 },
  textStyles: { heading: { size: "medium", weight: "default" } },
};

export const css = `
:root { color-scheme: light dark;
  --page:#f0f0f0; --card-line:#d0d0d0; --line:#c8c8c8;
  --default:#1f1f1f; --default-subtle:#5a5a5a; --accent:#0b4f9e; --good:#0b5c2a; --warning:#6b4200; --attention:#8c1013;
  --default-fill:#ffffff; --emphasis-fill:#ececec; --good-fill:#dff3e4; --warning-fill:#fdeccb; --attention-fill:#fbdcdc; --accent-fill:#dfeaf9;
  --button:#ffffff; --button-line:#8a8a8a; }
@media (prefers-color-scheme: dark) { :root {
  --page:#1b1b1b; --card-line:#444; --line:#555;
  --default:#f5f5f5; --default-subtle:#b8b8b8; --accent:#9cc4f7; --good:#8fdca8; --warning:#f5c56b; --attention:#ffaaa8;
  --default-fill:#292929; --emphasis-fill:#383838; --good-fill:#173d25; --warning-fill:#463207; --attention-fill:#541b1d; --accent-fill:#17365c;
  --button:#292929; --button-line:#8f8f8f; } }
* { box-sizing: border-box; }
body { margin:0; padding:16px; background:var(--page); color:var(--default); font:14px/1.4 "Segoe UI", "Helvetica Neue", Arial, system-ui, sans-serif; }
main { max-width:680px; margin:0 auto; }
h1 { font-size:18px; margin:0 0 12px; }
article { margin:0 0 16px; }
article > header { font-size:12px; color:var(--default-subtle); margin:0 0 4px; }
.glasswatch-card > .ac-adaptiveCard { border:1px solid var(--card-line); border-radius:6px; overflow:hidden; }
.ac-textBlock p, .ac-textBlock ol, .ac-textBlock ul, .ac-textRun p { margin:0; }
.ac-textBlock ol, .ac-textBlock ul { padding-left:22px; }
.ac-textBlock { overflow-wrap:anywhere; }
.ac-factset { width:100%; table-layout:fixed; }
.ac-fact-title { width:34%; }
@media (min-width:600px) { .ac-fact-title { width:170px; } }
.ac-actionSet { flex-wrap:wrap; row-gap:8px; }
.ac-pushButton { display:inline-block; padding:6px 12px; border:1px solid var(--button-line); border-radius:4px; background:var(--button); color:var(--default); font:inherit; font-weight:600; text-decoration:none; }
.ac-pushButton:focus-visible { outline:2px solid var(--accent); outline-offset:2px; }
`;
