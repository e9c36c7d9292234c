// The tools of one case: launches, browsers and gateways. They end with the case.

import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Profile } from "./chromium.mjs";
import { TemporaryDirectory } from "./directory.mjs";
import { Front } from "./front.mjs";
import { Gateway, SECRETS } from "./gateway.mjs";
import { ORDINARY, sign } from "./launch.mjs";
import { freePort, Program } from "./program.mjs";

const SHOWN_MS = 2_000;
const LAST_LINES = 30;

export class Case {
  #opened = [];
  #profiles = [];
  #programs = [];
  #setup;

  /** All cases share `setup`: the `binary`, the `repository`, a `gateway` with the repository's
   *  tools, a `platform`, the `apps`, and an optional directory for `screenshots`. */
  constructor(setup, cookies) {
    this.#setup = setup;
    this.gateway = setup.gateway;
    this.platform = setup.platform;
    this.cookies = cookies;
  }

  /** A launch of a tool by an ordinary learner, with these changes. */
  launch(tool, changes = {}, { more = [], gateway = this.gateway, path = `/lti/${tool}` } = {}) {
    const secret = SECRETS[`${tool.toUpperCase()}_SECRET`] ?? SECRETS.HELLO_SECRET;
    const params = [...Object.entries({ ...ORDINARY, ...changes }), ...more];
    return sign({ url: gateway.origin + path, key: `${tool}-key`, secret, params });
  }

  /** Opens another browser profile, with additional settings. */
  async profile(settings) {
    const profile = await Profile.open(this.cookies, settings);
    this.#opened.push(() => profile.close());
    this.#profiles.push(profile);
    return profile;
  }

  /** A running web app, which all cases share. */
  async app(name) {
    const app = await this.#setup.apps.of(name);
    this.#programs.push(app);
    return app;
  }

  /** Starts a program beside the gateway's binary, and waits for a line of its output. */
  async program(name, env, line) {
    const program = new Program(join(dirname(this.#setup.binary), name), [], { env });
    this.#opened.push(() => program.stop());
    this.#programs.push(program);
    await program.written(() => program.lines.includes(line));
  }

  /** A gateway with these tools behind TLS, as in production. Its profiles need
   *  `ignoreHTTPSErrors`. */
  async gatewayBehindTls(tools) {
    const front = await Front.start();
    this.#opened.push(() => front.stop());
    const gateway = await this.gatewayOf(tools, { public_url: front.origin() });
    front.port = new URL(gateway.origin).port;
    return { origin: front.origin() };
  }

  /** Registers a function for the end of the case. */
  atEnd(end) {
    this.#opened.push(end);
  }

  /** A gateway with these tools, its own `[gateway]` settings and the repository's templates.
   *  `secrets` are its environment variables. */
  async gatewayOf(tools, own = {}, secrets = SECRETS) {
    const tables = Object.entries(tools).map(([name, settings]) => {
      const { params = {}, environment, ...rest } = { key: `${name}-key`, ...settings };
      const lines = [`[tools.${name}]`, `secret = { env = "HELLO_SECRET" }`, ...written(rest)];
      // Not every target has parameters.
      if (Object.keys(params).length > 0) lines.push(`[tools.${name}.params]`, ...written(params));
      if (environment) lines.push(`[tools.${name}.environment]`, ...written(environment));
      return [...lines, ""].join("\n");
    });
    return this.gatewayWith(["[gateway]", ...written(own), ...tables].join("\n"), secrets);
  }

  /** A gateway with this tools.toml, the repository's templates, and `secrets` as environment. */
  async gatewayWith(text, secrets) {
    const directory = new TemporaryDirectory();
    this.#opened.push(directory.remove);
    await writeFile(join(directory.path, "tools.toml"), text);
    for (const name of ["templates", "static"])
      await symlink(join(this.#setup.repository, name), join(directory.path, name));
    const gateway = await Gateway.start(this.#setup.binary, directory.path, secrets);
    this.#opened.push(() => gateway.stop());
    this.#programs.push(gateway);
    return gateway;
  }

  /** A gateway with the repository's tools.toml, placeholder secrets, and the adder behind it. */
  async gatewayAsShipped() {
    const text = await readFile(join(this.#setup.repository, "tools.toml"), "utf8");
    const address = `127.0.0.1:${await freePort()}`;
    const gateway = await this.gatewayWith(text.replace("127.0.0.1:9000", address), {});
    await this.program(
      "adder",
      { ADDRESS: address, LTI_GATEWAY: gateway.origin },
      `adder: http://${address}`,
    );
    return gateway;
  }

  /** Takes a screenshot, if `screenshots` is set. */
  async screenshot(target, name) {
    const { screenshots } = this.#setup;
    if (!screenshots) return;
    await mkdir(join(screenshots, this.cookies), { recursive: true });
    await target.screenshot({
      path: join(screenshots, this.cookies, `${name}.png`),
      fullPage: true,
    });
  }

  /** The report of a failure: the text of all frames, the console errors, the last log lines. */
  async report() {
    const frames = this.#profiles.flatMap((profile) =>
      profile.context.pages().flatMap((page) => page.frames()),
    );
    const texts = frames.map(async (frame) => {
      const text = await frame
        .locator("body")
        .innerText({ timeout: SHOWN_MS })
        .catch(() => "(no text)");
      return `${frame.url()} shows: ${text.replace(/\s+/g, " ").slice(0, 300)}`;
    });
    const errors = this.#profiles.flatMap((profile) => profile.consoleErrors);
    const logs = this.#programs.flatMap((program) => [
      "last log lines:",
      ...program.text.split("\n").slice(-LAST_LINES),
    ]);
    return [...(await Promise.all(texts)), ...errors, ...logs].join("\n");
  }

  async close() {
    while (this.#opened.length > 0) await this.#opened.pop()();
  }
}

/** JSON strings and arrays of strings are valid TOML. */
function written(settings) {
  return Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
}
