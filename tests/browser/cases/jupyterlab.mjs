// JupyterLab. Its settings fix its base path, so its tool has `prefix = "tool"`.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { cookiesOf } from "../upstream.mjs";

// Chromium's message about the one request that JupyterLab refuses.
const WITHOUT_TOKEN = "error: Failed to load resource: the server responded with a status of 403 (Forbidden)";

export default {
  "JupyterLab runs a notebook over WebSockets, and posts with its own CSRF token": async (t) => {
    const gateway = await t.gatewayOf({ lab: { upstream: (await t.app("jupyterlab")).url, prefix: "tool" } });
    const base = `${gateway.origin}/lti/lab`;
    const profile = await t.profile();
    // `reset` closes the notebooks of an earlier run.
    const page = await profile.visit(t.platform.course(t.launch("lab", {}, { gateway, path: "/lti/lab?reset" })));
    const frame = await block(page);
    await frame.locator(".jp-DirListing-content").waitFor();
    const { name, ...statuses } = await frame.evaluate(makeNotebook, "1+1");
    assert.deepEqual(statuses, { made: 201, saved: 200 });
    await frame.locator("[data-command='filebrowser:refresh']").first().click();
    await frame.locator(".jp-DirListing-item").getByText(name, { exact: true }).dblclick();
    await frame.getByText("Python 3 (ipykernel) | Idle").waitFor();
    const notebook = frame.locator(".jp-Notebook");
    await notebook.locator(".jp-CodeCell .cm-content").click();
    await page.keyboard.press("Control+Enter");
    const output = notebook.locator(".jp-OutputArea-output");
    await output.waitFor();
    assert.equal((await output.innerText()).trim(), "2");
    await t.screenshot(page, "jupyterlab");

    const sockets = profile.sockets.map((socket) => socket.url());
    const kernels = `${base.replace("http", "ws")}/api/kernels/`;
    assert.ok(sockets.some((url) => url.startsWith(kernels)), sockets.join("\n"));
    // JupyterLab's own request, with its own token.
    const isSession = (request) => request.method() === "POST" && request.url().startsWith(`${base}/api/sessions?`);
    const sessions = await Promise.all(profile.requests.filter(isSession).map((request) => request.response()));
    assert.deepEqual(sessions.map((response) => response.status()), [201]);

    // A script of the page: a request needs the token, and no message of a kernel is lost.
    const results = await frame.evaluate(askKernel, "[20 + 1] * 2");
    assert.deepEqual(results, { withoutToken: 403, made: 201, result: "[21, 21]", ended: 204 });
    const cookie = { path: "/lti/lab", httpOnly: false, secure: true, sameSite: "None", partitionKey: "http://localhost" };
    assert.deepEqual(await cookiesOf(profile, "_xsrf"), [cookie]);
    assert.deepEqual(profile.consoleErrors, [WITHOUT_TOKEN]);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },
};

/** Runs in the page: creates a notebook with this code. A notebook from JupyterLab's menu briefly
 *  has two kernels; it loses one, and sometimes the code, also without a gateway. */
async function makeNotebook(code) {
  const headers = { "X-XSRFToken": document.cookie.match(/(?:^|; )_xsrf=([^;]+)/)[1] };
  const made = await fetch("/lti/lab/api/contents", { method: "POST", headers, body: '{"type": "notebook"}' });
  const { name } = await made.json();
  const cell = { cell_type: "code", id: "sum", source: code, metadata: {}, outputs: [], execution_count: null };
  const metadata = { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } };
  const content = { cells: [cell], metadata, nbformat: 4, nbformat_minor: 5 };
  const body = JSON.stringify({ type: "notebook", format: "json", content });
  const saved = await fetch(`/lti/lab/api/contents/${name}`, { method: "PUT", headers, body });
  return { name, made: made.status, saved: saved.status };
}

/** Runs in the page: starts a kernel, runs code over its WebSocket, and stops it. */
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
