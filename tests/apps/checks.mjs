// The checks of an app: what a course team tries with a new app. A check receives `x`, a `Trial`
// (trial.mjs), and throws if it fails.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const PAGE_MS = 45_000;
const ACTION_MS = 15_000;

/** Waits until a frame shows this text. */
export async function shows(frame, text, timeout = ACTION_MS) {
  try {
    await frame.getByText(text).filter({ visible: true }).first().waitFor({ timeout });
  } catch (error) {
    const body = await frame.locator("body").innerText({ timeout: 1_000 }).catch(() => "nothing");
    throw new Error(`no "${text}" but "${body.replace(/\s+/g, " ").slice(0, 60)}"`, { cause: error });
  }
}

/** The page appears, and has this text. */
export const page = (text) => async (x) => shows(x.frame, text, PAGE_MS);

/** A click changes the text, over the app's WebSocket or its requests. */
export const click = (button, text) => async (x) => {
  await x.frame.getByText(button, { exact: true }).first().click();
  await shows(x.frame, text);
};

/** A form with one field changes the page. */
export const form = (field, button, value, text = value) => async (x) => {
  await x.frame.getByLabel(field, { exact: true }).fill(value);
  await x.frame.getByRole("button", { name: button }).click();
  await shows(x.frame, text);
};

/** A form adds entries to a list. A session that the app drops between two forms loses the first. */
export const entries = (field, button, texts) => async (x) => {
  for (const text of texts) await form(field, button, text)(x);
  for (const text of texts) await shows(x.frame, text);
};

/** A form uploads a file. */
export const upload = (button) => async (x) => {
  const buffer = Buffer.alloc(3_000, "\u0001\r\n");
  await x.frame.getByLabel("File").setInputFiles({ name: "some.bin", mimeType: "application/octet-stream", buffer });
  await x.frame.getByRole("button", { name: button }).click();
  await shows(x.frame, "some.bin has 3000 bytes");
};

/** A link of the page leads to a page with this text. */
export const link = (name, text) => async (x) => {
  await x.frame.getByText(name, { exact: true }).first().click();
  await shows(x.frame, text);
};

/** A button or link of the page downloads a file with this text. */
export const download = (name, text) => async (x) => {
  const control = typeof name === "string" ? x.frame.getByText(name, { exact: true }).first() : name(x.frame);
  const [file] = await Promise.all([x.page.waitForEvent("download", { timeout: ACTION_MS }), control.click()]);
  const failure = await file.failure();
  assert.equal(failure, null, "no file");
  const content = await readFile(await file.path(), "utf8");
  assert.ok(content.includes(text), `the download contains ${content.slice(0, 80)}`);
};

/** A link opens a new window with this text. */
export const newWindow = (name, text) => async (x) => {
  const control = typeof name === "string" ? x.frame.getByText(name, { exact: true }).first() : name(x.frame);
  const [window] = await Promise.all([x.profile.context.waitForEvent("page", { timeout: ACTION_MS }), control.click()]);
  try {
    await shows(window.mainFrame(), text, PAGE_MS);
  } finally {
    await window.close();
  }
};

/** Two people, one after the other in one browser, and back. Each sees their own page. */
export const people = (text = (user) => `Notes of ${user}`) => async (x) => {
  for (const person of ["user-1", "user-2", "user-1"]) {
    await x.launch({ user_id: person });
    await shows(x.frame, text(`${x.tool}-key:${person}`));
  }
};
