// Web apps from PyPI as they are, which tools have as their upstreams. Each is started when a case first asks for it,
// on a free port and with a folder of its own for everything that it keeps, and serves all cases.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Folder } from "./folder.mjs";
import { freePort, Program } from "./program.mjs";

const START_MS = 60_000;
// JupyterLab ends its kernels first.
const STOP_MS = 10_000;

const file = (path) => fileURLToPath(new URL(`apps/${path}`, import.meta.url));

/** How Python starts each of them, what of its address is the app, and where and how it says that it is up. */
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
    start: (port) => ["-m", "jupyterlab", `--config=${file("jupyterlab/jupyter_lab_config.py")}`, `--ServerApp.port=${port}`],
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

  /** `python` is the interpreter that has what apps/requirements.txt names. */
  constructor(python) {
    this.#python = python;
  }

  /** The app of this name, which answers. */
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
  #folder = new Folder();
  #program;

  static async start(python, { start, path, up: [upPath, upText] }) {
    if (!existsSync(python)) throw new Error(`${python} is missing: script/test installs it`);
    const port = await freePort();
    const app = new App(python, start(port));
    const origin = `http://127.0.0.1:${port}`;
    /** What a tool has as its `upstream`. */
    app.url = origin + path;
    try {
      await app.#program.answers(origin + upPath, upText, START_MS);
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  constructor(python, args) {
    // None of our own environment; and nothing of this person's settings, which lie in the home folder.
    const env = { PATH: process.env.PATH, HOME: this.#folder.path, PYTHONUNBUFFERED: "1" };
    this.#program = new Program(python, args, { cwd: this.#folder.path, env, stopMs: STOP_MS });
  }

  /** Everything that it has written. */
  get text() {
    return this.#program.text;
  }

  async stop() {
    await this.#program.stop();
    this.#folder.remove();
  }
}
