// Browsers that block all cookies of frames, also partitioned ones: the button for a new window.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";
import { assertLooksRight } from "../look.mjs";
import { arrivedAt, cookiesOf, prefixOf, unexpected } from "../upstream.mjs";
import { shows } from "./launch.mjs";
import { assertErrorPage, SCREENS } from "./session.mjs";

export default {
  "without cookies in a frame, a button opens the session in a new window": async (t) => {
    const app = await t.app("flask");
    const gateway = await t.gatewayOf({ flask: { upstream: app.url } });
    const profile = await t.profile({ noFrameCookies: true });
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    const button = frame.getByRole("button", { name: "Open in a new window" });
    await button.waitFor();
    const door = profile.requests.find((request) => request.url() === frame.url());
    const { "referrer-policy": policy, "cache-control": caching } = (await door.response()).headers();
    assert.deepEqual([policy, caching], ["no-referrer", "no-store"], "its URL has a ticket");
    assert.ok(!/Notes|Lovelace/.test(await frame.content()));
    assert.deepEqual(await profile.context.cookies(), []);
    assert.deepEqual(await arrivedAt(app, gateway), [], "no request reached the app yet");
    await frameLooksRight(t, page, frame, "new-window");

    const window = await profile.openWindow(frame);
    await shows(window.mainFrame(), "Notes on block-1", "You are flask-key:user-1, Ada Lovelace, here for the 1. time.");
    const prefix = prefixOf(window.mainFrame());
    assert.equal(window.url(), `${gateway.origin}${prefix}/`);
    assert.deepEqual((await cookiesOf(profile, "__Secure-lti")).map(({ path }) => path), [prefix]);
    await window.reload();
    await shows(window.mainFrame(), "Notes on block-1", "here for the 2. time.");
    await window.getByRole("link", { name: "Chapter 1" }).click();
    await shows(window.mainFrame(), "Chapter 1");
    await window.goBack();
    await shows(window.mainFrame(), "Notes on block-1");
    assert.deepEqual(profile.consoleErrors, []);

    // The frame still shows the button, but its ticket is spent.
    const second = await profile.openWindow(frame);
    await assertErrorPage(t, second.mainFrame(), gateway, "bad-ticket");
    assert.equal(await second.getByRole("button").count(), 0, "no button for another ticket");
    await t.screenshot(second, "used-ticket");
    assert.deepEqual(unexpected(profile, 401), []);

    // The ticket in the frame's URL is also spent.
    await reload(frame);
    await assertErrorPage(t, frame, gateway, "bad-ticket");
    assert.deepEqual(unexpected(profile, 401), []);

    await hasNoTicket(app, gateway);
    assert.ok(!/lti_ticket=\S/.test(gateway.text), "a ticket in the log");
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "another site's page cannot post a stolen ticket, and the button still works": async (t) => {
    const app = await t.app("flask");
    const gateway = await t.gatewayOf({ flask: { upstream: app.url } });
    const profile = await t.profile({ noFrameCookies: true });
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    const ticket = await frame.locator("input[name=lti_ticket]").inputValue();
    const url = await frame.locator("form").evaluate((form) => form.action);

    // In the same window, in a frame, and from a page that hides its origin (`Origin: null`).
    const stolen = { url, form: [["lti_ticket", ticket]] };
    const hidden = t.platform.page(`<meta name="referrer" content="no-referrer">
      <form method="post" action="${url}"><input name="lti_ticket" value="${ticket}"></form>
      <script>document.forms[0].submit()</script>`);
    const victim = await t.profile();
    const framed = await block(await victim.visit(t.platform.course(stolen)));
    await assertErrorPage(t, framed, gateway, "foreign-origin");
    for (const attack of [t.platform.samePlace(stolen), hidden]) {
      const window = await victim.visit(attack);
      await window.waitForURL(`${gateway.origin}/**`);
      await assertErrorPage(t, window.mainFrame(), gateway, "foreign-origin");
    }
    assert.deepEqual(await victim.context.cookies(), []);
    assert.deepEqual(unexpected(victim, 403), []);
    assert.deepEqual(await arrivedAt(app, gateway), []);

    const window = await profile.openWindow(frame);
    await shows(window.mainFrame(), "Notes on block-1", "here for the 1. time.");
    const posted = profile.requests.find((request) => request.method() === "POST" && request.url() === url);
    const { origin, referer } = await posted.allHeaders();
    assert.deepEqual([origin, referer], [gateway.origin, `${gateway.origin}/`], "also without Sec-Fetch-Site");
    await hasNoTicket(app, gateway);
  },

  "with cookies, no ticket stays in a URL or reaches the app": async (t) => {
    const app = await t.app("flask");
    const gateway = await t.gatewayOf({ flask: { upstream: app.url } });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    await shows(frame, "Notes on block-1");
    const door = profile.requests.find((request) => request.url().includes("lti_ticket="));
    const answer = await door.response();
    assert.deepEqual([answer.status(), answer.headers()["cache-control"]], [303, "no-store"]);
    assert.ok(!frame.url().includes("lti_ticket"));

    // The same URL in another browser, as after a leak.
    const other = await t.profile();
    const window = await other.visit(door.url());
    await assertErrorPage(t, window.mainFrame(), gateway, "bad-ticket");
    assert.deepEqual(await other.context.cookies(), []);
    await hasNoTicket(app, gateway);
    assert.ok(!/lti_ticket=\S/.test(gateway.text), "a ticket in the log");
  },
};

/** Asserts that no request to the app had a ticket in its URL, its Referer or anywhere else. */
async function hasNoTicket(app, gateway) {
  const all = await arrivedAt(app, gateway);
  assert.ok(all.length > 0);
  for (const { url, headers } of all) assert.ok(!JSON.stringify([url, headers]).includes("lti_ticket"), url);
}

/** Checks the look of a frame as wide as each screen. */
async function frameLooksRight(t, page, frame, name) {
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    await page.locator("iframe").evaluate((iframe, width) => (iframe.width = width), screen.width);
    await frame.waitForFunction((width) => innerWidth === width, screen.width, { polling: 50 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await t.screenshot(page.locator("iframe"), `${name}-${screen.width}-${colorScheme}`);
      await assertLooksRight(frame, colorScheme, screen.width);
    }
  }
}
