// Parses Bicep with the tree-sitter grammar: sources in as JSON on standard input, trees out as JSON.
// It knows syntax only: no types, no API versions, no names of properties.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('../local/package.json', import.meta.url));
const { Parser, Language } = require('web-tree-sitter');

await Parser.init();
const language = await Language.load(require.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm'));
const parser = new Parser();
parser.setLanguage(language);

// The grammar is older than the keyword `extension`; that line is blanked, so that line numbers stay.
const withoutExtension = (text) => text.replace(/^extension [A-Za-z0-9]+$/gm, '');

function node(from) {
  return {
    type: from.type,
    text: from.text,
    line: from.startPosition.row + 1,
    children: from.namedChildren.filter((child) => child.type !== 'comment').map(node),
  };
}

function problems(from, found = []) {
  if (from.isError || from.isMissing) {
    found.push(`line ${from.startPosition.row + 1}: cannot read ${JSON.stringify(from.text.slice(0, 40))}`);
  }
  from.children.forEach((child) => problems(child, found));
  return found;
}

const sources = JSON.parse(readFileSync(0, 'utf8'));
const parsed = sources.map(({ name, text }) => {
  const root = parser.parse(withoutExtension(text)).rootNode;
  return { name, problems: problems(root), root: node(root) };
});
process.stdout.write(JSON.stringify(parsed));
