// A small book, as Sphinx writes one: relative links, a search in the browser, downloads.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { TemporaryDirectory } from "./directory.mjs";

const page = (title, root, body, scripts = "") => `<!doctype html><html lang="en"><head>
<meta charset="utf-8"><title>${title}</title>
<link rel="stylesheet" href="${root}_static/style.css">${scripts}</head>
<body><main><h1>${title}</h1>${body}</main></body></html>`;

/** A PDF file without pages. */
const PDF = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n";

const SEARCH = `import { pages } from "./_static/part.mjs";
const index = await (await fetch("searchindex.json")).json();
const word = new URLSearchParams(location.search).get("q");
const found = (index[word] ?? []).map((number) => pages[number]);
document.querySelector("#results").innerHTML =
  found.map((file) => \`<li><a href="\${file}">\${file}</a></li>\`).join("") || "<li>nothing</li>";`;

const FILES = {
  "index.html": page("Plots", "", `<ul><li><a href="chapter one/über.html">Chapter 1</a></li>
<li><a href="appendix">Appendix</a></li><li><a href="absent.html">Errata</a></li></ul>
<form action="search.html"><input name="q" aria-label="Search"><button>Go</button></form>
<img id="picture" src="_images/plot.svg" alt="A plot"><img id="rooted" src="/_images/plot.svg" alt="">
<p><a href="_downloads/book.pdf" download>Download</a>
<a href="appendix/" target="_blank">New window</a></p>`),
  "search.html": page("Search", "", `<ul id="results"></ul>`, `<script type="module" src="search.mjs"></script>`),
  "search.mjs": SEARCH,
  "searchindex.json": JSON.stringify({ axis: [0, 1] }),
  "_static/part.mjs": `export const pages = ["chapter%20one/%C3%BCber.html", "appendix/"];`,
  "_static/style.css": "h1 { color: rgb(1, 2, 3) }",
  "_images/plot.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"/>`,
  "_downloads/book.pdf": PDF,
  "chapter one/über.html": page("Axes", "../", `<a href="../index.html">Home</a>
<iframe title="Demo" src="../demo/?x=1" width="200" height="100"></iframe>`),
  "appendix/index.html": page("Appendix", "../", `<a href="../">Home</a>`),
  "demo/index.html": page("Demo", "../", ""),
  ".buildinfo": "not for readers",
};

/** Writes the book into a new directory. */
export async function writeBook() {
  const directory = new TemporaryDirectory();
  const compressed = gzipSync("h1 { color: rgb(4, 5, 6) }");
  for (const [name, content] of Object.entries({ ...FILES, "_static/style.css.gz": compressed })) {
    const path = join(directory.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return directory;
}

export { PDF };
