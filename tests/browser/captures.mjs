// Writes tests/fixtures/captures/: launches as Chromium's own developer tools copy and save them.
//
//     node captures.mjs ../../target/debug/lti-gateway
//
// `script/captures` runs it, and then the tests of `explain`, which read the files.
//
// It opens each launch in Chromium, opens the developer tools of that page in a second tab, and
// calls the functions behind the menu *Copy* of the network panel (`NetworkLogView`). So the
// formats are those of the installed Chromium.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { TemporaryDirectory } from "./directory.mjs";

const START_MS = 30_000;
const TURN_MS = 50;

const program = resolve(process.argv[2]);
const folder = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/captures");

const PERSON = {
  lis_person_name_full: "Zoë O'Hara-Müller",
  lis_person_name_given: "Zoë",
  lis_person_contact_email_primary: "zoe.ohara@example.org",
};
const URL_OF_TOOL = "http://tools.example/lti/page";

/** The launches. `sent` changes the page between signing and sending. */
const LAUNCHES = [
  { name: "plain", params: {} },
  { name: "quotes", params: { custom_text: `"double" 'single' \\"both\\" \\` } },
  { name: "percent", params: { custom_text: "100% %41 %25 %% %PATH% %2F" } },
  { name: "umlauts", params: { context_title: "Übung für Jürgen — 日本語 😀" } },
  { name: "line-breaks", params: { resource_link_description: "one\ntwo\n\nfour: = &" } },
  { name: "shell", params: { custom_text: "^ ^& ! !! $HOME $(id) `id` ; | > < & # {a,b} [x]" } },
  { name: "empty", params: { context_label: "", custom_empty: "", custom_spaces: "  " } },
  { name: "query", url: `${URL_OF_TOOL}?week=2&note=it's%20(50%25)!`, params: {} },
  { name: "signs", params: { custom_text: "a+b c=d&e;f@g:h/i?j,k~l*m-n_o.p" } },
  { name: "other-secret", params: {}, secret: "an-older-secret-of-the-course" },
  {
    name: "slash",
    params: {},
    sent: (html) => html.replace('/lti/page"', '/lti/page/"'),
  },
  {
    name: "added",
    params: {},
    sent: (html) => html.replace("</form>", '<input type="hidden" name="extra" value="it&#39;s 1"></form>'),
  },
];

/** The page with the signed form, as the platform would show it. */
function page({ params, url = URL_OF_TOOL, secret = "the-secret-of-the-captures", sent }) {
  const all = Object.entries({ ...PERSON, ...params });
  const args = ["launch", "page", "--print", "html", "--url", url];
  const html = execFileSync(
    program,
    [...args, ...all.flatMap(([name, value]) => ["--param", `${name}=${value}`])],
    { cwd: folder, env: { CAPTURE_SECRET: secret }, encoding: "utf8" },
  );
  return sent ? sent(html) : html;
}

/** Chromium with a pipe for commands, and a port for the developer tools. */
class DevTools {
  #directory = new TemporaryDirectory();
  #replies = new Map();
  #number = 0;

  async start(serverPort) {
    this.chromium = spawn(
      process.env.CHROMIUM || "/usr/bin/chromium",
      [
        "--headless=new",
        "--no-sandbox",
        `--user-data-dir=${this.#directory.path}`,
        "--remote-debugging-pipe",
        "--remote-debugging-port=0",
        "--remote-allow-origins=*",
        "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
        `--host-resolver-rules=MAP *.example 127.0.0.1:${serverPort}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
        "about:blank",
      ],
      { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] },
    );
    process.once("exit", () => this.chromium.kill("SIGKILL"));
    let unread = "";
    this.chromium.stdio[4].setEncoding("utf8").on("data", (data) => {
      const messages = (unread + data).split("\0");
      unread = messages.pop();
      for (const message of messages.map((text) => JSON.parse(text))) {
        this.#replies.get(message.id)?.(message);
        this.#replies.delete(message.id);
      }
    });
    this.port = await new Promise((found) => {
      let text = "";
      this.chromium.stderr.setEncoding("utf8").on("data", (data) => {
        text += data;
        const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (port) found(port);
      });
    });
  }

  async send(method, params = {}, sessionId = undefined) {
    const id = (this.#number += 1);
    const reply = new Promise((resolve) => this.#replies.set(id, resolve));
    this.chromium.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { error, result } = await reply;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Opens a page. Returns its target and session. */
  async open(url) {
    const { targetId } = await this.send("Target.createTarget", { url });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    return { targetId, sessionId };
  }

  async evaluate({ sessionId }, expression) {
    const { result, exceptionDetails } = await this.send(
      "Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true },
      sessionId,
    );
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? "an error");
    return result.value;
  }

  /** Evaluates an expression until its value is true. */
  async until(target, expression) {
    const timeout = AbortSignal.timeout(START_MS);
    while (!timeout.aborted) {
      if (await this.evaluate(target, expression).catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
    throw new Error(`timeout: ${expression}`);
  }

  async stop() {
    const ended = new Promise((resolve) => this.chromium.once("close", resolve));
    this.chromium.kill();
    await ended;
    this.#directory.remove();
  }
}

// What the menu *Copy* of the network panel calls.
const SETUP = `(async () => {
  const bundled = "devtools://devtools/bundled/";
  const network = await import(bundled + "panels/network/network.js");
  const logs = await import(bundled + "models/logs/logs.js");
  const har = await import(bundled + "models/har/har.js");
  const View = network.NetworkLogView.NetworkLogView;
  const view = Object.create(View.prototype);
  // In the order of the panel. After a navigation, the log begins with the new page.
  const log = logs.NetworkLog.NetworkLog.instance();
  const requests = () => log.requests().sort((one, other) => one.issueTime() - other.issueTime());
  const launches = () => requests().filter((request) => request.requestMethod === "POST");
  const archive = async (some, sanitize) =>
    JSON.stringify({ log: await har.Log.Log.build(some, { sanitize }) }, null, 2);
  globalThis.captures = {
    count: () => launches().filter((request) => request.finished).length,
    copy: async (index) => {
      const request = launches()[index];
      return {
        "curl-bash": await View.generateCurlCommand(request, "unix"),
        "curl-cmd": await View.generateCurlCommand(request, "win"),
        "fetch": await view.generateFetchCall(request, 0),
        "fetch-node": await view.generateFetchCall(request, 1),
        "powershell": await view.generatePowerShellCommand(request),
        "view-source": await request.requestFormData(),
        "har": await archive([request], false),
      };
    },
    all: async () => ({
      "curl-bash": await view.generateAllCurlCommand(requests(), "unix"),
      "curl-cmd": await view.generateAllCurlCommand(requests(), "win"),
      "fetch": await view.generateAllFetchCall(requests(), 0),
      "fetch-node": await view.generateAllFetchCall(requests(), 1),
      "powershell": await view.generateAllPowerShellCommand(requests()),
      "har": await archive(requests(), true),
    }),
  };
  return true;
})()`;

const pages = new Map(LAUNCHES.map((launch) => [`/${launch.name}`, page(launch)]));
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(pages.get(request.url) ?? "<p>The page of the tool");
  });
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));

const devTools = new DevTools();
await devTools.start(server.address().port);
const platform = await devTools.open("about:blank");
const inspector = `devtools://devtools/bundled/inspector.html?ws=127.0.0.1:${devTools.port}/devtools/page/${platform.targetId}`;
const panel = await devTools.open(inspector);
await devTools.until(panel, SETUP);
await devTools.until(panel, `(async () => {
  const sdk = await import("devtools://devtools/bundled/core/sdk/sdk.js");
  const target = sdk.TargetManager.TargetManager.instance().primaryPageTarget();
  const preserve = (await import("devtools://devtools/bundled/core/common/common.js")).Settings.Settings.instance();
  preserve.moduleSetting("network-log.preserve-log").set(true);
  return target !== null;
})()`);

const write = (kind, name, text) => {
  mkdirSync(join(folder, kind), { recursive: true });
  writeFileSync(join(folder, kind, name), text);
};
for (const [index, { name }] of LAUNCHES.entries()) {
  await devTools.send("Page.navigate", { url: `http://platform.example/${name}` }, platform.sessionId);
  await devTools.until(platform, "document.forms.length > 0 && document.readyState === 'complete'");
  await devTools.evaluate(platform, "HTMLFormElement.prototype.submit.call(document.forms[0])");
  await devTools.until(panel, `captures.count() > ${index}`);
  for (const [kind, text] of Object.entries(await devTools.evaluate(panel, `captures.copy(${index})`))) {
    if (index === 0) rmSync(join(folder, kind), { recursive: true, force: true });
    write(kind, name, text);
  }
}
for (const [kind, text] of Object.entries(await devTools.evaluate(panel, "captures.all()"))) {
  write(kind, "all", text);
}
await devTools.stop();
server.close();
process.exit(0);
