// Deep linking in the platform's frame: the picker, its response, and pages of attackers.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { SECRETS } from "../gateway.mjs";
import { assertAccessible, assertLooksRight } from "../look.mjs";
import { shows } from "./launch.mjs";
import { looksRight, runsNothing } from "./page.mjs";

const SCREENS = [
  { width: 360, height: 740 },
  { width: 1280, height: 900 },
];
const HOSTILE = `</title></label><script>parent.ran = window.ran = 1</script>"'&lt; onload='window.ran = 1' é`;
const LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch".repeat(2);
const LINKS = [
  { title: "Week 1", description: "Sums up to ten", path: "/week/1" },
  { title: HOSTILE, description: HOSTILE, path: "/week/2" },
  { title: LONG },
];

export default {
  "an instructor picks links in the platform's frame, and the platform receives them": async (t) => {
    const gateway = await withLinks(t);
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(selection(t, gateway, { accept_multiple: "true" })));
    const frame = await block(page);
    await shows(frame, "Notebook", "Choose one or more for your course Week 1 Sums up to ten");
    assert.equal(await frame.getByRole("checkbox").count(), 3);
    // Nothing is chosen yet.
    await frame.getByRole("button", { name: "Add to course" }).click();
    assert.equal(await frame.getByRole("alert").innerText(), "Choose at least one, or cancel.");
    await frame.getByText("Week 1").click();
    await frame.getByRole("checkbox").nth(1).check();
    const returned = returnedTo(t, page);
    await frame.getByRole("button", { name: "Add to course" }).click();
    const form = await returned;
    await isBack(await block(page));
    assert.equal(form.get("data"), `${HOSTILE}\r\nline`);
    const links = JSON.parse(form.get("content_items"))["@graph"];
    assert.deepEqual(
      links.map(({ title, url }) => [title, url]),
      [
        ["Week 1", `${gateway.origin}/lti/notebook/week/1`],
        [HOSTILE, `${gateway.origin}/lti/notebook/week/2`],
      ],
    );
    await runsNothing(page, profile);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
    assert.deepEqual(profile.consoleErrors, []);
  },

  "an instructor picks one link with the keyboard, reloads the picker, and cancels": async (t) => {
    const gateway = await withLinks(t);
    const profile = await t.profile();
    const page = await profile.visit(t.platform.samePlace(selection(t, gateway)));
    await page.getByRole("radio").first().waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    assert.ok(await page.getByRole("radio").nth(1).isChecked());
    const returned = returnedTo(t, page);
    await page.keyboard.press("Enter");
    assert.equal(JSON.parse((await returned).get("content_items"))["@graph"].length, 1);
    await isBack(page);

    const again = await profile.visit(t.platform.samePlace(selection(t, gateway)));
    await again.getByRole("radio").first().waitFor();
    await again.reload();
    const canceled = returnedTo(t, again);
    // Nothing is chosen, and Cancel needs no choice.
    await again.getByRole("button", { name: "Cancel" }).click();
    assert.deepEqual(JSON.parse((await canceled).get("content_items"))["@graph"], []);
  },

  "without scripts, buttons lead through the picker and back to the course": async (t) => {
    const gateway = await withLinks(t);
    const profile = await t.profile({ javaScriptEnabled: false });
    const page = await profile.visit(t.platform.newWindow(selection(t, gateway)));
    const opened = page.context().waitForEvent("page");
    await page.getByRole("button").click();
    const picker = await opened;
    await picker.getByText("Week 1").click();
    await picker.getByRole("button", { name: "Add to course" }).click();
    await picker.getByRole("button", { name: "Back to your course" }).click();
    await isBack(picker);
  },

  "the picker looks right on every screen and in the frame, light and dark": async (t) => {
    const gateway = await withLinks(t);
    const profile = await t.profile();
    const page = await profile.visit(t.platform.samePlace(selection(t, gateway, { accept_multiple: "true" })));
    await page.getByRole("checkbox").first().check();
    await looksRight(t, page, "picker", SCREENS);
    await page.getByRole("checkbox").first().uncheck();
    await page.getByRole("button", { name: "Add to course" }).click();
    await page.getByRole("alert").waitFor();
    await looksRight(t, page, "picker-problem", SCREENS);
    await assertAccessible(page);

    const whole = await profile.visit(t.platform.course(selection(t, gateway, {}, "whole")));
    const frame = await block(whole);
    await shows(frame, "Whole", "A tool without links");
    assert.equal(await frame.getByRole("button").count(), 2);
    for (const colorScheme of ["light", "dark"]) {
      await whole.emulateMedia({ colorScheme });
      await t.screenshot(whole.locator("iframe"), `picker-whole-${colorScheme}`);
      await assertLooksRight(frame, colorScheme, 800);
    }
  },

  "another site's page cannot send the form of a picker": async (t) => {
    const gateway = await withLinks(t);
    const profile = await t.profile();
    const page = await profile.visit(t.platform.samePlace(selection(t, gateway)));
    const sealed = await page.locator("[name=lti_selection]").inputValue();
    const link = await page.getByRole("radio").first().getAttribute("value");
    const form = [["lti_selection", sealed], ["link", link]];
    const stolen = await profile.visit(t.platform.samePlace({ url: `${gateway.origin}/~links`, form }));
    await stolen.waitForURL(`${gateway.origin}/~links`);
    assert.equal(await stolen.locator("[name=content_items]").count(), 0);
  },
};

/** A gateway with a tool that has links, and one that has none. */
async function withLinks(t) {
  const links = LINKS.map((link) => {
    const pairs = Object.entries(link).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
    return `[[tools.notebook.links]]\n${pairs.join("\n")}`;
  });
  const text = `
[gateway]
[tools.notebook]
title = "Notebook"
key = "notebook-key"
secret = { env = "HELLO_SECRET" }
upstream = "http://127.0.0.1:9"
[tools.whole]
title = "Whole"
description = "A tool without links"
key = "whole-key"
secret = { env = "HELLO_SECRET" }
template = "hello"
${links.join("\n")}
`;
  return t.gatewayWith(text, SECRETS);
}

/** A request of the platform for links. */
function selection(t, gateway, changes = {}, tool = "notebook") {
  const request = {
    lti_message_type: "ContentItemSelectionRequest",
    roles: "Instructor",
    accept_media_types: "application/vnd.ims.lti.v1.ltilink",
    accept_presentation_document_targets: "iframe,window",
    content_item_return_url: t.platform.returnUrl,
    data: `${HOSTILE}\r\nline`,
    ...changes,
  };
  return t.launch(tool, request, { gateway });
}

/** Waits for the platform's page after the response. */
async function isBack(frame) {
  await frame.locator("h1").filter({ hasText: "Back in the course" }).waitFor();
}

/** The form that a page or its frame posts to the platform. */
async function returnedTo(t, page) {
  const request = await page.waitForRequest(
    (sent) => sent.url() === t.platform.returnUrl && sent.method() === "POST",
  );
  return new URLSearchParams(request.postData());
}
