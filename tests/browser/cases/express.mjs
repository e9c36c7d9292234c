// An Express app whose URLs begin at the root of its host, with its own sessions and csurf.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";
import { cookiesOf, prefixOf } from "../upstream.mjs";
import { addsNote, downloads, isStyled, newUser, notesOf, opens, shows, uploads } from "./notes.mjs";

export default {
  "an Express app with root-absolute URLs works with the default table": async (t) => {
    const { gateway, profile, user } = await express(t);
    const page = await profile.visit(t.platform.course(t.launch("express", { user_id: user }, { gateway })));
    const frame = await block(page);
    await shows(frame, notesOf("express", user));
    await isStyled(frame);
    const home = `${gateway.origin}${prefixOf(frame)}/`;

    // Forms at `/` and `/upload`, with csurf's token and cookie.
    await addsNote(frame, notesOf("express", user), "Bernoulli & sons");
    assert.equal(frame.url(), home);
    await uploads(frame);
    assert.equal(frame.url(), home);
    await frame.getByText("Bernoulli & sons, some.bin has 3000 bytes").waitFor();
    await frame.getByRole("link", { name: "Again" }).click();
    await shows(frame, notesOf("express", user), "Bernoulli & sons");

    // A script's request keeps its method and its body.
    const added = await frame.evaluate(async () => {
      const token = document.querySelector("meta[name=csrf]").content;
      const headers = { "Content-Type": "application/json", "CSRF-Token": token };
      const answer = await fetch("/notes.json", { method: "PUT", headers, body: '{"note": "put"}' });
      return { status: answer.status, notes: await answer.json(), path: new URL(answer.url).pathname };
    });
    assert.deepEqual(added.notes, ["Bernoulli & sons", "some.bin has 3000 bytes", "put"]);
    assert.deepEqual([added.status, added.path], [200, `${prefixOf(frame)}/notes.json`]);

    const strays = profile.requests.filter((request) => new URL(request.url()).pathname === "/style.css");
    assert.ok(strays.length > 0);
    for (const stray of strays) {
      const response = await stray.response();
      const { location, vary, "cache-control": caching } = response.headers();
      assert.deepEqual([response.status(), location, caching], [307, `${prefixOf(frame)}/style.css`, "no-store"]);
      assert.match(vary, /\bReferer\b/i);
    }
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "two people's blocks of an Express app on one page each get their own requests": async (t) => {
    const { gateway, profile } = await express(t);
    const users = [newUser(), newUser()];
    const launches = users.map((user, index) =>
      t.launch("express", { user_id: user, resource_link_id: `block-${index + 1}` }, { gateway }),
    );
    const page = await profile.visit(t.platform.course(...launches));
    const frames = [await block(page, "block-1"), await block(page, "block-2")];
    await shows(frames[0], notesOf("express", users[0]));
    await shows(frames[1], notesOf("express", users[1]));
    assert.notEqual(prefixOf(frames[0]), prefixOf(frames[1]));
    for (const [index, frame] of frames.entries()) {
      const heading = notesOf("express", users[index]);
      await frame.getByRole("textbox", { name: "Note" }).fill(`from frame ${index}`);
      await frame.getByRole("textbox", { name: "Note" }).press("Enter");
      await frame.locator("li", { hasText: `from frame ${index}` }).waitFor();
      await shows(frame, heading);
      assert.equal(await frame.locator("li", { hasText: `from frame ${1 - index}` }).count(), 0);
    }
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a download and a new window of an Express app work where the browser allows third-party cookies": async (t) => {
    const { gateway, profile, user } = await express(t);
    const page = await profile.visit(t.platform.course(t.launch("express", { user_id: user }, { gateway })));
    const frame = await block(page);
    await shows(frame, notesOf("express", user));
    if (t.cookies === "allowed") {
      assert.match(await downloads(page, frame), /^Notes:/);
      const window = await opens(profile, frame, "About");
      await shows(window.mainFrame(), `About express-key:${user}`);
      assert.deepEqual(profile.consoleErrors, []);
    } else {
      const window = await opens(profile, frame, "About");
      await window.locator("h1").waitFor();
      assert.ok(!(await window.content()).includes(`express-key:${user}`), await window.content());
    }
  },

  'with open = "window", downloads and new windows of an Express app work': async (t) => {
    const { gateway, profile, user } = await express(t, { open: "window" });
    const page = await profile.visit(t.platform.course(t.launch("express", { user_id: user }, { gateway })));
    const window = await profile.openWindow(await block(page));
    const frame = window.mainFrame();
    await shows(frame, notesOf("express", user));
    await isStyled(frame);
    await addsNote(frame, notesOf("express", user), "in a window");
    assert.match(await downloads(window, frame), /^Notes:\nin a window/);
    const second = await opens(profile, frame, "About");
    await shows(second.mainFrame(), `About express-key:${user}`);
    assert.deepEqual(profile.consoleErrors, []);
    // The same block again, in a browser that has the session: a new launch, a new button.
    await page.goto(t.platform.course(t.launch("express", { user_id: user }, { gateway })));
    const again = await profile.openWindow(await block(page));
    await shows(again.mainFrame(), notesOf("express", user));
  },

  "two people one after the other do not share the session cookie of an Express app": async (t) => {
    const { gateway, profile } = await express(t, { prefix: "tool" }, "express below a path");
    const [one, other] = [newUser(), newUser()];
    for (const user of [one, other, one]) {
      const page = await profile.visit(t.platform.course(t.launch("express", { user_id: user }, { gateway })));
      const frame = await block(page);
      await shows(frame, notesOf("express", user));
      assert.equal(frame.url(), `${gateway.origin}/lti/express/`);
      await addsNote(frame, notesOf("express", user), `a note of ${user}`);
      const items = await frame.locator("li").allInnerTexts();
      assert.deepEqual(new Set(items), new Set([`a note of ${user}`]));
      await reload(frame);
      await shows(frame, notesOf("express", user));
    }
    const kept = await profile.context.cookies();
    const own = kept.filter(({ name }) => name.endsWith("connect.sid"));
    assert.equal(own.length, 2, "one session of Express for each person");
    assert.deepEqual(await cookiesOf(profile, "connect.sid"), []);
    for (const { name } of own) assert.ok(name.length <= "connect.sid".length + 12, name);
    assert.deepEqual(profile.consoleErrors, []);
  },
};

/** A gateway with an Express app, a browser, and a user without notes. */
async function express(t, settings = {}, name = "express") {
  const gateway = await t.gatewayOf({ express: { upstream: (await t.app(name)).url, ...settings } });
  return { gateway, profile: await t.profile(), user: newUser() };
}
