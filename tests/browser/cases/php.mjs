// A PHP app with PHP's own session, whose cookie is not HttpOnly.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

import { block } from "../chromium.mjs";
import { freePort, Program } from "../program.mjs";
import { prefixOf, unexpected } from "../upstream.mjs";
import { addsNote, downloads, isStyled, newUser, notesOf, shows, uploads } from "./notes.mjs";

export default {
  "a PHP app with root-absolute URLs works with the default table": async (t) => {
    const gateway = await t.gatewayOf({ php: { upstream: (await t.app("php")).url } });
    const profile = await t.profile();
    const user = newUser();
    const page = await profile.visit(t.platform.course(t.launch("php", { user_id: user }, { gateway })));
    const frame = await block(page);
    await shows(frame, notesOf("php", user));
    await isStyled(frame);
    await addsNote(frame, notesOf("php", user), "Bernoulli & sons");
    assert.equal(frame.url(), `${gateway.origin}${prefixOf(frame)}/index.php`);
    await uploads(frame);
    await frame.getByRole("link", { name: "Again" }).click();
    await shows(frame, notesOf("php", user), "Bernoulli & sons");
    // The app's own session stays in the frame.
    if (t.cookies === "allowed") assert.match(await downloads(page, frame), /^Notes:/);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "two people one after the other do not share the session of a PHP app": async (t) => {
    const host = "php.localhost";
    const gateway = await t.gatewayOf({ php: { upstream: (await t.app("php")).url, prefix: "tool", host } });
    const origin = gateway.origin.replace("127.0.0.1", host);
    const profile = await t.profile();
    const [one, other] = [newUser(), newUser()];
    for (const user of [one, other, one]) {
      const launch = t.launch("php", { user_id: user }, { gateway: { origin }, path: "/" });
      const frame = await block(await profile.visit(t.platform.course(launch)));
      await shows(frame, notesOf("php", user));
      assert.equal(frame.url(), `${origin}/`);
      await addsNote(frame, notesOf("php", user), `a note of ${user}`);
      const items = await frame.locator("li").allInnerTexts();
      assert.deepEqual(new Set(items), new Set([`a note of ${user}`]));
    }
    assert.deepEqual(profile.consoleErrors, []);
  },

  "the page of an app that still starts reloads itself until the app responds": async (t) => {
    const port = await freePort();
    const gateway = await t.gatewayOf({ php: { upstream: `http://127.0.0.1:${port}` } });
    const profile = await t.profile();
    const user = newUser();
    const page = await profile.visit(t.platform.course(t.launch("php", { user_id: user }, { gateway })));
    const frame = await block(page);
    await frame.locator("h1").waitFor();
    const first = profile.requests.findLast((request) => request.url() === frame.url());
    const response = await first.response();
    assert.equal(response.status(), 503);
    assert.match(response.headers()["retry-after"] ?? "", /^\d+$/);

    const root = fileURLToPath(new URL("../apps/php", import.meta.url));
    const env = { PATH: process.env.PATH };
    const program = new Program("php", ["-S", `127.0.0.1:${port}`, "-t", root], { env });
    t.atEnd(() => program.stop());
    // No reload by the test.
    await frame.getByText(notesOf("php", user)).waitFor({ timeout: 60_000 });
    assert.deepEqual(unexpected(profile, 503), []);
  },
};
