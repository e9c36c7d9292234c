// A child process: its output, its readiness and its end.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const LINE_MS = 5_000;

export class Program {
  /** Every line of its output. */
  lines = [];
  #child;
  #ended;
  #hasGroup;
  #news = new EventEmitter();
  #stopMs;
  #isRunning = true;
  // A child that did not start has no id. A signal to it would go to this process group.
  #signal = (signal) => {
    if (this.#child.pid === undefined) return;
    if (!this.#hasGroup) return this.#child.kill(signal);
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // No process of the group is left.
    }
  };
  #kill = () => this.#signal("SIGKILL");

  /** Starts `command`. `stop` sends SIGTERM, and SIGKILL after `stopMs`. With `group`, both reach
   *  all processes that it starts, and SIGKILL the processes that it leaves behind. */
  constructor(command, args, { cwd, env, stopMs = 2_000, group = false }) {
    this.#stopMs = stopMs;
    this.#hasGroup = group;
    const stdio = ["ignore", "pipe", "pipe"];
    this.#child = spawn(command, args, { cwd, env, stdio, detached: group });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", resolve);
      this.#child.once("error", (error) => resolve(this.lines.push(String(error))));
    }).then(() => (this.#isRunning = false));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#news.emit("line");
      });
    }
    process.once("exit", this.#kill);
  }

  /** All of its output. */
  get text() {
    return this.lines.join("\n");
  }

  /** Waits until its output meets a condition. */
  async written(condition) {
    const timeout = AbortSignal.timeout(LINE_MS);
    while (!condition()) {
      // After the timeout, the error shows the output.
      await once(this.#news, "line", { signal: timeout }).catch((error) => {
        throw new Error(`timeout while waiting for a line; the output is:\n${this.text}`, {
          cause: error,
        });
      });
    }
  }

  /** Waits until this URL responds with 200 and this text. */
  async responds(url, text, timeoutMs) {
    const timeout = AbortSignal.timeout(timeoutMs);
    while (this.#isRunning && !timeout.aborted) {
      try {
        const response = await fetch(url, { signal: timeout });
        if (response.status === 200 && (await response.text()).includes(text)) return;
      } catch {
        // Not listening yet.
      }
      await pause(30);
    }
    throw new Error(`no response at ${url}; the output is:\n${this.text}`);
  }

  async stop() {
    this.#signal("SIGTERM");
    const timeout = setTimeout(this.#kill, this.#stopMs);
    await this.#ended;
    clearTimeout(timeout);
    if (this.#hasGroup) this.#kill();
    process.off("exit", this.#kill);
  }
}

/** A loopback port without a listener. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
