// Accessibility of the gateway's own pages, as axe measures it.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { assertAccessible } from "../look.mjs";
import { freePort } from "../program.mjs";
import { unexpected } from "../upstream.mjs";
import { shows } from "./launch.mjs";
import { SCREENS } from "./session.mjs";

export default {
  "accessibility: the index and the shipped tools, as learner and as instructor": async (t) => {
    const profile = await t.profile();
    const page = await profile.visit(t.gateway.origin);
    await shows(page.mainFrame(), "LTI tools", "Development:");
    await accessible(page);
    // Open the setup instructions, which are collapsed.
    for (const summary of ["Set up in your platform", "edX", "Canvas"]) {
      await page.locator("article").first().getByText(summary, { exact: true }).click();
    }
    await page.locator("article").first().getByText("Advanced Module List").waitFor();
    await accessible(page);

    const instructor = { roles: "Instructor" };
    const pages = [
      [t.launch("hello"), "Hello, Ada Lovelace!", "a learner"],
      [t.launch("hello", instructor), "Hello, Ada Lovelace!", "You are staff"],
      [t.launch("staff", instructor, { more: [["custom_empty", ""]] }), "This launch", "custom_empty"],
    ];
    for (const [launch, ...words] of pages) await launched(t, profile, launch, ...words);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "accessibility: a refusal page, with and without a return URL": async (t) => {
    const profile = await t.profile();
    const back = { launch_presentation_return_url: t.platform.returnUrl };
    const window = await launched(t, profile, t.launch("staff", back), "This activity is not for your role", "Back to your course");
    assert.equal(await window.getByRole("link").count(), 1);

    const wrong = t.launch("hello", back);
    wrong.form = wrong.form.map(([name, value]) => [name, name === "user_id" ? "somebody-else" : value]);
    await launched(t, profile, wrong, "The tool could not be opened", "reference");

    const gateway = await t.gatewayOf({ gone: { upstream: `http://127.0.0.1:${await freePort()}` } });
    const addresses = [
      [`${t.gateway.origin}/lti/hello`, "Open this from your course"],
      [`${t.gateway.origin}/nothing-here`, "Page not found"],
      [`${gateway.origin}/lti/gone/~${"A".repeat(16)}/`, "Open this again from your course"],
    ];
    for (const [address, heading] of addresses) {
      const page = await profile.visit(address);
      await shows(page.mainFrame(), heading);
      await accessible(page);
    }
    assert.deepEqual(unexpected(profile, 401, 403, 404, 405), []);
  },

  "accessibility: the page with the button for a new window": async (t) => {
    // No request goes to the upstream before the click.
    const gateway = await t.gatewayOf({ gone: { upstream: `http://127.0.0.1:${await freePort()}` } });
    const profile = await t.profile({ noFrameCookies: true });
    const page = await profile.visit(t.platform.course(t.launch("gone", {}, { gateway })));
    const frame = await block(page);
    await frame.getByRole("button", { name: "Open in a new window" }).waitFor();
    await accessible(page, frame);
    assert.deepEqual(profile.consoleErrors, []);
  },
};

/** Launches in the window, and asserts that the page with this heading and text is accessible. */
async function launched(t, profile, launch, heading, text) {
  const page = await profile.visit(t.platform.samePlace(launch));
  await page.waitForURL(`${t.gateway.origin}/**`);
  await shows(page.mainFrame(), heading, text);
  await accessible(page);
  return page;
}

/** Asserts that a page, or a frame of full width, is accessible on every screen, light and dark. */
async function accessible(page, frame = page.mainFrame()) {
  await frame.waitForLoadState();
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    if (frame !== page.mainFrame()) {
      await page.locator("iframe").evaluate((iframe, width) => (iframe.width = width), screen.width);
    }
    await frame.waitForFunction((width) => innerWidth === width, screen.width, { polling: 50 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(frame);
    }
  }
}
