// A session after its launch: reloads, further launches, and the page without a session.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";

import { block, reload } from "../chromium.mjs";
import { freePort } from "../program.mjs";
import { arrivedAt, prefixOf, unexpected } from "../upstream.mjs";
import { shows } from "./launch.mjs";
import { looksRight } from "./page.mjs";

/** A phone and a desktop. */
export const SCREENS = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
];

export default {
  "a reload keeps the page of a session, and a reload of the course returns to it": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const outcomes = gateway.outcomes();
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    await shows(frame, "Notes on block-1", "here for the 1. time.");
    const address = frame.url();

    const answer = await reload(frame);
    assert.deepEqual([answer.status(), answer.request().method(), answer.url()], [200, "GET", address]);
    await shows(frame, "Notes on block-1", "here for the 2. time.");

    // The platform's page sends the same form again.
    await page.reload();
    const again = await block(page);
    await shows(again, "Notes on block-1", "here for the 3. time.");
    assert.equal(again.url(), address);
    assert.deepEqual(await outcomes(2), ["accepted", "again"]);

    await again.getByRole("link", { name: "Chapter 1" }).click();
    await shows(again, "Chapter 1");
    await page.evaluate(() => history.back());
    await shows(again, "Notes on block-1", "here for the");
    assert.equal(again.url(), address);
    await page.evaluate(() => history.forward());
    await shows(again, "Chapter 1");
    const posts = profile.requests.filter((request) => request.method() === "POST");
    assert.equal(posts.length, 2, "one launch per load of the course's page");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a launch into a new window ends at a URL without a ticket, also after a reload": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.newWindow(t.launch("flask", {}, { gateway })));
    const window = await profile.openWindow(page);
    await shows(window.mainFrame(), "Notes on block-1", "You are flask-key:user-1, Ada Lovelace, here for the 1. time.");
    assert.equal(window.url(), `${gateway.origin}${prefixOf(window.mainFrame())}/`);
    const again = await window.reload();
    assert.deepEqual([again.status(), again.request().method()], [200, "GET"]);
    await shows(window.mainFrame(), "Notes on block-1", "here for the 2. time.");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a new launch of the same block by the same user opens the same session": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const launch = (changes) => t.platform.course(t.launch("flask", changes, { gateway }));
    const first = await block(await profile.visit(launch({})));
    await shows(first, "Notes on block-1", "here for the 1. time.");
    const second = await block(await profile.tab(launch({ roles: "Instructor", lis_person_name_full: "Countess Lovelace" })));
    await shows(second, "Notes on block-1", "You are flask-key:user-1, Countess Lovelace, here for the 2. time.");
    assert.equal(second.url(), first.url());

    // The newest launch counts in every tab.
    await reload(first);
    await shows(first, "Notes on block-1", "You are flask-key:user-1, Countess Lovelace, here for the 3. time.");
    const { "X-Forwarded-Groups": groups } = JSON.parse(await first.locator("#forwarded").textContent());
    assert.equal(groups, "instructor");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "without its cookie, the URL of a session shows that a new launch is needed": async (t) => {
    const app = await t.app("flask");
    const gateway = await t.gatewayOf({ flask: { upstream: app.url } });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    await shows(frame, "Notes on block-1");
    const address = frame.url();
    const before = (await arrivedAt(app, gateway)).length;

    await profile.context.clearCookies();
    assert.equal((await reload(frame)).status(), 401);
    await assertErrorPage(t, frame, gateway, "no-session");
    await t.screenshot(page.locator("iframe"), "no-session-frame");
    assert.deepEqual(unexpected(profile, 401), []);

    const other = await t.profile();
    const window = await other.visit(address);
    await assertErrorPage(t, window.mainFrame(), gateway, "no-session");
    await looksRight(t, window, "no-session", SCREENS);
    assert.deepEqual(await other.context.cookies(), []);
    assert.deepEqual(unexpected(other, 401), []);
    assert.equal((await arrivedAt(app, gateway)).length, before, "no request reached the app");
  },

  "another site's form cannot act in a session": async (t) => {
    const app = await t.app("flask");
    const gateway = await t.gatewayOf({ flask: { upstream: app.url } });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    await shows(frame, "Notes on block-1");
    const url = `${frame.url()}notes`;
    const before = (await arrivedAt(app, gateway)).length;

    // From a frame of the course's page, where the browser would send the session's cookie.
    const forged = await block(await profile.visit(t.platform.course({ url, form: [["note", "forged"]] })));
    await assertErrorPage(t, forged, gateway, "foreign-origin");
    assert.equal((await arrivedAt(app, gateway)).length, before);
    assert.deepEqual(unexpected(profile, 403), []);
  },

  "the frame shows that an app starts, and then the app": async (t) => {
    const port = await freePort();
    const gateway = await t.gatewayOf({ gone: { upstream: `http://127.0.0.1:${port}` } });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("gone", {}, { gateway })));
    const frame = await block(page);
    await shows(frame, "The tool is starting");
    await frame.getByText("does not run. Start it, or correct").waitFor();
    const address = frame.url();
    await gateway.logged(`code="upstream-refused"`);
    await t.screenshot(page.locator("iframe"), "upstream-starting-frame");
    const app = createHttpServer(({ method, url }, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end(`<main><h1>${method} ${url}</h1></main>`);
    });
    try {
      app.listen(port, "127.0.0.1");
      await shows(frame, "GET /");
      assert.equal(frame.url(), address);
    } finally {
      app.closeAllConnections();
      app.close();
    }
    assert.deepEqual(unexpected(profile, 503), []);
  },

  "the frame shows that an app is not available": async (t) => {
    const broken = createServer((socket) => socket.destroy());
    try {
      await once(broken.listen(0, "127.0.0.1"), "listening");
      const upstream = `http://127.0.0.1:${broken.address().port}`;
      const gateway = await t.gatewayOf({ gone: { upstream } });
      const profile = await t.profile();
      const page = await profile.visit(t.platform.course(t.launch("gone", {}, { gateway })));
      const frame = await block(page);
      await assertErrorPage(t, frame, gateway, "upstream-gone");
      await t.screenshot(page.locator("iframe"), "upstream-gone-frame");
      assert.deepEqual(unexpected(profile, 502), []);

      const window = await profile.visit(t.platform.samePlace(t.launch("gone", {}, { gateway })));
      await window.waitForURL(`${gateway.origin}/**`);
      await looksRight(t, window, "upstream-gone", SCREENS);
      assert.deepEqual(unexpected(profile, 502), []);
    } finally {
      broken.close();
    }
  },
};

/** Asserts that a frame shows an error page, and that the log has its reference with this code. */
export async function assertErrorPage(t, frame, gateway, code) {
  await frame.locator("h1").waitFor();
  const text = await frame.locator("main").innerText();
  assert.ok(!/Notes|Ada|Lovelace/.test(text), text);
  // In development, the page of an app that fails has its URL above.
  const reference = await frame.locator("main > p > code").innerText();
  assert.match(reference, /^[0-9A-Z]{8}$/);
  await gateway.logged(reference, `code="${code}"`);
}
