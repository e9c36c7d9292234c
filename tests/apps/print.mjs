// Prints the table of several files of results. Later files win.
//
//   node print.mjs FILE…

import { readFile } from "node:fs/promises";

import { APPS } from "./apps.mjs";
import { table } from "./table.mjs";

const results = {};
for (const file of process.argv.slice(2)) Object.assign(results, JSON.parse(await readFile(file, "utf8")));
const names = Object.keys(APPS).filter((name) => results[name]);
console.log(table(Object.fromEntries(names.map((name) => [name, results[name]]))));
