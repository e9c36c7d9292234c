// A book in a folder, in the platform's frame.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { PDF, writeBook } from "../book.mjs";
import { block } from "../chromium.mjs";
import { prefixOf, unexpected } from "../upstream.mjs";

async function heading(frame, text) {
  await frame.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
}

async function setup(t, settings = {}) {
  const book = await writeBook();
  t.atEnd(book.remove);
  const gateway = await t.gatewayOf({ book: { site: book.path, ...settings } });
  return { gateway, profile: await t.profile() };
}

/** Waits until the heading has this color. */
const has = (frame, color) =>
  frame.waitForFunction(
    (color) => getComputedStyle(document.querySelector("h1")).color === color,
    color,
    { polling: 50 },
  );

export default {
  "a book of a site works in the platform's frame: links, search, images and downloads": async (t) => {
    const { gateway, profile } = await setup(t);
    const page = await profile.visit(t.platform.course(t.launch("book", {}, { gateway })));
    const frame = await block(page);
    await heading(frame, "Plots");
    const home = `${gateway.origin}${prefixOf(frame)}/`;
    assert.equal(frame.url(), home);
    // The compressed style has another color.
    await has(frame, "rgb(4, 5, 6)");
    for (const id of ["picture", "rooted"]) {
      await frame.waitForFunction((id) => document.getElementById(id)?.naturalWidth === 20, id, { polling: 50 });
    }
    await frame.getByLabel("Search").fill("axis");
    await frame.getByLabel("Search").press("Enter");
    await frame.getByRole("link", { name: "über" }).or(frame.getByText("%C3%BCber")).first().click();
    await heading(frame, "Axes");
    await heading(frame.childFrames()[0], "Demo");
    await frame.getByRole("link", { name: "Home" }).click();
    await heading(frame, "Plots");
    await frame.getByRole("link", { name: "Appendix" }).click();
    await heading(frame, "Appendix");
    assert.equal(frame.url(), `${home}appendix/`);
    await frame.getByRole("link", { name: "Home" }).click();
    await heading(frame, "Plots");
    assert.equal(frame.url(), home);
    assert.deepEqual(profile.consoleErrors, []);

    await frame.getByRole("link", { name: "Errata" }).click();
    await heading(frame, "Page not found");
    await t.screenshot(page.locator("iframe"), "site-not-found");
    // Not at once: the navigation would end the evaluation.
    await frame.evaluate(() => void setTimeout(() => history.back()));
    await heading(frame, "Plots");
    assert.deepEqual(unexpected(profile, 404), []);

    if (t.cookies === "blocked") return;
    const link = frame.getByRole("link", { name: "Download" });
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    assert.equal(await download.failure(), null);
    assert.equal(download.suggestedFilename(), "book.pdf");
    assert.equal(await readFile(await download.path(), "utf8"), PDF);
    const [window] = await Promise.all([
      profile.context.waitForEvent("page"),
      frame.getByRole("link", { name: "New window" }).click(),
    ]);
    await heading(window.mainFrame(), "Appendix");
  },

  "a launch into a path of a site opens that page, and another site cannot use its files": async (t) => {
    const { gateway, profile } = await setup(t, { prefix: "tool" });
    const launch = t.launch("book", {}, { gateway, path: "/lti/book/appendix/" });
    const frame = await block(await profile.visit(t.platform.course(launch)));
    await heading(frame, "Appendix");
    assert.equal(frame.url(), `${gateway.origin}/lti/book/appendix/`);
    const loads = (frame, src) =>
      frame.evaluate(async (src) => {
        const image = document.createElement("img");
        image.src = src;
        document.body.append(image);
        return new Promise((resolve) => {
          image.onload = () => resolve(true);
          image.onerror = () => resolve(false);
        });
      }, src);
    const picture = `${gateway.origin}/lti/book/_images/plot.svg`;
    assert.equal(await loads(frame, `${picture}?own`), true);
    assert.equal(await loads(frame.parentFrame(), picture), false);
  },
};
