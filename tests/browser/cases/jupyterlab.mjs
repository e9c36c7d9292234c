// JupyterLab, whose base path is fixed in its own settings, so that its tool has `prefix = "tool"`.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { cookiesOf } from "../upstream.mjs";

// JupyterLab gives up the first connection to a new notebook's kernel while it is being made, everywhere.
const ITS_OWN = /^warning: WebSocket connection to '.+\/api\/kernels\/.+' failed: WebSocket is closed before the connection is established\.$/;

export default {
  "JupyterLab runs a notebook over its WebSockets, and its posts have its own token": async (t) => {
    const gateway = await t.gatewayOf({ lab: { upstream: (await t.app("jupyterlab")).url, prefix: "tool" } });
    const base = `${gateway.origin}/lti/lab`;
    const profile = await t.profile();
    // Not with the notebooks that were open before.
    const page = await profile.visit(t.platform.course(t.launch("lab", {}, { gateway, path: "/lti/lab?reset" })));
    const frame = await block(page);
    await frame.locator('.jp-LauncherCard[data-category="Notebook"]').first().click();
    const cell = frame.locator(".jp-Notebook .jp-CodeCell .cm-content").first();
    await cell.click();
    await page.keyboard.type("1+1");
    await page.keyboard.press("Shift+Enter");
    const output = frame.locator(".jp-OutputArea-output").first();
    await output.waitFor();
    assert.equal((await output.innerText()).trim(), "2");
    await t.shoot(page, "jupyterlab");

    const answers = await Promise.all(
      profile.requests
        .filter((request) => request.method() === "POST" && request.url().startsWith(`${base}/api/`))
        .map(async (request) => [new URL(request.url()).pathname.slice("/lti/lab".length), (await request.response()).status()]),
    );
    for (const path of ["/api/contents", "/api/sessions"]) {
      const statuses = answers.filter(([posted]) => posted === path).map(([, status]) => status);
      assert.ok(statuses.length > 0 && statuses.every((status) => status === 201), `${path}: ${statuses}`);
    }
    const sockets = profile.sockets.map((socket) => socket.url());
    assert.ok(sockets.some((url) => url.startsWith(`${base.replace("http", "ws")}/api/kernels/`)), sockets.join("\n"));

    // Its check is alive: without the token it refuses.
    const tokenless = () => fetch("/lti/lab/api/contents", { method: "POST", body: "{}" }).then((answer) => answer.status);
    assert.equal(await frame.evaluate(tokenless), 403);

    const [cookie] = await cookiesOf(profile, "_xsrf");
    assert.deepEqual(cookie, { path: "/lti/lab/", httpOnly: false, secure: true, sameSite: "None", partitionKey: "http://localhost" });
    const complaints = profile.complaints.filter((complaint) => !ITS_OWN.test(complaint) && !complaint.includes("a status of 403 "));
    assert.deepEqual(complaints, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },
};
