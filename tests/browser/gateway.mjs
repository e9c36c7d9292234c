// The program under test, as a process of its own on a free port of this machine.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const START_MS = 20_000;
const STOP_MS = 2_000;
const LOG_MS = 5_000;

/** The secrets of the repository's own tools. Random, with letters that have to be encoded. */
export const SECRETS = {
  HELLO_SECRET: `hello ${randomBytes(12).toString("base64")} &%+ü`,
  STAFF_SECRET: `staff ${randomBytes(12).toString("base64")} &%+ü`,
};

export class Gateway {
  #child;
  #ended;
  #lines = [];
  #news = new EventEmitter();
  // A child that could not be started has no id, and a signal to it would go to the whole process group.
  #signal = (signal) => this.#child.pid !== undefined && this.#child.kill(signal);
  #kill = () => this.#signal("SIGKILL");

  /** Starts `binary` where a tools.toml lies, and waits until it answers. */
  static async start(binary, folder) {
    for (let attempt = 1; ; attempt += 1) {
      const gateway = new Gateway(binary, folder, await freePort());
      try {
        await gateway.#answers();
        return gateway;
      } catch (error) {
        await gateway.stop();
        // Between choosing a port and listening on it, another process can take it.
        if (attempt < 3 && gateway.text.includes("port cannot be used")) continue;
        throw new Error(`${error.message}; it wrote:\n${gateway.text}`, { cause: error });
      }
    }
  }

  constructor(binary, folder, port) {
    this.origin = `http://127.0.0.1:${port}`;
    // None of our own environment, which may hold settings of another gateway.
    const env = { ...SECRETS, PORT: String(port) };
    this.#child = spawn(binary, ["--dev"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", resolve);
      this.#child.once("error", (error) => resolve(this.#lines.push(String(error))));
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        this.#news.emit("line");
      });
    }
    process.once("exit", this.#kill);
  }

  /** Everything that it has written. */
  get text() {
    return this.#lines.join("\n");
  }

  /** Waits for a line that contains all of these words. */
  async logged(...words) {
    await this.#written(() => this.#lines.some((line) => words.every((word) => line.includes(word))));
  }

  /** How launches turn out from now on: to be called later, for the outcomes since then, in order. */
  outcomes() {
    const start = this.#lines.length;
    const found = () => this.#lines.slice(start).flatMap((line) => line.match(/(?<= outcome=")[a-z]+/) ?? []);
    return async (count) => {
      await this.#written(() => found().length >= count);
      return found();
    };
  }

  async #written(isThere) {
    const patience = AbortSignal.timeout(LOG_MS);
    while (!isThere()) {
      // Fails with the patience; what was written then shows what is missing.
      await once(this.#news, "line", { signal: patience }).catch((error) => {
        throw new Error(`the gateway did not write what it should:\n${this.text}`, { cause: error });
      });
    }
  }

  async stop() {
    this.#signal("SIGTERM");
    const patience = setTimeout(this.#kill, STOP_MS);
    await this.#ended;
    clearTimeout(patience);
    process.off("exit", this.#kill);
  }

  async #answers() {
    const patience = AbortSignal.timeout(START_MS);
    while (this.#child.exitCode === null && this.#child.pid !== undefined && !patience.aborted) {
      try {
        const answer = await fetch(`${this.origin}/is_up`, { signal: patience });
        if ((await answer.text()) === "I'm up") return;
      } catch {
        // Not listening yet.
      }
      await pause(30);
    }
    throw new Error(`the gateway does not answer at ${this.origin}/is_up`);
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
