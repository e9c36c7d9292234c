// JupyterLab, whose base path is fixed in its own settings, so that its tool has `prefix = "tool"`.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { cookiesOf, unexpected } from "../upstream.mjs";

// JupyterLab gives up its first connection to a new notebook's kernel while it is being made, also without a gateway…
const GIVEN_UP =
  /^warning: WebSocket connection to '.+\/api\/kernels\/.+' failed: WebSocket is closed before the connection is established\.$/;
// …and forgets what was to run there. How long to wait for what it runs, and how often to ask for it.
const RUN_MS = 3_000;
const RUNS = 5;

export default {
  "JupyterLab runs a notebook over its WebSockets, and its posts have its own token": async (t) => {
    const gateway = await t.gatewayOf({ lab: { upstream: (await t.app("jupyterlab")).url, prefix: "tool" } });
    const base = `${gateway.origin}/lti/lab`;
    const profile = await t.profile();
    // Not with the notebooks that were open before.
    const page = await profile.visit(t.platform.course(t.launch("lab", {}, { gateway, path: "/lti/lab?reset" })));
    const frame = await block(page);
    await frame.locator('.jp-LauncherCard[data-category="Notebook"]').first().click();
    const notebook = frame.locator(".jp-Notebook");
    await notebook.locator(".jp-CodeCell .cm-content").click();
    await frame.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").waitFor({ state: "attached" });
    await page.keyboard.type("1+1");
    const output = notebook.locator(".jp-OutputArea-output");
    for (let runs = 1; runs <= RUNS && (await output.count()) === 0; runs += 1) {
      await page.keyboard.press("Control+Enter");
      await output.waitFor({ timeout: RUN_MS }).catch(() => {});
    }
    assert.equal((await output.innerText()).trim(), "2");
    await t.shoot(page, "jupyterlab");

    const sockets = profile.sockets.map((socket) => socket.url());
    const kernels = `${base.replace("http", "ws")}/api/kernels/`;
    assert.ok(sockets.some((url) => url.startsWith(kernels)), sockets.join("\n"));
    for (const path of ["/api/contents", "/api/sessions"]) {
      const isOne = (request) => request.method() === "POST" && request.url().startsWith(`${base}${path}?`);
      const posts = profile.requests.filter(isOne);
      const statuses = await Promise.all(posts.map(async (request) => (await request.response()).status()));
      assert.ok(posts.length > 0 && statuses.every((status) => status === 201), `${path}: ${statuses}`);
    }

    // What the page can do by itself: its token counts, nothing goes without it, and no message of a kernel is lost.
    const said = await frame.evaluate(askKernel, "[20 + 1] * 2");
    assert.deepEqual(said, { withoutToken: 403, made: 201, result: "[21, 21]", ended: 204 });
    const cookie = { path: "/lti/lab", httpOnly: false, secure: true, sameSite: "None", partitionKey: "http://localhost" };
    assert.deepEqual(await cookiesOf(profile, "_xsrf"), [cookie]);
    assert.deepEqual(unexpected(profile, 403).filter((complaint) => !GIVEN_UP.test(complaint)), []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },
};

/** Runs in the page: makes a kernel, asks it over its WebSocket, and ends it. */
async function askKernel(code) {
  const kernels = "/lti/lab/api/kernels";
  const withoutToken = (await fetch(kernels, { method: "POST", body: "{}" })).status;
  const headers = { "X-XSRFToken": document.cookie.match(/(?:^|; )_xsrf=([^;]+)/)[1] };
  const made = await fetch(kernels, { method: "POST", headers, body: "{}" });
  const { id } = await made.json();

  const socket = new WebSocket(`${location.origin.replace("http", "ws")}${kernels}/${id}/channels`);
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  const answer = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const { header, content } = JSON.parse(data);
      if (header.msg_type === "execute_result") resolve(content.data["text/plain"]);
    };
  });
  const what = { msg_id: "ask", msg_type: "execute_request", version: "5.3" };
  const header = { ...what, session: "page", username: "", date: new Date().toISOString() };
  socket.send(JSON.stringify({ header, parent_header: {}, metadata: {}, content: { code }, channel: "shell" }));
  const result = await answer;
  socket.close();
  const ended = (await fetch(`${kernels}/${id}`, { method: "DELETE", headers })).status;
  return { withoutToken, made: made.status, result, ended };
}
