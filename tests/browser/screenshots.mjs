// Takes the screenshots of the docs from the real program:
//
//   node screenshots.mjs <path of the binary> <output directory>
//
// CHROMIUM names another browser than /usr/bin/chromium. Values that change between two runs (the
// reference, the numbers of the adder's question) are replaced before a screenshot.

import assert from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Case } from "./case.mjs";
import { answer } from "./cases/adder.mjs";
import { sign } from "./launch.mjs";
import { Platform } from "./platform.mjs";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const MOST_BYTES = 150_000;
const DESKTOP = { width: 720, height: 700 };
const WIDE = { width: 1200, height: 700 };
const FRAME = { width: 600, height: 260 };
const PHONE = { width: 390, height: 300 };
/** Development's public placeholder for every secret that is not set. */
const PLACEHOLDER = "development-secret";

const [binary, directory] = process.argv.slice(2);
if (!directory) {
  console.error("usage: node screenshots.mjs <path of the binary> <output directory>");
  process.exit(2);
}
await mkdir(directory, { recursive: true });
const platform = await Platform.start();
const run = new Case({ binary: resolve(binary), repository: REPOSITORY, platform }, "allowed");
try {
  const gateway = await run.gatewayAsShipped();
  const profile = await run.profile({ deviceScaleFactor: 1.25 });
  await practicePlatform(await profile.visit(`${gateway.origin}/dev`));
  await launchedTool(await profile.tab(`${gateway.origin}/dev`));
  await rejectedLaunch(await profile.tab("about:blank"), gateway);
} finally {
  await run.close();
  await platform.stop();
}

/** `/dev`, with a card for each tool. */
async function practicePlatform(page) {
  await page.setViewportSize(DESKTOP);
  await save(page, "dev");
}

/** The tool `adder` after a correct answer, beside the gradebook with its grade. */
async function launchedTool(page) {
  await page.setViewportSize(WIDE);
  await page.getByRole("button", { name: "Launch Adder", exact: true }).click();
  await page.frameLocator('iframe[name="launch"]').getByRole("button", { name: "Answer" }).waitFor();
  const tool = page.frame("launch");
  await answer(tool, 0);
  await tool.getByRole("status").waitFor();
  const gradebook = page.frame({ url: /\/dev\/gradebook$/ });
  await gradebook.getByRole("link", { name: "Look again" }).click();
  await gradebook.locator("td strong").waitFor();
  await replaceText(gradebook, "td time", /^\d\d:\d\d:\d\d/, "10:30:00");
  await replaceText(tool, "label", /^\d+ \+ \d+/, "19 + 23");
  await replaceText(tool, "[role=status]", /^\d+ \+ \d+ is \d+/, "12 + 30 is 42");
  await save(page, "dev-launch");
}

/** The page of a rejected launch: a learner launches a tool for staff. */
async function rejectedLaunch(page, gateway) {
  const params = {
    lti_message_type: "basic-lti-launch-request",
    lti_version: "LTI-1p0",
    resource_link_id: "unit-1",
    user_id: "learner-1",
    roles: "Learner",
    launch_presentation_return_url: platform.returnUrl,
  };
  const launch = { url: `${gateway.origin}/lti/staff`, key: "staff-key", secret: PLACEHOLDER };
  const form = sign({ ...launch, params: Object.entries(params) });
  await page.goto(platform.samePlace(form));
  await page.waitForURL(launch.url);
  await replaceText(page, "code", /^[0-9A-Z]{8}$/, "7Q2M4XKD");
  await page.setViewportSize(FRAME);
  await save(page, "rejection");
  await page.setViewportSize(PHONE);
  await page.emulateMedia({ colorScheme: "dark" });
  await save(page, "rejection-phone-dark");
}

/** Replaces a value in the only element of a page or frame that matches `selector`. */
async function replaceText(frame, selector, pattern, replacement) {
  const element = frame.locator(selector);
  const text = await element.innerText();
  assert.match(text, pattern, `the text of ${selector}`);
  await element.evaluate(
    (node, after) => (node.textContent = after),
    text.replace(pattern, replacement),
  );
}

/** Writes a screenshot of the whole page. */
async function save(page, name) {
  await page.waitForLoadState();
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement?.blur());
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path, fullPage: true, animations: "disabled", caret: "hide" });
  const { size } = await stat(path);
  assert.ok(size < MOST_BYTES, `${path} has ${size} bytes, the limit is ${MOST_BYTES}`);
  console.log(`${path}: ${Math.ceil(size / 1024)} KiB`);
}
