// The practice platform at /dev: from its form to the tool in a frame, or to a rejection.

import assert from "node:assert/strict";

import { assertAccessible, assertLooksRight } from "../look.mjs";
import { freePort } from "../program.mjs";
import { unexpected } from "../upstream.mjs";
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
  "one click at /dev launches templates and web apps, in the page and in a window": async (t) => {
    const { gateway, other } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(gateway.origin);
    await page.getByRole("link", { name: "Practice a launch" }).click();
    const hello = card(page, "Hello");
    await hello.getByText("Options").click();
    await hello.getByLabel("Custom parameters").fill("greeting = Good day");
    await launch(page, "Hello", "Cleo, an instructor");
    const frame = await launched(page);
    await shows(frame, "Good day, Cleo Practice!", "You are here as an instructor in the course A course to practise with");
    assert.equal(new URL(frame.url()).origin, other, "another site than the page's");
    assert.equal(await page.getByRole("button").count(), 0, "no second button to click");

    await page.getByRole("link", { name: "Another launch" }).click();
    await card(page, "Notes").getByText("Options").click();
    await card(page, "Notes").getByLabel("Unit of the course").selectOption({ label: "Unit 2" });
    await launch(page, "Notes", "Ben, a learner");
    await shows(await launched(page), "Notes on block-v1:Practice+LTI+2026+type@lti_consumer+block@unit-2", "You are flask-key:learner-2, Ben Practice, here for the 1. time.");

    // The window's history has only the tool: Back cannot launch it again.
    await page.getByRole("link", { name: "Another launch" }).click();
    const window = await launchInWindow(profile, page, "Hello", "A learner without name and email");
    await shows(window.mainFrame(), "Hello!", "You are here as a learner");
    assert.equal(new URL(window.url()).origin, other);
    assert.equal(await window.evaluate(() => history.length), 1);
    assert.equal(await window.evaluate(() => window.opener), null);
    // A launch is another one each time, also after a reload of the page around it.
    await launch(page, "Hello", "Ada, a learner");
    await shows(await launched(page), "Hello, Ada Practice!");
    await page.getByRole("link", { name: "Launch once more" }).click();
    await shows(await launched(page), "Hello, Ada Practice!");
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([gateway.origin, other]));
  },

  "one click at /dev launches by LTI 1.3, and each of its mistakes shows its code": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev`);
    await card(page, "Hello").getByLabel("User").selectOption({ label: "Cleo, an instructor" });
    await card(page, "Hello").getByRole("button", { name: "Launch Hello by LTI 1.3" }).click();
    await shown(page, "Cleo Practice!");
    await page.goto(`${gateway.origin}/dev`);
    await card(page, "Notes").getByRole("button", { name: "Launch Notes by LTI 1.3" }).click();
    await shown(page, "Notes on");
    await page.goto(`${gateway.origin}/dev`);
    const mistakes = card(page, "Hello").locator("li:has(button[name=token_mistake])");
    const count = await mistakes.count();
    assert.ok(count > 10, `${count} mistakes`);
    for (let at = 0; at < count; at += 1) {
      await page.goto(`${gateway.origin}/dev`);
      await card(page, "Hello").getByText("Typical mistakes with LTI 1.3").click();
      const code = (await mistakes.nth(at).innerText()).match(/rejected as (\S+)$/)?.[1];
      await mistakes.nth(at).getByRole("button").click();
      await page.frameLocator('iframe[name="launch"]').locator("h1").waitFor();
      if (code) await gateway.logged(` launch: `, `code="${code}"`);
      else await shown(page, "Ada Practice!");
    }
  },

  "the launch page at /dev has a storage for browsers without cookies in frames": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const page = await profile.visit(`${gateway.origin}/dev`);
    await card(page, "Hello").getByRole("button", { name: "Launch Hello by LTI 1.3" }).click();
    await shown(page, "Ada Practice!");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "links of the adder are picked at /dev in both versions, and their grades arrive": async (t) => {
    const gateway = await t.gatewayAsShipped();
    for (const [version, name] of [["1.1", "Pick links of Adder"], ["1.3", "Pick links of Adder by LTI 1.3"]]) {
      const profile = await t.profile();
      const page = await profile.visit(`${gateway.origin}/dev`);
      await card(page, "Adder").getByLabel("User").selectOption({ label: "Cleo, an instructor" });
      await card(page, "Adder").getByText("Options").click();
      await card(page, "Adder").getByRole("button", { name, exact: true }).click();
      const picker = page.frameLocator('iframe[name="launch"]');
      await picker.getByLabel("Large sums").check();
      await picker.getByRole("button", { name: "Add to course" }).click();
      await picker.getByText(`answered by LTI ${version}. The signature is right.`).waitFor();
      await pickedLooksRight(t, page, `dev-picked-${version}`);
      await picker.getByRole("link", { name: `Launch it by LTI ${version}` }).click();
      const frame = await launched(page);
      await answer(frame, 0);
      await showsResult(frame, "is [0-9]+. Your course has the grade");
      await page.goto(`${gateway.origin}/dev/gradebook`);
      await page.getByText("Newest: Ada, a learner has 1.0 in Adder, Large sums.").waitFor();
      await looksRight(t, page, `dev-gradebook-of-links-${version}`, SCREENS);
      assert.deepEqual(profile.consoleErrors, []);
      await profile.context.close();
    }
  },

  "a link on another site's page launches nothing by itself": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(t.platform.origin);
    const target = `${gateway.origin}/dev/launch?tool=hello`;
    await page.evaluate((target) => (location.href = target), target);
    await page.getByRole("heading", { name: "Open the practice platform first" }).waitFor();
    await page.waitForLoadState();
    assert.equal(page.frame("launch"), null);
    assert.deepEqual(unexpected(profile, 403, 404), [], "the platform's start page is a 404");

    // The same URL, entered by the user, waits for a click.
    const own = await profile.tab(target);
    await own.getByRole("button", { name: "Launch", exact: true }).waitFor();
    await own.waitForLoadState();
    assert.equal(own.frame("launch").url(), "about:blank");
    await own.getByRole("button", { name: "Launch", exact: true }).click();
    await shows(await launched(own), "Hello, Ada Practice!");
  },

  "without scripts, the practice platform launches with a second click": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile({ javaScriptEnabled: false });
    const page = await profile.visit(`${gateway.origin}/dev`);
    assert.equal(await page.locator("button.copy").count(), 0);
    await launch(page, "Hello", "Ada, a learner");
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    await page.frameLocator('iframe[name="launch"]').getByText("Hello, Ada Practice!").waitFor();
    await page.goto(gateway.origin);
    assert.equal(await page.locator("button").count(), 0, "no button without a function");
    const url = page.locator("article dd code").first();
    await url.click();
    // Without scripts, only the browser itself can read the selection: it is what gets copied.
    assert.equal(await url.evaluate((code) => getComputedStyle(code).userSelect), "all");
  },

  "buttons copy what is pasted, with the mouse and the keyboard": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    await profile.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: gateway.origin });
    const page = await profile.visit(gateway.origin);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    const first = page.locator("article").first();
    await first.getByRole("button", { name: "Copy the launch URL" }).first().click();
    await page.getByRole("status").getByText("Copied the launch URL").waitFor();
    assert.equal(await copied(), `${gateway.origin}/lti/flask`);
    // The next value, by keyboard. The focus stays where it is.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Copied the key").waitFor();
    assert.equal(await copied(), "flask-key");
    const focused = page.locator("button:focus");
    assert.equal(await focused.innerText(), "Copied\nthe key");
    await focused.getByText("Copy", { exact: true }).waitFor();
    assert.equal(await page.getByRole("status").innerText(), "");
    for (const summary of ["Set up in your platform", "edX"]) await first.getByText(summary, { exact: true }).click();
    await first.getByRole("button", { name: "Copy the passport" }).click();
    assert.equal(await copied(), '"flask:flask-key:SECRET"');
    // If the browser denies the clipboard, the value is selected for Ctrl+C.
    await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("denied"))));
    await first.getByRole("button", { name: "Copy the passport" }).click();
    await page.getByRole("status").getByText("Not copied, but selected: the passport").waitFor();
    assert.equal(await page.evaluate(() => String(getSelection())), '"flask:flask-key:SECRET"');
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([gateway.origin]));
  },

  "a link to the setup steps of a platform unfolds them": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/#hello-moodle`);
    await page.getByText("LTI External tools").last().waitFor();
    assert.equal(await page.locator("ol:visible").count(), 1);
  },

  "the shipped tools are practiced in the page and in a new window, and the adder's grades are in the gradebook": async (t) => {
    const gateway = await t.gatewayAsShipped();
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev`);
    const titles = await page.locator("h2").allInnerTexts();
    assert.deepEqual(titles, ["Hello", "Staff", "Adder"], "all answer, in the order of the file");
    const inPage = async (tool, person) => {
      await page.goto(`${gateway.origin}/dev`);
      await launch(page, tool, person);
      return launched(page);
    };
    // Close each window: an invisible window reacts differently.
    const inWindow = async (tool, person, look) => {
      await page.goto(`${gateway.origin}/dev`);
      const window = await launchInWindow(profile, page, tool, person);
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
    await gradebook.getByText("Ada, a learner has 0.0 in Adder, unit-1.").waitFor();
    await answer(frame, 0);
    await showsResult(frame, "is [0-9]+. Your course has the grade");
    await gradebook.getByRole("link", { name: "Look again" }).click();
    await gradebook.getByText("Ada, a learner has 1.0 in Adder, unit-1.").waitFor();
    await gradebook.getByText("Messages (2)").click();
    await gradebook.locator("details details summary").first().click();
    await gradebook.getByText("<imsx_codeMajor>success</imsx_codeMajor>").first().waitFor();
    await t.screenshot(page, "dev-launch-gradebook");

    await inWindow("Adder", "Ben, a learner", async (window) => {
      await answer(window, 0);
      await showsResult(window, "is [0-9]+. Your course has the grade");
    });
    await page.goto(`${gateway.origin}/dev/gradebook`);
    const rows = await page.locator("tbody tr").evaluateAll((rows) =>
      rows.map((row) => [row.querySelector("th").innerText, ...[...row.querySelectorAll("td strong")].map((score) => score.innerText)]),
    );
    assert.deepEqual(rows, [["Ada, a learner", "1.0"], ["Ben, a learner", "1.0"]]);
    await looksRight(t, page, "dev-gradebook", SCREENS);
    await page.getByText("Messages (3)").click();
    await page.locator("details details summary").first().click();
    await looksRight(t, page, "dev-gradebook-messages", SCREENS);
    await page.getByRole("link", { name: "Practice platform" }).click();
    await page.waitForURL(`${gateway.origin}/dev`);

    await card(page, "Adder").getByText("Options").click();
    await card(page, "Adder").getByLabel("The activity accepts no grade").check();
    await launch(page, "Adder", "A learner without name and email");
    const without = await launched(page);
    await answer(without, 0);
    await showsResult(without, "is [0-9]+. Your course accepts no grade here");
  },

  "an app that does not run is named with the admin's hint, at /dev, in its frame and under refusals": async (t) => {
    const port = await freePort();
    const gateway = await t.gatewayWith(
      `[tools.gone]\ntitle = "Gone"\nkey = "gone-key"\nsecret = { env = "GONE_SECRET" }\n` +
        `upstream = "http://127.0.0.1:${port}"  # cargo run -p gone --release --features "with a long list of features"\n` +
        `[tools.hello]\ntitle = "Hello"\nkey = "hello-key"\nsecret = { env = "HELLO_SECRET" }\ntemplate = "hello"\n` +
        `[tools.locked]\nkey = "locked-key"\nsecret = "a secret of its own, of 32 characters"\ntemplate = "hello"\n`,
      {},
    );
    const hint = `The app at http://127.0.0.1:${port} does not run:`;
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev`);
    assert.deepEqual(await page.locator("h2").allInnerTexts(), ["Hello", "locked", "Gone"]);
    await card(page, "Gone").getByText(hint).waitFor();
    await looksRight(t, page, "dev-app-gone", SCREENS);
    await launch(page, "Gone", "Ada, a learner");
    const frame = await launched(page);
    await shows(frame, "The tool is starting", hint);
    await frame.waitForLoadState();
    // The page reloads itself. With this response, the browser keeps the page.
    await page.route(frame.url(), (route) => route.fulfill({ status: 204 }));
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await t.screenshot(page, `dev-app-gone-frame-${colorScheme}`);
      await assertAccessible(frame);
    }
    await page.getByRole("link", { name: "Refusals" }).click();
    const entry = page.locator("article").first();
    assert.match(await entry.locator("summary").innerText(), /gone\s+upstream-refused\s+[0-9A-Z]{8}/);
    await entry.locator("summary").focus();
    await page.keyboard.press("Enter");
    await entry.getByText(hint).waitFor();
    await looksRight(t, page, "dev-app-gone-refusals", SCREENS);
    assert.deepEqual(unexpected(profile, 503), []);
  },

  "each mistake of the practice platform leads to the code on its button": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(gateway.origin);
    for (const [mistake, code] of Object.entries(MISTAKES)) {
      await page.goto(`${gateway.origin}/dev`);
      await card(page, "Hello").getByText("Typical mistakes of platforms").click();
      const item = card(page, "Hello").getByRole("listitem").filter({ hasText: mistake });
      assert.match(await item.innerText(), new RegExp(`rejected as ${code}$`));
      await item.getByRole("button").click();
      if (code === "replayed") {
        await shows(await launched(page), "Hello, Ada Practice!");
        await page.getByRole("button", { name: "Launch again" }).click();
        await page.frameLocator('iframe[name="launch"]').getByText("used before").waitFor();
      }
      const frame = await launched(page);
      const reference = await frame.locator("code").innerText();
      await gateway.logged(reference, `code="${code}"`);
      await page.goto(`${gateway.origin}/dev/refusals`);
      const newest = page.locator("article").first();
      assert.equal(await newest.locator("h2").innerText(), reference);
      assert.equal(await newest.locator("summary code").first().innerText(), code);
      assert.doesNotMatch(await page.content(), /Ada|practice.example/, "no personal data");
    }
    await page.goto(`${gateway.origin}/dev`);
    await card(page, "Hello").getByText("Typical mistakes of platforms").click();
    await card(page, "Hello").getByRole("button", { name: "Query doubled, as Canvas does" }).click();
    await shows(await launched(page), "Hello, Ada Practice!");
  },

  "the practice platform looks right on every screen, light and dark": async (t) => {
    const { gateway } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev/refusals`);
    await looksRight(t, page, "dev-no-refusals", SCREENS);
    await page.goto(`${gateway.origin}/dev/gradebook`);
    await looksRight(t, page, "dev-no-grades", SCREENS);
    await page.goto(`${gateway.origin}/dev`);
    await looksRight(t, page, "dev", SCREENS);
    for (const summary of await page.locator("summary").all()) await summary.click();
    await looksRight(t, page, "dev-options", SCREENS);
    await fingersFit(page);
    await card(page, "Hello").getByRole("button", { name: "Same nonce again" }).click();
    await launched(page);
    for (const summary of await page.locator("summary").all()) await summary.click();
    await looksRight(t, page, "dev-launch", SCREENS);
    await fingersFit(page);
    await page.getByRole("button", { name: "Launch again" }).click();
    await page.frameLocator('iframe[name="launch"]').getByText("used before").waitFor();
    await page.goto(`${gateway.origin}/dev/refusals`);
    await looksRight(t, page, "dev-refusals-folded", SCREENS);
    for (const summary of await page.locator("summary").all()) if (await summary.isVisible()) await summary.click();
    await looksRight(t, page, "dev-refusals", SCREENS);
    await fingersFit(page);
    await page.goto(gateway.origin);
    for (const summary of await page.locator("summary").all()) await summary.click();
    await looksRight(t, page, "index-open", SCREENS);
    await fingersFit(page);
  },

  "a tool registers itself at /dev, and each page of it looks right, light and dark": async (t) => {
    const gateway = await t.gatewayWith(
      '[platforms.acme]\n\n[tools.hello]\ntitle = "Hello"\ntemplate = "hello"\nplatforms = "acme"\n',
      {},
    );
    const printed = await gateway.command("register", "acme", "--tool", "hello", "--url", gateway.origin);
    const [link] = printed.match(/http\S+\/~register\/\S+/);
    const profile = await t.profile();
    const page = await profile.visit(`${gateway.origin}/dev`);
    await page.getByRole("link", { name: "Registration" }).click();
    await looksRight(t, page, "dev-no-registration", SCREENS);
    await fingersFit(page);
    const opened = profile.context.waitForEvent("page");
    await page.getByLabel("Registration URL of a tool").fill(link);
    await page.getByRole("button", { name: "Register" }).click();
    const registration = await opened;
    await registration.getByText("Nothing has been sent yet.").waitFor();
    await looksRight(t, registration, "register", SCREENS);
    await registration.getByRole("button", { name: "Register" }).click();
    await registration.getByRole("heading", { name: "Hello is registered" }).waitFor();
    const table = await registration.locator("pre").innerText();
    assert.match(table, /^\[platforms\.acme\]\n/);
    const [, client] = table.match(/^client_id = "(\S+)"$/m);
    await looksRight(t, registration, "registered", SCREENS);
    // The platform's frame or window closes by the tool's message.
    await registration.evaluate(() => addEventListener("message", ({ data }) => (window.received = data)));
    await registration.getByRole("button", { name: "Done" }).click();
    await registration.waitForFunction(() => window.received?.subject === "org.imsglobal.lti.close");

    await registration.goto(link);
    await registration.getByText("This link is for the platform").waitFor();
    await looksRight(t, registration, "register-visited", SCREENS);
    await page.getByRole("link", { name: "Look again" }).click();
    await page.getByText(client).first().waitFor();
    for (const summary of await page.locator("summary").all()) await summary.click();
    await looksRight(t, page, "dev-registration", SCREENS);
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
    await launch(page, "Hello", "Ada, a learner");
    await page.waitForURL(/\/dev\/launch/);
    await shows(await launched(page), "Hello, Ada Practice!");
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

/** The card of a tool at `/dev`. */
function card(page, tool) {
  return page.locator("form.card").filter({ has: page.getByRole("heading", { name: tool, exact: true }) });
}

/** Launches a tool at `/dev` as this user, with one click. */
async function launch(page, tool, person) {
  await card(page, tool).getByLabel("User").selectOption({ label: person });
  await card(page, tool).getByRole("button", { name: `Launch ${tool}`, exact: true }).click();
}

/** The same in a new window. */
async function launchInWindow(profile, page, tool, person) {
  await card(page, tool).getByLabel("User").selectOption({ label: person });
  const [window] = await Promise.all([
    profile.context.waitForEvent("page"),
    card(page, tool).getByRole("button", { name: `Launch ${tool} in a new window` }).click(),
  ]);
  await window.locator("h1").waitFor();
  return window;
}

/** Waits until the frame of a launch shows this text. Its redirects may replace the frame. */
async function shown(page, text) {
  await page.frameLocator('iframe[name="launch"]').getByText(text).first().waitFor();
}

/** Asserts that the page of picked links looks right in the frame on every screen. */
async function pickedLooksRight(t, page, name) {
  const frame = await launched(page);
  await frame.getByText("The answer").click();
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await t.screenshot(page, `${name}-${screen.width}-${colorScheme}`);
      const width = await page.locator('iframe[name="launch"]').evaluate(({ clientWidth }) => clientWidth);
      await assertLooksRight(frame, colorScheme, width);
    }
  }
}

/** Asserts that on a phone, all that a user can press is at least 44 pixels high. Links inside a
 *  sentence are exempt (WCAG 2.2, 2.5.8), and so is a box with a label of that height. */
async function fingersFit(page) {
  await page.setViewportSize(SCREENS[0]);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("a, button, summary, select, textarea, input[type=url], label.choice")]
      .filter((element) => element.checkVisibility())
      .filter((element) => element.getBoundingClientRect().height < 44)
      .filter((element) => element.tagName !== "A" || getComputedStyle(element).display !== "inline")
      .map((element) => element.outerHTML.slice(0, 100)),
  );
  assert.deepEqual(small, []);
  await page.setViewportSize(SCREENS[1]);
}

/** The frame, once something was launched into it. */
async function launched(page) {
  await page.frameLocator('iframe[name="launch"]').locator("h1").waitFor();
  return page.frame("launch");
}
