// Unchanged web apps from PyPI, as upstreams of tools. The first case that needs an app starts it,
// on a free port and with its own directory. All cases share it.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { TemporaryDirectory } from "./directory.mjs";
import { freePort, Program } from "./program.mjs";

const START_MS = 60_000;
// JupyterLab stops its kernels first.
const STOP_MS = 10_000;

const file = (path) => fileURLToPath(new URL(`apps/${path}`, import.meta.url));

/** For each app: its Python arguments, its base path, and the URL and text of its health check. */
const APPS = {
  streamlit: {
    start: (port) => [
      ...["-m", "streamlit", "run", file("streamlit/counter.py"), "--server.headless=true"],
      ...["--server.address=127.0.0.1", `--server.port=${port}`, "--server.fileWatcherType=none"],
      "--browser.gatherUsageStats=false",
    ],
    path: "",
    up: ["/_stcore/health", "ok"],
  },
  jupyterlab: {
    start: (port) => [
      "-m",
      "jupyterlab",
      `--config=${file("jupyterlab/jupyter_lab_config.py")}`,
      `--ServerApp.port=${port}`,
    ],
    path: "/lti/lab",
    up: ["/lti/lab/api", "version"],
  },
  flask: {
    start: (port) => [file("flask/app.py"), String(port)],
    path: "",
    up: ["/up", "up"],
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

  static async start(python, { start, path, up: [upPath, upText] }) {
    if (!existsSync(python)) throw new Error(`${python} is missing: script/test installs it`);
    const port = await freePort();
    const app = new App(python, start(port));
    const origin = `http://127.0.0.1:${port}`;
    /** The `upstream` of a tool. */
    app.url = origin + path;
    try {
      await app.#program.responds(origin + upPath, upText, START_MS);
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  constructor(python, args) {
    // A clean environment, and a home directory without the user's settings.
    const env = { PATH: process.env.PATH, HOME: this.#directory.path, PYTHONUNBUFFERED: "1" };
    this.#program = new Program(python, args, { cwd: this.#directory.path, env, stopMs: STOP_MS });
  }

  /** All of its output. */
  get text() {
    return this.#program.text;
  }

  async stop() {
    await this.#program.stop();
    this.#directory.remove();
  }
}
