// Runs every case twice: with third-party cookies allowed, then blocked. Accessibility runs once.
//
//   node run.mjs <path of the binary> [part of a case's name]
//
// CHROMIUM is the path of another browser than /usr/bin/chromium. SCREENSHOTS is a directory for
// screenshots. APPS_PYTHON is an interpreter with the packages of apps/requirements.txt.

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
import djangoCases from "./cases/django.mjs";
import downloadCases from "./cases/download.mjs";
import expressCases from "./cases/express.mjs";
import fastapiCases from "./cases/fastapi.mjs";
import flaskCases from "./cases/flask.mjs";
import jupyterlabCases from "./cases/jupyterlab.mjs";
import launchCases from "./cases/launch.mjs";
import linksCases from "./cases/links.mjs";
import pageCases from "./cases/page.mjs";
import peopleCases from "./cases/people.mjs";
import phpCases from "./cases/php.mjs";
import practiceCases from "./cases/practice.mjs";
import refusalCases from "./cases/refusal.mjs";
import sessionCases from "./cases/session.mjs";
import siteCases from "./cases/site.mjs";
import strayCases from "./cases/stray.mjs";
import streamlitCases from "./cases/streamlit.mjs";
import tokenCases from "./cases/token.mjs";
import windowCases from "./cases/window.mjs";
import { COOKIES } from "./chromium.mjs";
import { Gateway, SECRETS } from "./gateway.mjs";
import { Platform } from "./platform.mjs";

const CASE_MS = 120_000;
const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const [binary, part = ""] = process.argv.slice(2);
if (!binary) {
  console.error("usage: node run.mjs <path of the binary> [part of a case's name]");
  process.exit(2);
}
const python = process.env.APPS_PYTHON ?? join(REPOSITORY, "target/apps-env/bin/python");
const setup = {
  binary: resolve(binary),
  repository: REPOSITORY,
  screenshots: process.env.SCREENSHOTS,
  apps: new Apps(python),
};
const cases = {
  ...launchCases,
  ...refusalCases,
  ...pageCases,
  ...practiceCases,
  ...adderCases,
  ...flaskCases,
  ...blocksCases,
  ...peopleCases,
  ...downloadCases,
  ...sessionCases,
  ...windowCases,
  ...tokenCases,
  ...linksCases,
  ...siteCases,
  ...strayCases,
  ...streamlitCases,
  ...jupyterlabCases,
  ...expressCases,
  ...djangoCases,
  ...fastapiCases,
  ...phpCases,
};
// The pages are the same with blocked cookies, and axe is slow.
const casesOf = { allowed: cases, blocked: { ...cases, ...accessibilityCases } };
// Every program and directory listens for the exit of this process.
process.setMaxListeners(50);
const results = { passed: 0, failed: [] };
let running;
let stopped = false;

// A signal stops the run as after the last case: no process and no directory remains.
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
// A log of CI may keep only its end, so the failures come last.
console.log(`${results.passed} passed, ${results.failed.length} failed`);
for (const failure of results.failed) console.log(failure);
process.exitCode = results.failed.length === 0 && !stopped ? 0 : 1;

async function runCases() {
  for (const cookies of Object.keys(COOKIES)) {
    for (const [name, body] of Object.entries(casesOf[cookies])) {
      if (stopped || !name.includes(part)) continue;
      running = new Case(setup, cookies);
      await run(`third-party cookies ${cookies}: ${name}`, () => within(CASE_MS, running, body));
    }
  }
  await run("the log contains no secret", () => {
    for (const secret of Object.values(SECRETS)) assert.ok(!setup.gateway.text.includes(secret));
  });
}

async function run(name, body) {
  const start = performance.now();
  let error;
  try {
    await body();
  } catch (thrown) {
    error = thrown;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const result = `${error ? "FAIL" : "ok  "} ${name} (${seconds} s)`;
  console.log(result);
  if (!error) {
    results.passed += 1;
    return;
  }
  const text = stripVTControlCharacters(String(error.stack ?? error)).replace(/^/gm, "     ");
  console.log(text);
  results.failed.push(`${result}\n${text}`);
}

/** Runs one case with a timeout, and closes everything that it opened. */
async function within(milliseconds, one, body) {
  const timeout = new AbortController();
  const late = pause(milliseconds, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`timeout after ${milliseconds / 1000} s`);
  });
  late.catch(() => {});
  try {
    await Promise.race([body(one), late]);
  } catch (error) {
    error.stack += `\n${await one.report()}`;
    throw error;
  } finally {
    timeout.abort();
    await one.close();
  }
}
