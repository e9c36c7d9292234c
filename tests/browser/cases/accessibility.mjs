// Whether everybody can use the pages that the gateway itself makes, as far as axe can tell.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { assertEverybodyCanUse } from "../look.mjs";
import { freePort } from "../program.mjs";
import { unexpected } from "../upstream.mjs";
import { shows } from "./launch.mjs";
import { SCREENS } from "./session.mjs";

export default {
  "accessibility: everybody can use the index and the shipped tools, as a learner and as an instructor": async (t) => {
    const profile = await t.profile();
    const page = await profile.visit(t.gateway.origin);
    await shows(page.mainFrame(), "LTI tools", "Development:");
    await everybodyCanUse(page);
    // How to set a tool up, of which nobody sees anything before it is asked for.
    for (const summary of ["Set up in your platform", "edX", "Canvas"]) {
      await page.locator("article").first().getByText(summary, { exact: true }).click();
    }
    await page.locator("article").first().getByText("Advanced Module List").waitFor();
    await everybodyCanUse(page);

    const instructor = { roles: "Instructor" };
    const pages = [
      [t.launch("hello"), "Hello, Ada Lovelace!", "a learner"],
      [t.launch("hello", instructor), "Hello, Ada Lovelace!", "You are staff"],
      [t.launch("staff", instructor, { more: [["custom_empty", ""]] }), "This launch", "custom_empty"],
    ];
    for (const [launch, ...words] of pages) await launched(t, profile, launch, ...words);
    assert.deepEqual(profile.complaints, []);
  },

  "accessibility: everybody can use a refusal, with a way back and without": async (t) => {
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
      await everybodyCanUse(page);
    }
    assert.deepEqual(unexpected(profile, 401, 403, 404, 405), []);
  },

  "accessibility: everybody can use the page that leads into a new window": async (t) => {
    // Nothing asks the upstream before the button is clicked.
    const gateway = await t.gatewayOf({ gone: { upstream: `http://127.0.0.1:${await freePort()}` } });
    const profile = await t.profile({ refused: true });
    const page = await profile.visit(t.platform.course(t.launch("gone", {}, { gateway })));
    const frame = await block(page);
    await frame.getByRole("button", { name: "Open in a new window" }).waitFor();
    await everybodyCanUse(page, frame);
    assert.deepEqual(profile.complaints, []);
  },
};

/** Launches in the window, and asserts that everybody can use the page with this heading and text. */
async function launched(t, profile, launch, heading, text) {
  const page = await profile.visit(t.platform.samePlace(launch));
  await page.waitForURL(`${t.gateway.origin}/**`);
  await shows(page.mainFrame(), heading, text);
  await everybodyCanUse(page);
  return page;
}

/** On a telephone's screen and a desk's, light and dark: the page, or a frame of it that is as wide as the screen. */
async function everybodyCanUse(page, frame = page.mainFrame()) {
  await frame.waitForLoadState();
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    if (frame !== page.mainFrame()) {
      await page.locator("iframe").evaluate((iframe, width) => (iframe.width = width), screen.width);
    }
    await frame.waitForFunction((width) => innerWidth === width, screen.width, { polling: 50 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await assertEverybodyCanUse(frame);
    }
  }
}
