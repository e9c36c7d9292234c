// The program under test, as a process of its own on a free port of this machine.

import { randomBytes } from "node:crypto";

import { freePort, Program } from "./program.mjs";

const START_MS = 20_000;

/** The secrets of the repository's own tools. Random, with letters that have to be encoded. */
export const SECRETS = {
  HELLO_SECRET: `hello ${randomBytes(12).toString("base64")} &%+ü`,
  STAFF_SECRET: `staff ${randomBytes(12).toString("base64")} &%+ü`,
  ADDER_SECRET: `adder ${randomBytes(12).toString("base64")} &%+ü`,
};

export class Gateway {
  #program;

  /** Starts `binary` where a tools.toml lies, with these secrets, and waits until it answers. */
  static async start(binary, folder, secrets = SECRETS) {
    for (let attempt = 1; ; attempt += 1) {
      const gateway = new Gateway(binary, folder, await freePort(), secrets);
      try {
        await gateway.#program.answers(`${gateway.origin}/is_up`, "I'm up", START_MS);
        return gateway;
      } catch (error) {
        await gateway.stop();
        // Between choosing a port and listening on it, another process can take it.
        if (attempt === 3 || !gateway.text.includes("port cannot be used")) throw error;
      }
    }
  }

  constructor(binary, folder, port, secrets) {
    this.origin = `http://127.0.0.1:${port}`;
    // None of our own environment, which may hold settings of another gateway.
    const env = { ...secrets, PORT: String(port) };
    this.#program = new Program(binary, ["--dev"], { cwd: folder, env });
  }

  /** Everything that it has written. */
  get text() {
    return this.#program.text;
  }

  /** Waits for a line that contains all of these words. */
  async logged(...words) {
    const { lines } = this.#program;
    await this.#program.written(() => lines.some((line) => words.every((word) => line.includes(word))));
  }

  /** How launches turn out from now on: to be called later, for the outcomes since then, in order. */
  outcomes() {
    const { lines } = this.#program;
    const start = lines.length;
    const found = () => lines.slice(start).flatMap((line) => line.match(/(?<= outcome=")[a-z]+/) ?? []);
    return async (count) => {
      await this.#program.written(() => found().length >= count);
      return found();
    };
  }

  async stop() {
    await this.#program.stop();
  }
}
