// The practice platform at /dev: from its form to the tool in a frame, or to a rejection.

import assert from "node:assert/strict";

import { answer, showsResult } from "./adder.mjs";
import { shows } from "./launch.mjs";
import { looksRight } from "./page.mjs";

const SCREENS = [
  { width: 390, height: 800 },
  { width: 1280, height: 900 },
];
const MISTAKES = {
  "Wrong secret": "bad-signature",
  "Clock ten minutes late": "stale",
  "Same nonce again": "replayed",
  "http and https mixed up": "bad-signature",
  "Trailing slash": "bad-signature",
  "Role changed after signing": "bad-signature",
};

export default {
  "the practice platform launches templates and web apps, in the page and in a window": async (t) => {
    const { gateway, other } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(gateway.origin);
    await page.getByRole("link", { name: "Practice a launch" }).click();
    await choose(page, "Hello", "Cleo, an instructor");
    await page.getByLabel("Custom parameters").fill("greeting = Good day");
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    await page.getByRole("button", { name: "Launch" }).click();
    const frame = await launched(page);
    await shows(frame, "Good day, Cleo Practice!", "You are here as an instructor in the course A course to practise with");
    assert.equal(new URL(frame.url()).origin, other, "another site than the page's");

    await page.getByRole("link", { name: "Another launch" }).click();
    await choose(page, "Notes", "Ben, a learner", "Unit 2");
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    await page.getByRole("button", { name: "Launch" }).click();
    await shows(await launched(page), "Notes on block-v1:Practice+LTI+2026+type@lti_consumer+block@unit-2", "You are flask-key:learner-2, Ben Practice, here for the 1. time.");

    await page.getByRole("link", { name: "Another launch" }).click();
    await choose(page, "Hello", "A learner without name and email");
    await page.getByLabel("in a new window").check();
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    const window = await profile.openWindow(page);
    await shows(window.mainFrame(), "Hello!", "You are here as a learner");
    assert.equal(new URL(window.url()).origin, other);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([gateway.origin, other]));
  },

  "the shipped tools are practiced in the page and in a new window, and the adder's grades are in the gradebook": async (t) => {
    const gateway = await t.gatewayAsShipped();
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev`);
    const inPage = async (tool, person) => {
      await page.goto(`${gateway.origin}/dev`);
      await choose(page, tool, person);
      await page.getByRole("button", { name: "Launch", exact: true }).click();
      await page.getByRole("button", { name: "Launch" }).click();
      return launched(page);
    };
    // Close each window: an invisible window reacts differently.
    const inWindow = async (tool, person, look) => {
      await page.goto(`${gateway.origin}/dev`);
      await choose(page, tool, person);
      await page.getByLabel("in a new window").check();
      await page.getByRole("button", { name: "Launch", exact: true }).click();
      const window = await profile.openWindow(page);
      await look(window.mainFrame());
      await window.close();
    };
    const gradebook = page.frameLocator('iframe[title="Gradebook"]');

    await shows(await inPage("Hello", "Ada, a learner"), "Hello, Ada Practice!", "You are here as a learner");
    await inWindow("Hello", "Cleo, an instructor", (frame) => shows(frame, "Hello, Cleo Practice!", "You are staff"));
    await shows(await inPage("Staff", "Eve, an administrator"), "This launch", "administrator-1");
    await inWindow("Staff", "Cleo, an instructor", (frame) => shows(frame, "This launch", "instructor-1"));
    await shows(await inPage("Staff", "Ada, a learner"), "This activity is not for your role");

    const frame = await inPage("Adder", "Ada, a learner");
    await gradebook.getByText("No grades yet.").waitFor();
    await answer(frame, -1);
    await showsResult(frame, "is not -?[0-9]+. Your course has the grade");
    await gradebook.getByRole("link", { name: "Look again" }).click();
    await gradebook.getByRole("heading", { name: "0.0", exact: true }).waitFor();
    await answer(frame, 0);
    await showsResult(frame, "is [0-9]+. Your course has the grade");
    await gradebook.getByRole("link", { name: "Look again" }).click();
    await gradebook.getByRole("heading", { name: "1.0", exact: true }).waitFor();
    await gradebook.locator("summary").first().click();
    await gradebook.getByText("<imsx_codeMajor>success</imsx_codeMajor>").first().waitFor();
    await t.screenshot(page, "dev-launch-gradebook");

    await inWindow("Adder", "Ben, a learner", async (window) => {
      await answer(window, 0);
      await showsResult(window, "is [0-9]+. Your course has the grade");
    });
    await gradebook.getByRole("link", { name: "Look again" }).click();
    await gradebook.getByText("Ben, a learner, in unit-1 of adder").waitFor();
    assert.deepEqual(await gradebook.locator("article h2").allInnerTexts(), ["1.0", "1.0"]);
    await gradebook.getByRole("link", { name: "Practice platform" }).click();
    await page.waitForURL(`${gateway.origin}/dev`);
    await page.getByRole("link", { name: "Gradebook" }).click();
    await page.locator("summary").first().click();
    await looksRight(t, page, "dev-gradebook", SCREENS);

    const ungraded = async (tool, person) => {
      await page.goto(`${gateway.origin}/dev`);
      await choose(page, tool, person);
      await page.getByLabel("The activity accepts no grade").check();
      await page.getByRole("button", { name: "Launch", exact: true }).click();
      await page.getByRole("button", { name: "Launch" }).click();
      return launched(page);
    };
    const without = await ungraded("Adder", "A learner without name and email");
    await answer(without, 0);
    await showsResult(without, "is [0-9]+. Your course accepts no grade here");
  },

  "each mistake of the practice platform leads to the code on its button": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(gateway.origin);
    for (const [mistake, code] of Object.entries(MISTAKES)) {
      await page.goto(`${gateway.origin}/dev`);
      await choose(page, "Hello", "Ada, a learner");
      const item = page.getByRole("listitem").filter({ hasText: mistake });
      assert.match(await item.innerText(), new RegExp(`rejected as ${code}$`));
      await item.getByRole("button").click();
      const buttons = page.getByRole("button");
      if (code === "replayed") {
        await buttons.first().click();
        await shows(await launched(page), "Hello, Ada Practice!");
      }
      await buttons.last().click();
      const frame = await launched(page);
      const reference = await frame.locator("code").innerText();
      await gateway.logged(reference, `code="${code}"`);
      await page.goto(`${gateway.origin}/dev/refusals`);
      const newest = page.locator("article").first();
      assert.equal(await newest.locator("h2").innerText(), reference);
      assert.equal(await newest.locator("p code").first().innerText(), code);
      assert.doesNotMatch(await page.content(), /Ada|practice.example/, "no personal data");
    }
    await page.goto(`${gateway.origin}/dev`);
    await choose(page, "Hello", "Ada, a learner");
    await page.getByRole("button", { name: "Query doubled, as Canvas does" }).click();
    await page.getByRole("button", { name: "Launch" }).click();
    await shows(await launched(page), "Hello, Ada Practice!");
  },

  "the practice platform looks right on every screen, light and dark": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev/refusals`);
    await looksRight(t, page, "dev-no-refusals", SCREENS);
    await page.goto(`${gateway.origin}/dev`);
    await looksRight(t, page, "dev", SCREENS);
    await page.getByRole("button", { name: "Same nonce again" }).click();
    for (const summary of await page.locator("summary").all()) await summary.click();
    await looksRight(t, page, "dev-launch", SCREENS);
    await page.getByRole("button").last().click();
    await launched(page);
    await page.getByRole("button").first().click();
    await page.frameLocator('iframe[name="launch"]').getByText("used before").waitFor();
    await page.goto(`${gateway.origin}/dev/refusals`);
    for (const summary of await page.locator("summary").all()) await summary.click();
    await looksRight(t, page, "dev-refusals", SCREENS);
  },

  "another site's page cannot open, frame or read a practice launch": async (t) => {
    const gateway = await t.gatewayOf({ hello: { title: "Hello", template: "hello" } }, {});
    const profile = await t.profile();
    const url = `${gateway.origin}/dev/launch?tool=hello`;
    const page = await profile.visit(t.platform.page(`<a href="${url}">free points</a>`));
    // A page of the platform: also on this machine, at another port.
    const read = await page.evaluate(async (url) => {
      const result = (request) => request.then(({ type }) => type, ({ name }) => name);
      return [
        await result(fetch(url, { credentials: "include" })),
        await result(fetch(url, { mode: "no-cors", credentials: "include" })),
      ];
    }, url);
    assert.deepEqual(read, ["TypeError", "TypeError"]);
    const framed = await page.evaluate(async (url) => {
      const frame = document.createElement("iframe");
      frame.src = url;
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      document.body.append(frame);
      await loaded;
      return frame.contentDocument;
    }, url);
    assert.equal(framed, null);
    await page.getByRole("link", { name: "free points" }).click();
    await page.getByRole("heading", { name: "Open the practice platform first" }).waitFor();
    assert.equal(await page.locator("input[name=oauth_signature]").count(), 0);
    // Its link leads on. From there, the same launch is the page's own.
    await page.getByRole("link", { name: "Practice platform" }).click();
    await choose(page, "Hello", "Ada, a learner");
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    await page.waitForURL(/\/dev\/launch/);
    assert.equal(await page.locator("input[name=oauth_signature]").count(), 1);
  },
};

/** A gateway in development with placeholder secrets, and the origin of its practice launches. */
async function stage(t) {
  const app = await t.app("flask");
  const tools = {
    hello: { title: "Hello", template: "hello" },
    flask: { title: "Notes", upstream: app.url },
  };
  const gateway = await t.gatewayOf(tools, {}, {});
  return { gateway, other: gateway.origin.replace("127.0.0.1", "localhost") };
}

async function choose(page, tool, person, link = "Unit 1") {
  await page.getByLabel("Tool").selectOption({ label: tool });
  await page.getByLabel("User").selectOption({ label: person });
  await page.getByLabel("Unit of the course").selectOption({ label: link });
}

/** The frame, once something was launched into it. */
async function launched(page) {
  await page.frameLocator('iframe[name="launch"]').locator("h1").waitFor();
  return page.frame("launch");
}
