// Accepted launches and reloads.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";

export default {
  "the profile allows or blocks third-party cookies as configured": async (t) => {
    // Without this case, both halves of the suite could run with the same settings. A page of the
    // gateway's site represents a tool; the case adds cookies and storage.
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("hello")));
    const frame = await block(page);
    await frame.locator("h1").waitFor();
    const kept = await frame.evaluate(() => {
      document.cookie = "plain=1; Path=/; Secure; SameSite=None";
      document.cookie = "partitioned=1; Path=/; Secure; SameSite=None; Partitioned";
      localStorage.setItem("stored", "1");
      return { cookies: document.cookie.split("; ").sort(), stored: localStorage.getItem("stored") };
    });
    const cookies = t.cookies === "allowed" ? ["partitioned=1", "plain=1"] : ["partitioned=1"];
    assert.deepEqual(kept, { cookies, stored: "1" });
  },

  "a launch shows hello in the platform's frame, with name and role": async (t) => {
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("hello")));
    const frame = await block(page);
    await shows(frame, "Hello, Ada Lovelace!", "a learner in the course Analytical Engines on Example University");
    assert.deepEqual(await frame.evaluate(() => [innerWidth, innerHeight]), [800, 600]);

    const instructor = t.launch("hello", { roles: "Instructor", lis_person_name_full: "Charles Babbage" });
    const other = await profile.visit(t.platform.course(instructor));
    await shows(await block(other), "Hello, Charles Babbage!", "an instructor");

    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, t.gateway.origin]));
  },

  "a reload of the frame posts the same form and shows the page again": async (t) => {
    const profile = await t.profile();
    const outcomes = t.gateway.outcomes();
    const page = await profile.visit(t.platform.course(t.launch("hello")));
    const frame = await block(page);
    await shows(frame, "Hello, Ada Lovelace!");
    for (let times = 1; times <= 3; times += 1) {
      await reloadsByPost(frame);
      await shows(frame, "Hello, Ada Lovelace!");
    }
    const posts = profile.requests.filter((request) => request.method() === "POST");
    assert.equal(new Set(posts.map((request) => request.postData())).size, 1, "one form");
    assert.equal(posts.length, 4);
    assert.deepEqual(await outcomes(4), ["accepted", "again", "again", "again"]);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "ten blocks of one tool on one page load, and each survives a reload": async (t) => {
    const profile = await t.profile();
    const outcomes = t.gateway.outcomes();
    const names = Array.from({ length: 10 }, (_, index) => `block-${index + 1}`);
    const launches = names.map((name) => t.launch("hello", { resource_link_id: name, custom_greeting: `This is ${name}` }));
    const page = await profile.visit(t.platform.course(...launches));
    for (const name of names) await shows(await block(page, name), `This is ${name}, Ada Lovelace!`);
    for (const name of names) {
      const frame = await block(page, name);
      await reloadsByPost(frame);
      await shows(frame, `This is ${name}, Ada Lovelace!`);
    }
    assert.deepEqual(await outcomes(20), [...Array(10).fill("accepted"), ...Array(10).fill("again")]);
    const receipts = (await profile.context.cookies()).filter((cookie) => cookie.name.startsWith("__Secure-lti-"));
    assert.equal(receipts.length, 10);
    for (const cookie of receipts) {
      const { path, httpOnly, secure, sameSite, partitionKey } = cookie;
      const expected = { path: "/lti/hello", httpOnly: true, secure: true, sameSite: "None" };
      assert.deepEqual({ path, httpOnly, secure, sameSite }, expected);
      assert.equal(partitionKey, "http://localhost");
    }
    assert.deepEqual(profile.consoleErrors, []);
  },

  "the blocks of two users side by side survive a reload as their own": async (t) => {
    const profile = await t.profile();
    const ada = t.launch("hello");
    const charles = t.launch("hello", { user_id: "user-2", lis_person_name_full: "Charles Babbage" });
    const anonymous = t.launch("hello", { user_id: "", lis_person_name_full: "" });
    const page = await profile.visit(t.platform.course(ada, charles, anonymous));
    const heads = { "block-1": "Hello, Ada Lovelace!", "block-2": "Hello, Charles Babbage!", "block-3": "Hello!" };
    for (const [name, head] of Object.entries(heads)) await shows(await block(page, name), head);
    for (const [name, head] of Object.entries(heads)) {
      const frame = await block(page, name);
      await reloadsByPost(frame);
      await shows(frame, head);
    }
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a launch into a new window shows the page, also after a reload": async (t) => {
    const profile = await t.profile();
    const outcomes = t.gateway.outcomes();
    const page = await profile.visit(t.platform.newWindow(t.launch("hello")));
    const window = await profile.openWindow(page);
    await shows(window.mainFrame(), "Hello, Ada Lovelace!", "a learner");
    assert.equal(window.url(), `${t.gateway.origin}/lti/hello`);
    await reloadsByPost(window.mainFrame());
    await shows(window.mainFrame(), "Hello, Ada Lovelace!");
    const again = await window.reload();
    assert.deepEqual([again.status(), again.request().method()], [200, "POST"]);
    await shows(window.mainFrame(), "Hello, Ada Lovelace!");
    assert.deepEqual(await outcomes(3), ["accepted", "again", "again"]);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, t.gateway.origin]));
  },

  "the Back button shows the page of a template again and posts nothing": async (t) => {
    const profile = await t.profile();
    const outcomes = t.gateway.outcomes();
    const window = await profile.visit(t.platform.samePlace(t.launch("hello")));
    await shows(window.mainFrame(), "Hello, Ada Lovelace!");
    // Chromium keeps only a page that has arrived whole.
    await window.waitForLoadState("networkidle");
    await window.goto(t.platform.page("<h1>Elsewhere</h1>"));
    await window.goBack();
    await shows(window.mainFrame(), "Hello, Ada Lovelace!");

    const page = await profile.visit(t.platform.course(t.launch("hello")));
    const frame = await block(page);
    await shows(frame, "Hello, Ada Lovelace!");
    await page.waitForLoadState("networkidle");
    await frame.goto(`${t.gateway.origin}/static/style.css`);
    await page.evaluate(() => history.back());
    await frame.waitForURL(`${t.gateway.origin}/lti/hello`, { waitUntil: "commit" });
    await shows(frame, "Hello, Ada Lovelace!");
    // The last launch shows that no line of an earlier one is missing.
    await shows((await profile.visit(t.platform.samePlace(t.launch("hello")))).mainFrame(), "Hello, Ada Lovelace!");
    assert.deepEqual(await outcomes(3), ["accepted", "accepted", "accepted"], "no launch was sent again");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "staff see every parameter of their launch in a table": async (t) => {
    const profile = await t.profile();
    const more = [["custom_twice", "one"], ["custom_twice", "two"], ["custom_empty", ""], ["custom_lines", "one\r\ntwo"]];
    const launch = t.launch("staff", { roles: "Instructor" }, { more });
    const page = await profile.visit(t.platform.course(launch));
    const frame = await block(page);
    await shows(frame, "This launch");
    const rows = await frame.locator("tbody tr").evaluateAll((all) =>
      all.map((row) => [row.querySelector("th").textContent, row.querySelector("td").textContent]),
    );
    const sent = launch.form.filter(([name]) => !name.startsWith("oauth_"));
    // The HTML parser normalizes line breaks to "\n".
    assert.deepEqual(rows, sent.map(([name, value]) => [name, value.replaceAll("\r\n", "\n")]));
    assert.match(await frame.locator("caption").innerText(), new RegExp(`^${sent.length} parameters`));
    await reloadsByPost(frame);
    await shows(frame, "This launch");
    assert.deepEqual(profile.consoleErrors, []);
  },
};

/** Waits for this heading and asserts that the page contains the text. */
export async function shows(frame, heading, text = "") {
  await frame.locator("h1").filter({ hasText: heading }).waitFor();
  assert.equal(await frame.locator("h1").innerText(), heading);
  const shown = (await frame.locator("main").innerText()).replace(/\s+/g, " ");
  assert.ok(shown.includes(text), `"${text}" in "${shown}"`);
}

async function reloadsByPost(frame) {
  const response = await reload(frame);
  assert.deepEqual([response.status(), response.request().method()], [200, "POST"]);
}
