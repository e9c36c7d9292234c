// Links of an app that download or open a new window. Browsers send no partitioned cookie with them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { block, reload } from "../chromium.mjs";
import { EDX } from "../launch.mjs";
import { assertLooksRight } from "../look.mjs";
import { greets, PeopleApp } from "../people_app.mjs";
import { cookiesOf, prefixOf, unexpected } from "../upstream.mjs";
import { assertErrorPage } from "./session.mjs";

const TWIN = "__Secure-lti-window";
const BLOCKS = 10;
/** Chromium's limits for the cookies of one site in one partition. */
const PARTITION = { bytes: 10_240, cookies: 180 };

export default {
  "downloads and new windows keep the session where third-party cookies are allowed": async (t) => {
    const { app, profile, gateway } = await setup(t);
    const page = await profile.visit(t.platform.course(t.launch("people", {}, { gateway })));
    const frame = await block(page);
    await greets(frame, "Express: Ada Lovelace");
    assert.equal((await cookiesOf(profile, TWIN)).length, t.cookies === "allowed" ? 1 : 0);
    const link = frame.getByRole("link", { name: "Download" });
    const [window] = await Promise.all([
      profile.context.waitForEvent("page"),
      frame.getByRole("link", { name: "New window" }).click(),
    ]);
    if (t.cookies === "blocked") {
      await assertErrorPage(t, window.mainFrame(), gateway, "no-session");
      assert.equal(await window.getByRole("link").count(), 0, "nothing shows who the user is");
      assert.deepEqual(unexpected(profile, 401), []);
      assert.ok(!app.arrived.some(({ url }) => url.startsWith("/window")));
      return;
    }
    await greets(window.mainFrame(), "Express: Ada Lovelace");
    await window.reload();
    await greets(window.mainFrame(), "Express: Ada Lovelace");
    assert.equal(await downloaded(page, link), "a file for people-key:user-1");
    for (const { headers } of app.arrived) assert.ok(!/__Secure/.test(headers.cookie ?? ""));
    assert.deepEqual(profile.consoleErrors, []);
  },

  "another site's frame, form and image get no session from a twin": async (t) => {
    const { app, profile, gateway } = await setup(t);
    const frame = await block(await profile.visit(t.platform.course(t.launch("people", {}, { gateway }))));
    await greets(frame, "Express: Ada Lovelace");
    if (t.cookies === "blocked") {
      assert.deepEqual(await cookiesOf(profile, TWIN), [], "there is no twin to use");
      return;
    }
    // Without the partitioned cookie, as on the page of another site.
    await profile.context.clearCookies({ name: "__Secure-lti" });
    assert.equal((await cookiesOf(profile, TWIN)).length, 1);
    const url = `${gateway.origin}${prefixOf(frame)}/secret`;
    const before = app.arrived.length;

    const page = await profile.visit(t.platform.page(
      `<iframe name="block-1" src="${url}" width="800" height="600"></iframe><img src="${url}" alt="">`,
    ));
    const framed = await block(page);
    await assertErrorPage(t, framed, gateway, "no-session");
    await assertLooksRight(framed, "light", 800);
    await t.screenshot(page.locator("iframe"), "no-session-window");
    const posted = await block(await profile.visit(t.platform.course({ url, form: [["a", "1"]] })));
    await assertErrorPage(t, posted, gateway, "no-session");
    assert.equal(await posted.getByRole("link").count(), 0);
    assert.equal(app.arrived.length, before, "no request reached the app");
    assert.deepEqual(unexpected(profile, 401), []);

    // The click on the button comes from the gateway's own page.
    const again = await block(await profile.visit(page.url().replace(/\d+$/, (number) => Number(number) - 1)));
    const [window] = await Promise.all([
      profile.context.waitForEvent("page"),
      again.getByRole("link", { name: "Open in a new window" }).click(),
    ]);
    await greets(window.mainFrame(), "Express: Ada Lovelace");
    assert.equal(window.url(), url);
  },

  "ten blocks on one page keep their sessions, and their downloads work": async (t) => {
    const { profile, gateway } = await setup(t);
    const launches = Array.from({ length: BLOCKS }, (_, index) => {
      const changes = { ...EDX, resource_link_id: `block-v1:ExampleX+AE101+2026+type@lti_consumer+block@${"a".repeat(31)}${index}` };
      return t.launch("people", changes, { gateway });
    });
    const page = await profile.visit(t.platform.course(...launches));
    for (let index = 1; index <= BLOCKS; index += 1) {
      await greets(await block(page, `block-${index}`), "Express: Ada Lovelace");
    }
    const all = await profile.context.cookies();
    const partitioned = all.filter(({ partitionKey }) => partitionKey);
    const bytes = partitioned.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
    assert.ok(bytes <= PARTITION.bytes && partitioned.length <= PARTITION.cookies, String(bytes));
    const sessions = partitioned.filter(({ name }) => name === "__Secure-lti");
    assert.equal(sessions.length, BLOCKS);
    const twins = all.filter(({ name }) => name === TWIN);
    assert.equal(twins.length, t.cookies === "allowed" ? BLOCKS : 0);
    for (let index = 1; index <= BLOCKS; index += 1) {
      const frame = await block(page, `block-${index}`);
      await reload(frame);
      await greets(frame, "Express: Ada Lovelace");
      if (t.cookies === "blocked") continue;
      const link = frame.getByRole("link", { name: "Download" });
      assert.match(await downloaded(page, link), /^a file for people-key:/);
    }
  },

  "a tool may open in a window of its own, where downloads and new windows work": async (t) => {
    const { app, profile, gateway } = await setup(t, { open: "window" });
    const page = await profile.visit(t.platform.course(t.launch("people", {}, { gateway })));
    const frame = await block(page);
    await frame.getByText("This tool opens in a window of its own.").waitFor();
    await assertLooksRight(frame, "light", 800);
    await t.screenshot(page.locator("iframe"), "own-window");
    assert.deepEqual(await cookiesOf(profile, "__Secure-lti"), []);
    assert.deepEqual(app.arrived, []);

    const window = await profile.openWindow(frame);
    await greets(window.mainFrame(), "Express: Ada Lovelace");
    const link = window.getByRole("link", { name: "Download" });
    assert.equal(await downloaded(window, link), "a file for people-key:user-1");
    const [other] = await Promise.all([
      profile.context.waitForEvent("page"),
      window.getByRole("link", { name: "New window" }).click(),
    ]);
    await greets(other.mainFrame(), "Express: Ada Lovelace");
    assert.deepEqual(profile.consoleErrors, []);

    // A platform that opens a window itself needs no button.
    const launched = await profile.tab(t.platform.samePlace(t.launch("people", { resource_link_id: "2" }, { gateway })));
    await launched.waitForURL(`${gateway.origin}/**`);
    await greets(launched.mainFrame(), "Express: Ada Lovelace");
  },
};

async function setup(t, settings = {}) {
  const app = await PeopleApp.start();
  t.atEnd(() => app.stop());
  const gateway = await t.gatewayOf({ people: { upstream: app.url, ...settings } });
  return { app, gateway, profile: await t.profile() };
}

/** The content of the file behind a download link. */
async function downloaded(page, link) {
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  assert.equal(await download.failure(), null);
  return readFile(await download.path(), "utf8");
}
