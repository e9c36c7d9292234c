// The pages: escaping, contrast, color schemes and screen sizes.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { assertLooksRight } from "../look.mjs";
import { shows } from "./launch.mjs";

/** A text with a script, tags, attributes, template code and a change of text direction. */
const HOSTILE =
  `</h1></bdi><script>parent.ran = window.ran = 1</script><img src="/ran" onerror="window.ran = 1">` +
  `"' onload='window.ran = 1' &lt;b&gt; {{ 7 * 7 }} {% include "staff" %} \${7 * 7} 👩🏽‍🚀 שלום \u202Egnp.exe\u202C`;

const SCHEMES = ["light", "dark"];
const SCREENS = [
  { width: 360, height: 740 },
  { width: 1280, height: 900 },
];
const NARROW_AND_WIDE = [
  { width: 390, height: 740 },
  { width: 1280, height: 900 },
];
/** A word without an opportunity for a line break. */
const LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch".repeat(4);

export default {
  "hostile text is shown as text and runs nothing": async (t) => {
    const names = ["lis_person_name_full", "context_title", "tool_consumer_instance_name", "resource_link_title"];
    const params = Object.fromEntries([...names, "custom_greeting", "launch_presentation_locale"].map((name) => [name, HOSTILE]));
    const more = [[`custom_${HOSTILE}`, HOSTILE]];
    const staff = { ...params, roles: "Instructor", launch_presentation_return_url: "javascript:window.ran=1" };
    const denied = { ...staff, roles: "Learner" };
    const profile = await t.profile();
    const page = await profile.visit(
      t.platform.course(t.launch("hello", params, { more }), t.launch("staff", staff, { more }), t.launch("staff", denied, { more })),
    );

    const hello = await block(page, "block-1");
    await hello.locator("h1").waitFor();
    assert.equal(await hello.locator("h1").textContent(), `${HOSTILE}, ${HOSTILE}!`);
    const shown = (await hello.locator("main > p").first().textContent()).replace(/\s+/g, " ").trim();
    assert.equal(shown, `You are here as a learner in the course ${HOSTILE} on ${HOSTILE}.`);

    const table = await block(page, "block-2");
    await shows(table, "This launch");
    const values = await table.locator("td").allTextContents();
    assert.equal(values.filter((value) => value === HOSTILE).length, names.length + 3);
    assert.ok((await table.locator("tbody th").allTextContents()).includes(`custom_${HOSTILE}`));

    const refusal = await block(page, "block-3");
    await shows(refusal, "This activity is not for your role");
    assert.equal(await refusal.getByRole("link").count(), 0);

    await t.screenshot(page, "hostile");
    await runsNothing(page, profile);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, t.gateway.origin]));
  },

  "hostile text in tools.toml is shown as text and runs nothing": async (t) => {
    const gateway = await t.gatewayOf({
      hostile: { template: "hello", title: HOSTILE, description: HOSTILE, params: { greeting: HOSTILE } },
    });
    const profile = await t.profile();
    const page = await profile.visit(gateway.origin);
    assert.equal(await page.locator("article h2").textContent(), HOSTILE);
    assert.equal(await page.locator("article > p").textContent(), HOSTILE);
    // The page's own script adds the buttons.
    assert.equal(await page.locator("article button").first().innerText(), "Copy\nthe launch URL");
    await runsNothing(page, profile, 1);
    const launched = await profile.visit(t.platform.samePlace(t.launch("hostile", {}, { gateway })));
    await launched.locator("h1").waitFor();
    assert.equal(await launched.locator("h1").textContent(), `${HOSTILE}, Ada Lovelace!`);
    assert.equal(await launched.title(), HOSTILE.replace(/\s+/g, " "));
    await runsNothing(launched, profile);
  },

  "the index lists all tools with their launch URLs": async (t) => {
    const profile = await t.profile();
    const page = await profile.visit(t.gateway.origin);
    const listed = await page.locator("article").evaluateAll((tools) =>
      tools.map((tool) => [tool.querySelector("h2").innerText, ...[...tool.querySelectorAll(":scope > dl code")].map((code) => code.innerText)]),
    );
    assert.deepEqual(listed, [
      ["Adder", `${t.gateway.origin}/lti/adder`, "adder-key"],
      ["Hello", `${t.gateway.origin}/lti/hello`, "hello-key"],
      ["Staff", `${t.gateway.origin}/lti/staff`, "staff-key"],
    ]);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.gateway.origin]));
  },

  "the index looks right on every screen, light and dark": async (t) => {
    const profile = await t.profile();
    const page = await profile.visit(t.gateway.origin);
    await looksRight(t, page, "index", [...SCREENS, { width: 800, height: 600 }]);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "hello looks right on every screen and in the frame, light and dark": (t) =>
    launchLooksRight(t, "hello", () => t.launch("hello", { roles: "Instructor" })),

  "staff looks right on every screen and in the frame, light and dark": (t) =>
    launchLooksRight(t, "staff", () => t.launch("staff", { roles: "Instructor" }, { more: [["custom_empty", ""]] })),

  "a refusal looks right on every screen and in the frame, light and dark": (t) =>
    launchLooksRight(t, "refusal", () => t.launch("staff", { launch_presentation_return_url: t.platform.returnUrl }), 403),

  "pages with a name and a contact look right on every screen, light and dark": async (t) => {
    const own = { name: "Example University", contact: "https://help.example.edu/learning-tools" };
    const gateway = await t.gatewayOf({ hello: { template: "hello" }, forstaff: { template: "hello", roles: ["staff"] } }, own);
    const profile = await t.profile();
    const page = await profile.visit(gateway.origin);
    await looksRight(t, page, "contact-index", NARROW_AND_WIDE);
    assert.equal(await page.getByRole("link", { name: "help.example.edu/learning-tools" }).count(), 1);

    const returning = { launch_presentation_return_url: t.platform.returnUrl };
    for (const [name, launch, heading] of [
      ["contact-refusal", t.launch("forstaff", returning, { gateway }), "This activity is not for your role"],
      ["contact-message", t.launch("hello", { lti_message_type: "x" }, { gateway }), "The tool could not be opened"],
    ]) {
      const refusal = await profile.visit(t.platform.samePlace(launch));
      await refusal.waitForURL(`${gateway.origin}/**`);
      await shows(refusal.mainFrame(), heading, "For help, ask help.example.edu/learning-tools. Give them the reference");
      await looksRight(t, refusal, name, NARROW_AND_WIDE);
    }
  },

  "a form of a template's own page tells its author that nobody reads it": async (t) => {
    const gateway = await t.gatewayOf({ hello: { template: "hello" } });
    const profile = await t.profile();
    for (const [method, name] of [["post", "template-form"], ["get", "template-form-get"]]) {
      const page = await profile.visit(t.platform.samePlace(t.launch("hello", {}, { gateway })));
      await shows(page.mainFrame(), "Hello, Ada Lovelace!");
      await page.evaluate((method) => {
        document.querySelector("main").innerHTML = `<form method="${method}"><input name="answer" value="42"></form>`;
        document.forms[0].submit();
      }, method);
      await shows(page.mainFrame(), "This page cannot take answers", "a template cannot take answers");
      await looksRight(t, page, name, NARROW_AND_WIDE);
    }
    await gateway.logged('code="template-form"');
  },

  "long words do not overflow any page": async (t) => {
    const params = { lis_person_name_full: LONG, context_title: LONG, tool_consumer_instance_name: LONG };
    const staff = { ...params, roles: "Instructor" };
    await launchLooksRight(t, "long-hello", () => t.launch("hello", params));
    await launchLooksRight(t, "long-staff", () => t.launch("staff", staff, { more: [[`custom_${LONG}`, LONG]] }));
    const gateway = await t.gatewayOf({ long: { template: "hello", title: LONG, description: LONG, path: `/${LONG}` } });
    const page = await (await t.profile()).visit(gateway.origin);
    await looksRight(t, page, "long-index", [...SCREENS, { width: 800, height: 600 }]);
  },
};

/** Checks the look in its own window on every screen, and in the platform's frame. */
async function launchLooksRight(t, name, launch, status = 200) {
  const profile = await t.profile();
  const page = await profile.visit(t.platform.samePlace(launch()));
  await page.waitForURL(`${t.gateway.origin}/**`);
  await looksRight(t, page, name, SCREENS);

  await profile.visit(t.platform.course(launch()));
  const frame = await block(page);
  await frame.locator("h1").waitFor();
  await frame.waitForLoadState();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await t.screenshot(page.locator("iframe"), `${name}-frame-${colorScheme}`);
    await assertLooksRight(frame, colorScheme, 800);
  }
  const complaints = profile.consoleErrors.filter((error) => !error.includes(`a status of ${status} `));
  assert.deepEqual(complaints, []);
}

/** Checks the look of a page on these screens, light and dark. */
export async function looksRight(t, page, name, screens) {
  await page.locator("h1").waitFor();
  await page.waitForLoadState();
  for (const screen of screens) {
    await page.setViewportSize(screen);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await t.screenshot(page, `${name}-${screen.width}-${colorScheme}`);
      await assertLooksRight(page, colorScheme, screen.width);
    }
  }
}

/** Asserts that no hostile text became a script, an image or a handler. Pages may have `own` scripts
 *  of the gateway. */
export async function runsNothing(page, profile, own = 0) {
  for (const frame of page.frames()) assert.equal(await frame.evaluate(() => window.ran), undefined, frame.url());
  for (const frame of page.frames().filter((one) => one.url().startsWith("http://127.0.0.1"))) {
    assert.equal(await frame.locator("script").count(), own, frame.url());
    assert.equal(await frame.locator("img, [onload], [onerror]").count(), 0, frame.url());
  }
  assert.ok(!profile.requests.some((request) => request.url().includes("/ran")));
  assert.deepEqual(profile.consoleErrors.filter((error) => !error.includes("a status of 403 ")), []);
}
