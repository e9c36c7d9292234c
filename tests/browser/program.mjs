// A program as a process of its own on this machine: what it writes, whether it answers, and its end.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const LINE_MS = 5_000;

export class Program {
  /** Every line that it has written. */
  lines = [];
  #child;
  #ended;
  #news = new EventEmitter();
  #stopMs;
  #isThere = true;
  // A child that could not be started has no id, and a signal to it would go to our own process group.
  #signal = (signal) => this.#child.pid !== undefined && this.#child.kill(signal);
  #kill = () => this.#signal("SIGKILL");

  /** Starts `command`, which gets `stopMs` for its end when it is told to stop, and is killed then. */
  constructor(command, args, { cwd, env, stopMs = 2_000 }) {
    this.#stopMs = stopMs;
    this.#child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", resolve);
      this.#child.once("error", (error) => resolve(this.lines.push(String(error))));
    }).then(() => (this.#isThere = false));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#news.emit("line");
      });
    }
    process.once("exit", this.#kill);
  }

  /** Everything that it has written. */
  get text() {
    return this.lines.join("\n");
  }

  /** Waits until what it has written is as it should be. */
  async written(isThere) {
    const patience = AbortSignal.timeout(LINE_MS);
    while (!isThere()) {
      // Fails with the patience; what was written then shows what is missing.
      await once(this.#news, "line", { signal: patience }).catch((error) => {
        throw new Error(`the program did not write what it should:\n${this.text}`, { cause: error });
      });
    }
  }

  /** Waits until it answers at this address with 200, and with this text. */
  async answers(url, text, patienceMs) {
    const patience = AbortSignal.timeout(patienceMs);
    while (this.#isThere && !patience.aborted) {
      try {
        const answer = await fetch(url, { signal: patience });
        if (answer.status === 200 && (await answer.text()).includes(text)) return;
      } catch {
        // Not listening yet.
      }
      await pause(30);
    }
    throw new Error(`nothing answers at ${url}; it wrote:\n${this.text}`);
  }

  async stop() {
    this.#signal("SIGTERM");
    const patience = setTimeout(this.#kill, this.#stopMs);
    await this.#ended;
    clearTimeout(patience);
    process.off("exit", this.#kill);
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
