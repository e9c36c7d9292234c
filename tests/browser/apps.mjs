// Web apps as upstreams of tools: unchanged ones from PyPI, and small ones with the usual frameworks.
// The first case that needs an app starts it, on a free port and with its own directory. All cases
// share it.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { TemporaryDirectory } from "./directory.mjs";
import { freePort, Program } from "./program.mjs";

const START_MS = 60_000;
// JupyterLab stops its kernels first.
const STOP_MS = 10_000;

const file = (path) => fileURLToPath(new URL(`apps/${path}`, import.meta.url));

/** For each app: its command, its base path, and the URL and text of its health check. `prepare` is
 *  a command that runs before. */
const APPS = {
  streamlit: {
    start: (port, python) => [
      ...[python, "-m", "streamlit", "run", file("streamlit/counter.py"), "--server.headless=true"],
      ...["--server.address=127.0.0.1", `--server.port=${port}`, "--server.fileWatcherType=none"],
      "--browser.gatherUsageStats=false",
    ],
    path: "",
    up: ["/_stcore/health", "ok"],
  },
  jupyterlab: {
    start: (port, python) => [
      python,
      "-m",
      "jupyterlab",
      `--config=${file("jupyterlab/jupyter_lab_config.py")}`,
      `--ServerApp.port=${port}`,
    ],
    path: "/lti/lab",
    up: ["/lti/lab/api", "version"],
  },
  flask: {
    start: (port, python) => [python, file("flask/app.py"), String(port)],
    path: "",
    up: ["/up", "up"],
  },
  express: {
    start: (port) => [process.execPath, file("express/app.mjs"), String(port)],
    path: "",
    up: ["/up", "up"],
  },
  // Below the launch path of a tool with `prefix = "tool"`.
  "express below a path": {
    start: (port) => [process.execPath, file("express/app.mjs"), String(port), "/lti/express"],
    path: "/lti/express",
    up: ["/lti/express/up", "up"],
  },
  django: {
    prepare: (python) => [python, file("django/notes.py"), "prepare"],
    start: (port, python) => [
      ...[python, "-m", "gunicorn", `--pythonpath=${file("django")}`, `--bind=127.0.0.1:${port}`],
      ...["--threads=8", "notes:application"],
    ],
    env: { DATABASE: "notes.sqlite3" },
    path: "",
    up: ["/up", "up"],
  },
  fastapi: {
    start: (port, python) => [python, file("fastapi/app.py"), String(port)],
    path: "",
    up: ["/up", "up"],
  },
  php: {
    start: (port) => ["php", "-S", `127.0.0.1:${port}`, "-t", file("php")],
    env: { PHP_CLI_SERVER_WORKERS: "4" },
    path: "",
    up: ["/style.css", "h1"],
  },
};

export class Apps {
  #python;
  #started = new Map();

  /** `python` is an interpreter with the packages of apps/requirements.txt. */
  constructor(python) {
    this.#python = python;
  }

  /** The running app of this name. */
  async of(name) {
    if (!this.#started.has(name)) this.#started.set(name, App.start(this.#python, APPS[name]));
    return this.#started.get(name);
  }

  async stop() {
    const all = await Promise.allSettled(this.#started.values());
    await Promise.all(all.map(({ value }) => value?.stop()));
  }
}

class App {
  #directory = new TemporaryDirectory();
  #program;

  static async start(python, { prepare, start, env, path, up: [upPath, upText] }) {
    if (!existsSync(python)) throw new Error(`${python} is missing: script/test installs it`);
    const port = await freePort();
    const app = new App();
    const origin = `http://127.0.0.1:${port}`;
    /** The `upstream` of a tool. */
    app.url = origin + path;
    try {
      const own = app.#options(env);
      if (prepare) {
        const [command, ...args] = prepare(python);
        await promisify(execFile)(command, args, { ...own, timeout: START_MS });
      }
      const [command, ...args] = start(port, python);
      app.#program = new Program(command, args, { ...own, stopMs: STOP_MS, group: true });
      await app.#program.responds(origin + upPath, upText, START_MS);
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  /** A clean environment, and a home directory without the user's settings. */
  #options(env) {
    const { path } = this.#directory;
    const python = { PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" };
    return { cwd: path, env: { PATH: process.env.PATH, HOME: path, ...python, ...env } };
  }

  /** All of its output. */
  get text() {
    return this.#program.text;
  }

  async stop() {
    await this.#program?.stop();
    this.#directory.remove();
  }
}
