// Rejected launches and their pages.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";
import { shows } from "./launch.mjs";

export default {
  "the same form from another browser profile is rejected": async (t) => {
    const course = t.platform.course(t.launch("hello"));
    const first = await t.profile();
    const firstFrame = await block(await first.visit(course));
    await shows(firstFrame, "Hello, Ada Lovelace!");

    // A launch of its own does not help the other profile.
    const other = await t.profile();
    const own = t.launch("hello", { user_id: "user-2", lis_person_name_full: "Charles Babbage" });
    await shows(await block(await other.visit(t.platform.course(own))), "Hello, Charles Babbage!");
    const kept = await other.context.cookies();
    const page = await other.visit(course);
    const heading = "This link was used before";
    const reference = await refused(await block(page), heading, "open the activity again");
    await t.gateway.logged(reference, 'code="replayed"');
    await page.reload();
    assert.notEqual(await refused(await block(page), heading), reference);
    assert.deepEqual(await other.context.cookies(), kept, "no new cookie");
    assert.deepEqual(unexpected(other, 401), []);

    assert.equal((await reload(firstFrame)).status(), 200);
    await shows(firstFrame, "Hello, Ada Lovelace!");
    assert.deepEqual(first.consoleErrors, []);
  },

  "a learner who launches the tool staff sees that it is not for their role": async (t) => {
    const profile = await t.profile();
    const frame = await block(await profile.visit(t.platform.course(t.launch("staff"))));
    const heading = "This activity is not for your role";
    const reference = await refused(frame, heading, "tell your course staff");
    const launch = profile.requests.find((request) => request.method() === "POST");
    assert.equal((await launch.response()).status(), 403);
    await t.gateway.logged(reference, 'code="role-not-allowed"');
    assert.equal(await frame.getByRole("link").count(), 0, "no link without a return URL");

    // In its own window, a reload leads to the same page.
    const window = await profile.visit(t.platform.samePlace(t.launch("staff")));
    await refused(window.mainFrame(), heading);
    const again = await window.reload();
    assert.deepEqual([again.status(), again.request().method()], [403, "POST"]);
    await refused(window.mainFrame(), heading);
    assert.deepEqual(unexpected(profile, 403), []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, t.gateway.origin]));
  },

  "the return link of a rejection opens the course in the top window with a reason": async (t) => {
    const profile = await t.profile();
    const launch = t.launch("staff", { launch_presentation_return_url: t.platform.returnUrl });
    const page = await profile.visit(t.platform.course(launch));
    const frame = await block(page);
    await refused(frame, "This activity is not for your role");
    await frame.getByRole("link", { name: "Back to your course" }).click();
    await page.waitForURL(`${t.platform.returnUrl}&*`);
    assert.equal(new URL(page.url()).searchParams.get("lti_errormsg"), "This activity is not for your role");
    assert.equal(await page.locator("h1").innerText(), "Back in the course");
    assert.deepEqual(unexpected(profile, 403), []);
  },

  "the return link of a rejection by a Canvas stays in the frame": async (t) => {
    const profile = await t.profile();
    const launch = t.launch("staff", { launch_presentation_return_url: t.platform.frameReturnUrl });
    const course = t.platform.course(launch);
    const page = await profile.visit(course);
    const frame = await block(page);
    await refused(frame, "This activity is not for your role");
    await frame.getByRole("link", { name: "Back to your course" }).click();
    // Playwright can miss the load event of a frame under load.
    await frame.waitForURL(`${t.platform.frameReturnUrl}?*`, { waitUntil: "commit" });
    assert.equal(await frame.locator("h1").innerText(), "Back in the course");
    assert.equal(page.url(), course);
    assert.deepEqual(unexpected(profile, 403), []);
  },

  "a wrong signature and an unknown key show the same page": async (t) => {
    const profile = await t.profile();
    const wrong = t.launch("hello");
    wrong.form = wrong.form.map(([name, value]) => [name, name === "user_id" ? "somebody-else" : value]);
    const unknown = t.launch("hello");
    unknown.form = unknown.form.map(([name, value]) => [name, name === "oauth_consumer_key" ? "no-such-key" : value]);
    const page = await profile.visit(t.platform.course(wrong, unknown));
    const texts = [];
    for (const name of ["block-1", "block-2"]) {
      const frame = await block(page, name);
      const reference = await refused(frame, "The tool could not be opened");
      texts.push((await frame.locator("main").innerText()).replace(reference, "…"));
    }
    assert.equal(texts[0], texts[1]);
    assert.deepEqual(unexpected(profile, 401), []);
  },

  "a launch URL in the address bar shows that a course opens it": async (t) => {
    const profile = await t.profile();
    const [page] = profile.context.pages();
    for (const path of ["/lti/hello", "/lti/hello/", "/lti/staff"]) {
      const response = await page.goto(t.gateway.origin + path);
      assert.deepEqual([response.status(), response.headers().allow], [405, "POST"]);
      await shows(page.mainFrame(), "Open this from your course", "Your learning platform opens this page");
    }
    assert.deepEqual(unexpected(profile, 405), []);
    assert.deepEqual(profile.hosts(), new Set([t.gateway.origin]));
  },

  "a tool is not shown in the frames of a site outside frame_ancestors": async (t) => {
    const gateway = await t.gatewayOf({
      here: { template: "hello", frame_ancestors: [t.platform.origin] },
      elsewhere: { template: "hello", frame_ancestors: ["https://other.example"] },
      forstaff: { template: "hello", frame_ancestors: ["https://other.example"], roles: ["staff"] },
    });
    const launch = (tool) => t.launch(tool, {}, { gateway });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(launch("here"), launch("elsewhere"), launch("forstaff")));
    await shows(await block(page, "block-1"), "Hello, Ada Lovelace!");
    for (const name of ["block-2", "block-3"]) {
      const frame = await block(page, name);
      await frame.waitForURL("chrome-error://chromewebdata/", { waitUntil: "commit" });
      assert.ok(!/Ada|Hello|role/.test(await frame.locator("body").innerText()));
    }
    const policy = profile.consoleErrors.filter((error) => /frame-ancestors https:\/\/other\.example/.test(error));
    assert.equal(policy.length, 2, profile.consoleErrors.join("\n"));

    const window = await profile.openWindow(await profile.visit(t.platform.newWindow(launch("elsewhere"))));
    await shows(window.mainFrame(), "Hello, Ada Lovelace!");
  },
};

/** Asserts that a frame shows this error page, and not the tool. Returns the reference. */
async function refused(frame, heading, text) {
  await shows(frame, heading, text);
  assert.ok(!/Hello|Ada/.test(await frame.content()));
  const reference = await frame.locator("main code").innerText();
  assert.match(reference, /^[0-9A-Z]{8}$/);
  return reference;
}

/** Console errors, without Chromium's messages about responses with this status. */
function unexpected(profile, status) {
  return profile.consoleErrors.filter((error) => !error.includes(`responded with a status of ${status} `));
}
