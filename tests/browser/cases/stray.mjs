// Stray requests: an app whose URLs begin at the root of its host.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { RootedApp } from "../rooted.mjs";
import { prefixOf, unexpected } from "../upstream.mjs";
import { shows } from "./launch.mjs";

/** Starts the app, for this case. */
async function rooted(t) {
  const app = await RootedApp.start();
  t.atEnd(() => app.stop());
  return app;
}

/** Waits for everything that the page loads. Returns what its script read. */
async function seen(frame) {
  const complete = () =>
    document.querySelector("img")?.naturalWidth && document.documentElement.dataset.seen;
  return (await frame.waitForFunction(complete, undefined, { polling: 50 })).jsonValue();
}

const color = (frame) => frame.evaluate(() => getComputedStyle(document.querySelector("h1")).color);

/** Adds a note with one of the page's forms. */
async function add(frame, form, note) {
  const input = frame.locator(`#${form} input`);
  await input.fill(note);
  // Not a click: Chromium loses some clicks in a frame that has just scrolled into view.
  await input.press("Enter");
  await frame.locator("li", { hasText: note }).waitFor();
}

export default {
  "root-absolute URLs of two people's blocks on one page stay in their sessions": async (t) => {
    const app = await rooted(t);
    const gateway = await t.gatewayOf({ rooted: { upstream: app.url } });
    const profile = await t.profile();
    const people = ["user-1", "user-2"];
    const launches = people.map((user_id) =>
      t.launch("rooted", { user_id, resource_link_id: `link of ${user_id}` }, { gateway }),
    );
    const page = await profile.visit(t.platform.course(...launches));
    const frames = await Promise.all(people.map((_, index) => block(page, `block-${index + 1}`)));
    const blocks = people.map((person, index) => [frames[index], `rooted-key:${person}`]);
    for (const [frame, person] of blocks) {
      await shows(frame, `/ of ${person}`);
      assert.equal(await seen(frame), `${person} /api/me?x=%2F ${person} ${person}`);
      // The gateway has a page of its own at /, and /static/style.css too.
      assert.equal(await color(frame), "rgb(1, 2, 3)");
    }
    for (const [frame, person] of blocks) {
      const prefix = gateway.origin + prefixOf(frame);
      await frame.getByRole("link", { name: "Chapter 1" }).click();
      await shows(frame, `/chapter/1 of ${person}`);
      assert.equal(frame.url(), `${prefix}/chapter/1?x=%2F`);
      await add(frame, "root", `first & best of ${person}`);
      assert.equal(frame.url(), `${prefix}/`);
      await add(frame, "multipart", `second of ${person}`);
      assert.equal(frame.url(), `${prefix}/notes`);
      await frame.getByRole("link", { name: "Home" }).click();
      await shows(frame, `/ of ${person}`, `first & best of ${person} second of ${person}`);
      assert.equal(await seen(frame), `${person} /api/me?x=%2F ${person} ${person}`);
    }
    // Each request arrived once, with its person.
    for (const [, person] of blocks) {
      const posts = app.arrived.filter((one) => one.method === "POST" && one.person === person);
      assert.deepEqual(posts.map(({ url }) => url), ["/", "/notes"]);
      assert.ok(app.arrived.some((one) => one.url === "/static/back.svg" && one.person === person));
    }
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "with prefix tool, two blocks of one person show two paths of an app, and its forms work": async (t) => {
    const app = await rooted(t);
    const gateway = await t.gatewayOf({ rooted: { upstream: app.url, prefix: "tool" } });
    const profile = await t.profile();
    const weeks = ["/week-1", "/week-2?x=1"];
    const launches = weeks.map((path) =>
      t.launch("rooted", { resource_link_id: path }, { gateway, path: `/lti/rooted${path}` }),
    );
    const page = await profile.visit(t.platform.course(...launches, t.launch("rooted", {}, { gateway })));
    const person = "rooted-key:user-1";
    const home = `${gateway.origin}/lti/rooted`;
    for (const [index, path] of [...weeks, "/"].entries()) {
      const frame = await block(page, `block-${index + 1}`);
      await shows(frame, `${path.split("?")[0]} of ${person}`);
      assert.equal(frame.url(), home + path);
      assert.equal(await seen(frame), `${person} /api/me?x=%2F ${person} ${person}`);
      assert.equal(await color(frame), "rgb(1, 2, 3)");
      for (const form of ["here", "here-multipart"]) await add(frame, form, `${form} ${index}`);
      assert.equal(frame.url(), home + path);
      await add(frame, "root", `root ${index}`);
      assert.equal(frame.url(), `${home}/`);
    }
    const posts = app.arrived.filter(({ method }) => method === "POST");
    assert.deepEqual(posts.map(({ url }) => url), ["/week-1", "/week-1", "/", "/week-2?x=1", "/week-2?x=1", "/", "/", "/", "/"]);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "at the root of its own host, an app with the default prefix keeps its root-absolute URLs": async (t) => {
    const app = await rooted(t);
    const gateway = await t.gatewayOf({ rooted: { upstream: app.url, host: "rooted.localhost" } });
    const origin = gateway.origin.replace("127.0.0.1", "rooted.localhost");
    const profile = await t.profile();
    const launch = t.launch("rooted", {}, { gateway: { origin }, path: "/" });
    const frame = await block(await profile.visit(t.platform.course(launch)));
    const person = "rooted-key:user-1";
    await shows(frame, `/ of ${person}`);
    assert.equal(await seen(frame), `${person} /api/me?x=%2F ${person} ${person}`);
    const home = frame.url();
    assert.match(home, /^http:\/\/rooted\.localhost:\d+\/~[\w-]{16}\/$/);
    for (const form of ["root", "here-multipart"]) await add(frame, form, `of ${form}`);
    assert.equal(frame.url(), home);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a request that sends no Referer of its session finds no session": async (t) => {
    const app = await rooted(t);
    const gateway = await t.gatewayOf({ rooted: { upstream: app.url } });
    const profile = await t.profile();
    const frame = await block(await profile.visit(t.platform.course(t.launch("rooted", {}, { gateway }))));
    await seen(frame);
    const before = app.arrived.length;
    const statuses = await frame.evaluate(async () => {
      const status = async (options) => (await fetch("/api/me", options)).status;
      const usual = await status();
      const none = await status({ referrerPolicy: "no-referrer" });
      const origin = await status({ referrerPolicy: "origin" });
      const socket = await new Promise((resolve) => {
        new WebSocket(`ws://${location.host}/socket`).onclose = ({ code }) => resolve(code);
      });
      // A router inside the page changes its URL.
      history.pushState({}, "", "/elsewhere");
      const routed = await status();
      return { usual, none, origin, socket, routed };
    });
    assert.deepEqual(statuses, { usual: 200, none: 404, origin: 404, socket: 1006, routed: 404 });
    assert.equal(app.arrived.length, before + 1);
    const errors = unexpected(profile, 404).filter((error) => !error.includes("WebSocket"));
    assert.deepEqual(errors, []);
  },
};
