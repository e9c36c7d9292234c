// The program under test, as a process on a free loopback port.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

import { freePort, Program } from "./program.mjs";

const START_MS = 20_000;

/** The secrets of the repository's tools: random, with characters that need encoding. */
export const SECRETS = {
  HELLO_SECRET: `hello ${randomBytes(12).toString("base64")} &%+ü`,
  STAFF_SECRET: `staff ${randomBytes(12).toString("base64")} &%+ü`,
  ADDER_SECRET: `adder ${randomBytes(12).toString("base64")} &%+ü`,
};

export class Gateway {
  #program;
  #command;

  /** Starts `binary` in a directory with a tools.toml, and waits until it responds. */
  static async start(binary, directory, secrets = SECRETS) {
    for (let attempt = 1; ; attempt += 1) {
      const gateway = new Gateway(binary, directory, await freePort(), secrets);
      try {
        await gateway.#program.responds(`${gateway.origin}/is_up`, "I'm up", START_MS);
        return gateway;
      } catch (error) {
        await gateway.stop();
        // Another process can take the port before the gateway listens.
        if (attempt === 3 || !gateway.text.includes("port cannot be used")) throw error;
      }
    }
  }

  constructor(binary, directory, port, secrets) {
    this.origin = `http://127.0.0.1:${port}`;
    // A clean environment: the caller's may contain settings of another gateway.
    const env = { ...secrets, PORT: String(port) };
    this.#program = new Program(binary, ["--dev"], { cwd: directory, env });
    this.#command = (args) => promisify(execFile)(binary, args, { cwd: directory, env });
  }

  /** Runs a command of the program beside the server, and returns what it prints. */
  async command(...args) {
    return (await this.#command(args)).stdout;
  }

  /** All of its output. */
  get text() {
    return this.#program.text;
  }

  /** Waits for a line that contains all of these texts. */
  async logged(...words) {
    const { lines } = this.#program;
    await this.#program.written(() =>
      lines.some((line) => words.every((word) => line.includes(word))),
    );
  }

  /** Returns a function that waits for the next `count` outcomes of launches, in order. */
  outcomes() {
    const { lines } = this.#program;
    const start = lines.length;
    const found = () =>
      lines.slice(start).flatMap((line) => line.match(/(?<= outcome=")[a-z]+/) ?? []);
    return async (count) => {
      await this.#program.written(() => found().length >= count);
      return found();
    };
  }

  async stop() {
    await this.#program.stop();
  }
}
