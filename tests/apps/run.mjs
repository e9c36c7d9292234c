// Tries the apps of apps.mjs behind the gateway, in the frame of a platform, in Chromium: with
// third-party cookies allowed and blocked. Prints a table.
//
//   node run.mjs PROGRAM [--results FILE] [--cookies allowed] [--column NAME] [--open-window]
//     [--verbose] [APP…]
//
// FILE collects the results of several runs. --cookies limits the run to one setting of the
// browser, --column to one column of the table. --open-window also tries `open = "window"`.
// --verbose shows the pages and the log after each failed check.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";

import { Case } from "../browser/case.mjs";
import { COOKIES } from "../browser/chromium.mjs";
import { TemporaryDirectory } from "../browser/directory.mjs";
import { Front } from "../browser/front.mjs";
import { Platform } from "../browser/platform.mjs";
import { freePort, Program } from "../browser/program.mjs";
import { APPS } from "./apps.mjs";
import { table } from "./table.mjs";
import { Trial } from "./trial.mjs";

const START_MS = 180_000;
const PREPARE_MS = 180_000;
const TRIAL_MS = 300_000;
const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  return at >= 0 ? args.splice(at, 2)[1] : undefined;
};
const flag = (name) => {
  const at = args.indexOf(name);
  return at >= 0 && args.splice(at, 1).length > 0;
};
const resultsFile = option("--results");
const cookieSettings = [option("--cookies") ?? Object.keys(COOKIES)].flat();
const column = option("--column");
const opensWindow = flag("--open-window");
const isVerbose = flag("--verbose");
const [binary, ...names] = args;
const unknown = names.filter((name) => !APPS[name]);
if (!binary || unknown.length > 0) {
  console.error(`usage: node run.mjs PROGRAM [--results FILE] [--cookies allowed] [--column NAME] [--open-window] [--verbose] [APP…]${unknown.map((name) => `\nno app ${name}`)}`);
  process.exit(2);
}

process.setMaxListeners(100);
const setup = { binary: resolve(binary), repository: REPOSITORY };
const results = resultsFile && existsSync(resultsFile) ? JSON.parse(await readFile(resultsFile, "utf8")) : {};
let stopped = false;
let running;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    stopped = true;
    running?.close().catch(() => {});
  });
}

/** The keys that this version of the program knows. */
const schema = (await promisify(execFile)(setup.binary, ["schema"])).stdout;
const isKnown = (key) => schema.includes(`"${key}"`);

setup.platform = await Platform.start();
const front = await Front.start();
try {
  for (const name of names.length > 0 ? names : Object.keys(APPS)) {
    if (stopped) break;
    results[name] = await tryApp(name, APPS[name]);
    if (resultsFile) await writeFile(resultsFile, JSON.stringify(results, undefined, 2));
  }
} finally {
  await front.stop();
  await setup.platform.stop();
}
console.log(`\n${table(results)}`);
process.exitCode = stopped ? 1 : 0;

/** The outcomes of all configurations: `{ column, label, cookies: { allowed: {…}, blocked: {…} } }`. */
async function tryApp(name, app) {
  const outcomes = [];
  const configs = app.configs.filter((config) => [undefined, config.column].includes(column));
  for (const config of configs) {
    if (stopped) break;
    const outcome = { title: app.title, column: config.column, label: labelOf(config) };
    outcome.cookies = await tryConfig(name, app, config);
    outcomes.push(outcome);
    if (opensWindow && config === configs.at(-1)) {
      const works = configs.filter((_, index) => isComplete(outcomes[index].cookies.allowed));
      const hasDownload = Object.keys(app.checks).some((check) => ["download", "new window"].includes(check));
      if (hasDownload && works.length > 0) {
        const config = { ...works[0], tool: { ...works[0].tool, open: "window" }, column: "open = window" };
        const cookies = await tryConfig(name, app, config, ["blocked"]);
        outcomes.push({ title: app.title, column: config.column, label: labelOf(config), cookies });
      }
    }
  }
  return outcomes;
}

/** The settings of a configuration, without those that its column names. */
function labelOf({ tool = {}, setting, host }) {
  const keys = Object.entries(tool).filter(([key]) => key !== "open" && !(host && key === "prefix"));
  const lines = keys.map(([key, value]) => `\`${key} = ${JSON.stringify(value)}\``);
  return [...lines, setting].filter(Boolean).join(", ");
}

function isComplete(outcome) {
  return outcome && Object.values(outcome).every((reason) => reason === "");
}

/** For each cookie setting, the reason of each check's failure, or "". */
async function tryConfig(name, app, config, settings = cookieSettings) {
  const host = config.host ? `${name}.localhost` : "127.0.0.1";
  const origin = front.origin(host);
  const base = config.base ? `/lti/${name}` : "";
  const outcome = {};
  const unknown = Object.keys(config.tool ?? {}).filter((key) => key !== "downloads" && !isKnown(key));
  if (unknown.length > 0)
    return Object.fromEntries(settings.map((cookies) => [cookies, { start: `no key ${unknown.join(", ")}` }]));
  let started;
  try {
    started = await start(name, app, { config, origin, base });
    for (const cookies of settings) {
      if (stopped) break;
      outcome[cookies] = await tryCookies(name, app, { config, origin, base, cookies, started });
    }
  } catch (error) {
    const reason = `did not start: ${firstLine(error)}`;
    console.log(`${name} · ${config.column}: ${stripVTControlCharacters(error.message).slice(-1500)}`);
    for (const cookies of settings) outcome[cookies] ??= { start: reason };
  } finally {
    await started?.stop();
  }
  return outcome;
}

async function start(name, app, { config, origin, base }) {
  const directory = new TemporaryDirectory();
  const group = (name) => join(REPOSITORY, `target/apps-${name}/bin`);
  const at = {
    ...{ config, origin, base, directory: directory.path, port: await freePort() },
    morePorts: [await freePort(), await freePort()],
    user: { name: userInfo().username, group: userInfo().username },
    source: (path) => fileURLToPath(new URL(`sources/${path}`, import.meta.url)),
    python: (name) => `${group(name)}/python`,
    bin: group,
  };
  // A clean environment, and a home directory without the user's settings.
  const env = {
    ...{ PATH: process.env.PATH, HOME: directory.path, LANG: "C.UTF-8", PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
    ...app.env?.(at),
  };
  const began = performance.now();
  let program;
  const stop = async () => {
    await program?.stop();
    directory.remove();
  };
  try {
    for (const [command, ...args] of app.prepare?.(at) ?? [])
      await runs(command, args, { cwd: directory.path, env }, app.prepareMs ?? PREPARE_MS);
    if (config.command) {
      const command = app.start({ ...at, port: "{port}" }).map(String);
      return { target: { command, directory: directory.path, environment: env }, stop };
    }
    const [command, ...args] = app.start(at);
    const started = performance.now();
    program = new Program(command, args, { cwd: directory.path, env, group: true, stopMs: app.stopMs ?? 10_000 });
    const upBase = app.upBase === false || config.upstream === false ? "" : base;
    await program.responds(`http://127.0.0.1:${at.port}${upBase}${app.up}`, app.upText ?? "", START_MS);
    const seconds = (from) => ((performance.now() - from) / 1000).toFixed(1);
    console.log(`${name} · ${config.column}: started in ${seconds(started)} s, prepared and started in ${seconds(began)} s`);
    const upstream = `http://127.0.0.1:${at.port}${config.upstream === false ? "" : base}`;
    return { target: { upstream }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function runs(command, args, options, timeout) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"], timeout });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    child.once("error", failed);
    child.once("close", (code) => (code === 0 ? done() : failed(new Error(`${command} ${args[0]} ended with ${code}: ${text}`))));
  });
}

async function tryCookies(name, app, { config, origin, cookies, started }) {
  const one = (running = new Case(setup, cookies));
  const outcome = {};
  try {
    const host = config.host ? { host: new URL(origin).hostname } : {};
    const keys = Object.entries(config.tool ?? {}).filter(([key]) => isKnown(key));
    const tool = { ...started.target, ...host, ...Object.fromEntries(keys) };
    const gateway = await one.gatewayOf({ [name]: tool }, { public_url: front.origin() });
    front.port = new URL(gateway.origin).port;
    const profile = await one.profile({ ignoreHTTPSErrors: true });
    const x = new Trial({ one, profile, name, app, config, origin });
    for (const [check, body] of Object.entries(app.checks)) {
      if (stopped) break;
      outcome[check] = await tryCheck(x, body, check);
      if (isVerbose && outcome[check] !== "") console.log(await one.report());
      if (check !== "page") continue;
      if (outcome.page !== "") break;
      // Every file of the page must also arrive.
      await x.page.waitForLoadState("networkidle", { timeout: 10_000 }).catch(() => {});
      outcome.files = x.bad.length > 0 ? reason(x.bad) : "";
    }
  } catch (error) {
    outcome.start ??= firstLine(error);
  } finally {
    await one.close();
  }
  for (const [check, reason] of Object.entries(outcome))
    console.log(`${reason ? "FAIL" : "ok  "} ${name} · ${[config.column, labelOf(config)].filter(Boolean).join(": ")} · cookies ${cookies} · ${check}${reason && `: ${reason}`}`);
  return outcome;
}

async function tryCheck(x, body, check) {
  const timeout = new AbortController();
  const late = pause(TRIAL_MS, undefined, { signal: timeout.signal }).then(() => {
    throw new Error("timeout");
  });
  late.catch(() => {});
  x.bad = [];
  try {
    if (!x.frame || x.failed) await x.launch({});
    x.failed = false;
    await Promise.race([body(x), late]);
    return "";
  } catch (error) {
    x.failed = true;
    return x.bad.length > 0 ? reason(x.bad) : firstLine(error);
  } finally {
    timeout.abort();
  }
}

function reason([{ status, method, path }]) {
  return `${status} at ${method} ${path}`;
}

function firstLine(error) {
  return stripVTControlCharacters(String(error?.message ?? error)).split("\n")[0].slice(0, 160);
}
