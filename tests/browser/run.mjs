// Runs every case against a binary, with third-party cookies allowed and then blocked, but for accessibility's, which run once:
//
//   node run.mjs <path of the binary> [words that a case's name contains]
//
// CHROMIUM names another browser than /usr/bin/chromium; SCREENSHOTS a folder for pictures of the pages; APPS_PYTHON
// another interpreter with the packages of apps/requirements.txt than script/test's.

import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

import { Apps } from "./apps.mjs";
import { Case } from "./case.mjs";
import accessibilityCases from "./cases/accessibility.mjs";
import adderCases from "./cases/adder.mjs";
import blocksCases from "./cases/blocks.mjs";
import flaskCases from "./cases/flask.mjs";
import jupyterlabCases from "./cases/jupyterlab.mjs";
import launchCases from "./cases/launch.mjs";
import pageCases from "./cases/page.mjs";
import practiceCases from "./cases/practice.mjs";
import refusalCases from "./cases/refusal.mjs";
import sessionCases from "./cases/session.mjs";
import streamlitCases from "./cases/streamlit.mjs";
import windowCases from "./cases/window.mjs";
import { COOKIES } from "./chromium.mjs";
import { Gateway, SECRETS } from "./gateway.mjs";
import { Platform } from "./platform.mjs";

const CASE_MS = 120_000;
const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const [binary, words = ""] = process.argv.slice(2);
if (!binary) {
  console.error("usage: node run.mjs <path of the binary> [words that a case's name contains]");
  process.exit(2);
}
const python = process.env.APPS_PYTHON ?? join(REPOSITORY, "target/apps-env/bin/python");
const setup = { binary: resolve(binary), repository: REPOSITORY, screenshots: process.env.SCREENSHOTS, apps: new Apps(python) };
const cases = {
  ...launchCases,
  ...refusalCases,
  ...pageCases,
  ...practiceCases,
  ...adderCases,
  ...flaskCases,
  ...blocksCases,
  ...sessionCases,
  ...windowCases,
  ...streamlitCases,
  ...jupyterlabCases,
};
// What these look at is the same pages whichever cookies are kept, and axe takes its time.
const casesOf = { allowed: cases, blocked: { ...cases, ...accessibilityCases } };
// Every program and folder has a listener for our own end.
process.setMaxListeners(50);
const results = { passed: 0, failed: 0 };
let running;
let stopped = false;

// Told to stop, it stops as it does after the last case, and leaves no process or folder behind.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    stopped = true;
    running?.close().catch(() => {});
  });
}

setup.platform = await Platform.start();
try {
  await run("the gateway starts with the repository's tools", async () => {
    setup.gateway = await Gateway.start(setup.binary, REPOSITORY);
  });
  if (setup.gateway) await runCases();
} finally {
  await setup.apps.stop();
  await setup.gateway?.stop();
  await setup.platform.stop();
}
console.log(`${results.passed} passed, ${results.failed} failed`);
process.exitCode = results.failed === 0 && !stopped ? 0 : 1;

async function runCases() {
  for (const cookies of Object.keys(COOKIES)) {
    for (const [name, body] of Object.entries(casesOf[cookies])) {
      if (stopped || !name.includes(words)) continue;
      running = new Case(setup, cookies);
      await run(`third-party cookies ${cookies}: ${name}`, () => within(CASE_MS, running, body));
    }
  }
  await run("the gateway wrote no secret", () => {
    for (const secret of Object.values(SECRETS)) assert.ok(!setup.gateway.text.includes(secret));
  });
}

async function run(name, body) {
  const start = performance.now();
  let error;
  try {
    await body();
    results.passed += 1;
  } catch (thrown) {
    error = thrown;
    results.failed += 1;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${error ? "FAIL" : "ok  "} ${name} (${seconds} s)`);
  if (error) console.log(stripVTControlCharacters(String(error.stack ?? error)).replace(/^/gm, "     "));
}

/** One case, within its time. What it opened is closed in any case. */
async function within(milliseconds, one, body) {
  const patience = new AbortController();
  const late = pause(milliseconds, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`not done within ${milliseconds / 1000} s`);
  });
  late.catch(() => {});
  try {
    await Promise.race([body(one), late]);
  } catch (error) {
    error.stack += `\n${await one.shown()}`;
    throw error;
  } finally {
    patience.abort();
    await one.close();
  }
}
