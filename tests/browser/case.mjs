// What one case works with: its launches and its browsers, which end with it.

import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Profile } from "./chromium.mjs";
import { Folder } from "./folder.mjs";
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

  /** `setup` is what all cases share: the `binary`, the `repository`, a `gateway` with the repository's own tools, a
   *  `platform`, the `apps`, and the folder for `screenshots`, if they are wanted. */
  constructor(setup, cookies) {
    this.#setup = setup;
    this.gateway = setup.gateway;
    this.platform = setup.platform;
    this.cookies = cookies;
  }

  /** A launch of a tool by an ordinary learner, but for these parameters. */
  launch(tool, changes = {}, { more = [], gateway = this.gateway, path = `/lti/${tool}` } = {}) {
    const secret = SECRETS[`${tool.toUpperCase()}_SECRET`] ?? SECRETS.HELLO_SECRET;
    const params = [...Object.entries({ ...ORDINARY, ...changes }), ...more];
    return sign({ url: gateway.origin + path, key: `${tool}-key`, secret, params });
  }

  /** Another browser profile, with these settings besides the case's. */
  async profile(settings) {
    const profile = await Profile.open(this.cookies, settings);
    this.#opened.push(() => profile.close());
    this.#profiles.push(profile);
    return profile;
  }

  /** A web app, up and running, which all cases share. */
  async app(name) {
    const app = await this.#setup.apps.of(name);
    this.#programs.push(app);
    return app;
  }

  /** A program that lies beside the gateway's own, once it has written this line. */
  async program(name, env, line) {
    const program = new Program(join(dirname(this.#setup.binary), name), [], { env });
    this.#opened.push(() => program.stop());
    this.#programs.push(program);
    await program.written(() => program.lines.includes(line));
  }

  /** Has something ended with the case. */
  atEnd(end) {
    this.#opened.push(end);
  }

  /** A gateway with these tools, settings of its own, and the repository's templates; with other `secrets` in its environment
   *  than all have, if need be. */
  async gatewayOf(tools, own = {}, secrets = SECRETS) {
    const tables = Object.entries(tools).map(([name, settings]) => {
      const { params = {}, ...rest } = { key: `${name}-key`, ...settings };
      const lines = [`[tools.${name}]`, `secret = { env = "HELLO_SECRET" }`, ...written(rest)];
      return [...lines, `[tools.${name}.params]`, ...written(params), ""].join("\n");
    });
    return this.gatewayWith(["[gateway]", ...written(own), ...tables].join("\n"), secrets);
  }

  /** A gateway with this tools.toml, the repository's templates, and these secrets in its environment. */
  async gatewayWith(text, secrets) {
    const folder = new Folder();
    this.#opened.push(folder.remove);
    await writeFile(join(folder.path, "tools.toml"), text);
    for (const name of ["templates", "static"]) await symlink(join(this.#setup.repository, name), join(folder.path, name));
    const gateway = await Gateway.start(this.#setup.binary, folder.path, secrets);
    this.#opened.push(() => gateway.stop());
    this.#programs.push(gateway);
    return gateway;
  }

  /** A gateway with the repository's own tools.toml and no secret of its own, the adder that it names beside it. */
  async gatewayAsShipped() {
    const text = await readFile(join(this.#setup.repository, "tools.toml"), "utf8");
    const address = `127.0.0.1:${await freePort()}`;
    const gateway = await this.gatewayWith(text.replace("127.0.0.1:9000", address), {});
    await this.program("adder", { ADDRESS: address, LTI_GATEWAY: gateway.origin }, `adder: http://${address}`);
    return gateway;
  }

  /** Keeps a picture, if pictures are wanted. */
  async shoot(target, name) {
    const { screenshots } = this.#setup;
    if (!screenshots) return;
    await mkdir(join(screenshots, this.cookies), { recursive: true });
    await target.screenshot({ path: join(screenshots, this.cookies, `${name}.png`), fullPage: true });
  }

  /** What all frames show at the moment, what the consoles said and the programs wrote, for whoever reads of a failure. */
  async shown() {
    const frames = this.#profiles.flatMap((profile) => profile.context.pages().flatMap((page) => page.frames()));
    const shown = frames.map(async (frame) => {
      const text = await frame.locator("body").innerText({ timeout: SHOWN_MS }).catch(() => "(no answer)");
      return `${frame.url()} shows: ${text.replace(/\s+/g, " ").slice(0, 300)}`;
    });
    const said = this.#profiles.flatMap((profile) => profile.complaints);
    const wrote = this.#programs.flatMap((program) => ["written last:", ...program.text.split("\n").slice(-LAST_LINES)]);
    return [...(await Promise.all(shown)), ...said, ...wrote].join("\n");
  }

  async close() {
    while (this.#opened.length > 0) await this.#opened.pop()();
  }
}

/** Text and lists of text mean in TOML what they mean in JSON. */
function written(settings) {
  return Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
}
