// Streamlit, which uses one WebSocket for everything but uploads.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { cookiesOf, prefixOf } from "../upstream.mjs";

// Streamlit's message about a closed WebSocket.
const CLOSED = 'warning: WebSocket onclose: code=1008 (policy violation), reason="(no close reason)", wasClean=true, state=CONNECTED';

export default {
  "Streamlit shows the user, works over its WebSocket and accepts an upload": async (t) => {
    const { gateway, profile, launch } = await streamlit(t);
    const page = await profile.visit(launch({}));
    const frame = await block(page);
    await says(frame, "You are streamlit-key:user-1, as learner.");
    await frame.getByRole("button", { name: "Count" }).click();
    await says(frame, "Counted to 1.");
    await frame.getByRole("button", { name: "Count" }).click();
    await says(frame, "Counted to 2.");
    await frame.getByLabel("Name").fill("Grace Hopper");
    await frame.getByLabel("Name").press("Enter");
    await says(frame, "Hello, Grace Hopper!");

    // An upload is a separate request, with a token of Streamlit.
    const buffer = Buffer.alloc(300_000, "\u0001\r\n");
    await frame.locator("input[type=file]").setInputFiles({ name: "some.bin", mimeType: "application/octet-stream", buffer });
    await says(frame, "some.bin has 300000 bytes.");

    const socket = `${gateway.origin.replace("http", "ws")}${prefixOf(frame)}/_stcore/stream`;
    assert.deepEqual(profile.sockets.map((one) => one.url()), [socket]);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "two blocks of Streamlit on one page have their own users": async (t) => {
    const { gateway, profile } = await streamlit(t);
    const one = t.launch("streamlit", {}, { gateway });
    const other = t.launch("streamlit", { user_id: "user-2", resource_link_id: "block-2" }, { gateway });
    const page = await profile.visit(t.platform.course(one, other));
    const people = { "block-1": "streamlit-key:user-1", "block-2": "streamlit-key:user-2" };
    for (const [name, person] of Object.entries(people)) await says(await block(page, name), `You are ${person}, as learner.`);
    await (await block(page, "block-2")).getByRole("button", { name: "Count" }).click();
    await says(await block(page, "block-2"), "Counted to 1.");
    await says(await block(page, "block-1"), "Counted to 0.");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a tool on its own host has Streamlit at its root": async (t) => {
    const { gateway } = await streamlit(t, { host: "streamlit.localhost", prefix: "tool" });
    const origin = gateway.origin.replace("127.0.0.1", "streamlit.localhost");
    const profile = await t.profile();
    const launch = t.launch("streamlit", {}, { gateway: { origin }, path: "/" });
    const frame = await block(await profile.visit(t.platform.course(launch)));
    await says(frame, "You are streamlit-key:user-1, as learner.");
    assert.equal(frame.url(), `${origin}/`);
    await frame.getByRole("button", { name: "Count" }).click();
    await says(frame, "Counted to 1.");
    assert.deepEqual(profile.sockets.map((one) => one.url()), [`${origin.replace("http", "ws")}/_stcore/stream`]);
    const cookie = { path: "/", httpOnly: true, secure: true, sameSite: "None", partitionKey: "http://localhost" };
    assert.deepEqual(await cookiesOf(profile, "__Secure-lti"), [cookie]);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, origin]));
  },

  "another site's page cannot open a session's WebSocket": async (t) => {
    const { gateway, profile, launch } = await streamlit(t);
    const page = await profile.visit(launch({}));
    const frame = await block(page);
    await says(frame, "You are streamlit-key:user-1, as learner.");
    const url = `${gateway.origin.replace("http", "ws")}${prefixOf(frame)}/_stcore/stream`;
    const opens = (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      });
    assert.equal(await frame.evaluate(opens, url), true);
    // From the course's page, where the browser sends the session's cookie, too.
    assert.equal(await page.evaluate(opens, url), false);
    await gateway.logged('code="foreign-origin"');
    const refused = `error: WebSocket connection to '${url}' failed: Error during WebSocket handshake: Unexpected response code: 403`;
    assert.deepEqual(profile.consoleErrors, [refused]);
  },

  "a launch with another role closes the WebSocket, and Streamlit reconnects": async (t) => {
    const { profile, launch } = await streamlit(t);
    const frame = await block(await profile.visit(launch({})));
    await says(frame, "You are streamlit-key:user-1, as learner.");
    const [socket] = profile.sockets;
    assert.ok(!socket.isClosed());

    // The same user with the same role: all WebSockets stay open.
    await says(await block(await profile.tab(launch({}))), "You are streamlit-key:user-1, as learner.");
    assert.deepEqual(profile.sockets.map((one) => one.isClosed()), [false, false]);

    const closed = Promise.all(profile.sockets.map((one) => one.waitForEvent("close")));
    const second = await block(await profile.tab(launch({ roles: "Instructor" })));
    await says(second, "You are streamlit-key:user-1, as instructor.");
    await closed;

    // Streamlit reconnects by itself, and runs its script again after the next click.
    await frame.getByRole("button", { name: "Count" }).click();
    await says(frame, "You are streamlit-key:user-1, as instructor.");
    await says(frame, "Counted to 1.");
    assert.deepEqual(profile.consoleErrors, [CLOSED, CLOSED]);
  },
};

/** A gateway in front of Streamlit with these settings of the tool, a profile, and launches. */
async function streamlit(t, settings = {}) {
  const gateway = await t.gatewayOf({ streamlit: { upstream: (await t.app("streamlit")).url, ...settings } });
  const launch = (changes) => t.platform.course(t.launch("streamlit", changes, { gateway }));
  return { gateway, launch, profile: await t.profile() };
}

/** Waits until the app shows exactly this text. */
async function says(frame, text) {
  await frame.getByText(text, { exact: true }).waitFor();
}
