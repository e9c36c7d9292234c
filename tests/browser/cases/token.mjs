// Launches by LTI 1.3 from another site: the cookie of the login, the platform's storage, and the
// new window.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";
import { link, storage, TokenPlatform } from "../token_platform.mjs";
import { cookiesOf, prefixOf, requestsOf, unexpected } from "../upstream.mjs";
import { shows } from "./launch.mjs";

const BLOCKED = "Your browser blocks cookies of this tool inside the course page.";
const LINKS = Array.from({ length: 10 }, (_, index) => `block-${index + 1}`);

/** A platform, and a gateway whose tools it launches: `hello`, and `flask` with an upstream. */
async function stage(t) {
  const platform = await TokenPlatform.start();
  t.atEnd(() => platform.stop());
  const { url } = await t.app("flask");
  const gateway = await t.gatewayWith(
    `${platform.table}
[tools.hello]
title = "Hello"
template = "hello"
platforms = "lms"

[tools.flask]
title = "Notes"
upstream = "${url}"
identity = ["name", "email"]
platforms = "lms"
`,
    {},
  );
  return { platform, gateway };
}

/** The cookies that bind logins to the browser. */
async function bindings(profile) {
  const cookies = await profile.context.cookies();
  return cookies.filter(({ name }) => /^__Host-lti-[a-z]{3}$/i.test(name));
}

/** The paths of the gateway that a profile requested, without queries. */
function pathsOf(profile, gateway) {
  const urls = profile.requests.map((request) => new URL(request.url()));
  return urls.filter(({ origin }) => origin === gateway.origin).map(({ pathname }) => pathname);
}

/** Waits for the page of a frame without cookies. */
async function isBlocked(frame) {
  await frame.getByText(BLOCKED).waitFor();
}

/** Opens the session of a blocked frame in a new window. */
async function opensInWindow(profile, frame, gateway) {
  await isBlocked(frame);
  const button = frame.getByRole("link", { name: "Open in a new window" });
  const [window] = await Promise.all([profile.context.waitForEvent("page"), button.click()]);
  await shows(window.mainFrame(), "Notes on block-1", "You are lms:user-1, Ada Lovelace, here for the 1. time.");
  assert.ok(window.url().startsWith(`${gateway.origin}${prefixOf(window.mainFrame())}/`));
  await window.reload();
  await shows(window.mainFrame(), "Notes on block-1", "here for the 2. time.");
  return window;
}

export default {
  "LTI 1.3: a launch opens a session in the platform's frame, and survives a reload": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile();
    // Canvas names a storage also for browsers that store cookies.
    const login = platform.login(gateway, "flask", {}, "_parent");
    const page = await profile.visit(platform.course([login], storage()));
    const frame = await block(page);
    await shows(frame, "Notes on block-1", "You are lms:user-1, Ada Lovelace, here for the 1. time.");
    await reload(frame);
    await shows(frame, "Notes on block-1", "here for the 2. time.");

    const [{ name, ...binding }, ...more] = await bindings(profile);
    assert.deepEqual(more, [], `one cookie beside ${name}`);
    const { path, httpOnly, secure, sameSite } = binding;
    assert.deepEqual([path, httpOnly, secure, sameSite], ["/", true, true, "None"]);
    assert.deepEqual(await page.evaluate(() => window.received), [], "the storage is not needed");
    const [asked, ...again] = platform.asked;
    assert.deepEqual(again, []);
    assert.deepEqual([asked.prompt, asked.response_mode], ["none", "form_post"]);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([platform.origin, gateway.origin]));
  },

  "LTI 1.3: a second launch of the browser asks for no other cookie": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile();
    await shows(await block(await profile.visit(platform.course([platform.login(gateway, "hello")]))), "Hello, Ada Lovelace!");
    const first = await bindings(profile);
    const before = profile.requests.length;
    const other = await profile.visit(platform.course([platform.login(gateway, "hello", { name: "Charles Babbage" })]));
    await shows(await block(other), "Hello, Charles Babbage!");
    const logins = profile.requests.slice(before).filter((request) => new URL(request.url()).pathname === "/~login");
    assert.equal(logins.length, 1, "no cookie check");
    const value = ({ name, value }) => [name, value];
    assert.deepEqual((await bindings(profile)).map(value), first.map(value));
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: ten blocks of one page log in at once on the first visit": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile();
    const logins = LINKS.map((id) => platform.login(gateway, "flask", link(id)));
    const page = await profile.visit(platform.course(logins));
    const frames = [];
    for (const id of LINKS) {
      const frame = await block(page, id);
      await shows(frame, `Notes on ${id}`, "You are lms:user-1");
      frames.push(frame);
    }
    for (const [index, frame] of frames.entries()) {
      await reload(frame);
      await shows(frame, `Notes on ${LINKS[index]}`, "here for the 2. time.");
      const requests = (await requestsOf(profile, frame)).filter(({ path }) => !path.startsWith("?lti_ticket="));
      for (const one of requests) assert.deepEqual([one.link, one.person], [LINKS[index], "lms:user-1"], one.path);
    }
    const prefixes = frames.map(prefixOf);
    assert.equal(new Set(prefixes).size, LINKS.length);
    assert.deepEqual(new Set((await cookiesOf(profile, "__Secure-lti")).map(({ path }) => path)), new Set(prefixes));
    // What a request for a session brings, in characters.
    const cookies = await profile.context.cookies();
    const size = cookies.reduce((sum, { name, value }) => sum + name.length + value.length + 3, 0);
    assert.ok(size < 10_240, `${size} characters`);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: where frames have no cookies, a button opens the session in a new window": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const page = await profile.visit(platform.course([platform.login(gateway, "flask")]));
    const frame = await block(page);
    await isBlocked(frame);
    assert.deepEqual(await profile.context.cookies(), []);
    assert.deepEqual(platform.asked, [], "the hint is still unspent");
    await opensInWindow(profile, frame, gateway);
    assert.equal(platform.asked.length, 1);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: where frames have no cookies, the course page's storage binds the login": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const login = platform.login(gateway, "hello", {}, "_parent");
    const page = await profile.visit(platform.course([login], storage()));
    await shows(await block(page), "Hello, Ada Lovelace!");
    const message = (subject) => ({ subject, origin: gateway.origin });
    assert.deepEqual(await page.evaluate(() => window.received), [message("lti.put_data"), message("lti.get_data")]);
    assert.deepEqual(await profile.context.cookies(), []);
    assert.equal(platform.asked.length, 1);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: a frame of the platform beside the block can have the storage": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const storing = platform.storageFrame(platform.page(storage()));
    const course = platform.course([], storing);
    const page = await profile.visit(course);
    const login = platform.login(gateway, "hello", {}, "post_message_forwarding");
    await addsBlock(page, login);
    await shows(await block(page), "Hello, Ada Lovelace!");
    const received = await (await block(page, "post_message_forwarding")).evaluate(() => window.received);
    assert.deepEqual(received.map(({ subject }) => subject), ["lti.put_data", "lti.get_data"]);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: with the storage, a session still opens in a new window": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const login = platform.login(gateway, "flask", {}, "_parent");
    const page = await profile.visit(platform.course([login], storage()));
    const frame = await block(page);
    // The session's own page: the storage holds no session.
    await frame.getByRole("button", { name: "Open in a new window" }).waitFor();
    const window = await profile.openWindow(frame);
    await shows(window.mainFrame(), "Notes on block-1", "You are lms:user-1, Ada Lovelace, here for the 1. time.");
    assert.equal(platform.asked.length, 1);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: a storage that does not respond leaves the button": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const login = platform.login(gateway, "flask", {}, "_parent");
    const page = await profile.visit(platform.course([login], storage("() => undefined")));
    const frame = await block(page);
    await frame.getByText("Just a moment").waitFor();
    await opensInWindow(profile, frame, gateway);
    assert.equal(platform.asked.length, 1, "the hint was unspent");
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: a storage frame that does not exist leaves the button": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const login = platform.login(gateway, "flask", {}, "post_message_forwarding");
    const page = await profile.visit(platform.course([login]));
    await opensInWindow(profile, await block(page), gateway);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: a storage that refuses leaves the button": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const refuse = `(response) => ({ ...response, error: { code: "storage_exhaustion", message: "full" } })`;
    const login = platform.login(gateway, "flask", {}, "_parent");
    const page = await profile.visit(platform.course([login], storage(refuse)));
    await opensInWindow(profile, await block(page), gateway);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "LTI 1.3: a response with another message id does not count": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const alter = `(response) => ({ ...response, message_id: response.message_id + "x" })`;
    const login = platform.login(gateway, "flask", {}, "_parent");
    const page = await profile.visit(platform.course([login], storage(alter)));
    const frame = await block(page);
    await isBlocked(frame);
    assert.deepEqual(platform.asked, []);
    await opensInWindow(profile, frame, gateway);
  },

  "LTI 1.3: a response from another origin does not count": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    // The course page does not respond. It passes the response to a frame of another origin, which
    // sends it to the block.
    const forger = platform.page(
      `<script>addEventListener("message", ({ data }) => {
        window.sent = data;
        parent.frames["block-1"].postMessage(data, "*");
      });</script>`,
      platform.otherOrigin,
    );
    const page = await profile.visit(
      platform.course(
        [],
        `<iframe name="forger" src="${forger}"></iframe>` +
          storage(`(response) => void window.frames.forger.postMessage(response, "*")`),
      ),
    );
    await addsBlock(page, platform.login(gateway, "flask", {}, "_parent"));
    const frame = await block(page);
    await isBlocked(frame);
    const sent = await (await block(page, "forger")).evaluate(() => window.sent);
    assert.equal(sent.subject, "lti.put_data.response");
    assert.deepEqual(platform.asked, [], "the login did not go on");
    await opensInWindow(profile, frame, gateway);
  },

  "LTI 1.3: a storage of another origin receives nothing": async (t) => {
    const { platform, gateway } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const storing = platform.storageFrame(platform.page(storage(), platform.otherOrigin));
    const page = await profile.visit(platform.course([], storing));
    await addsBlock(page, platform.login(gateway, "flask", {}, "post_message_forwarding"));
    const frame = await block(page);
    await isBlocked(frame);
    const received = await (await block(page, "post_message_forwarding")).evaluate(() => window.received);
    assert.deepEqual(received, []);
    assert.deepEqual(platform.asked, []);
    await opensInWindow(profile, frame, gateway);
  },

  "LTI 1.3: a login that another browser began is rejected": async (t) => {
    const { platform, gateway } = await stage(t);
    const attacker = await t.profile();
    // The attacker keeps the platform's URL, and passes it on (login CSRF).
    platform.holdsLaunches = true;
    await attacker.visit(platform.course([platform.login(gateway, "flask")]));
    const [stolen] = platform.asked.map((query) => `${platform.origin}/auth?${new URLSearchParams(query)}`);
    platform.holdsLaunches = false;
    const victim = await t.profile();
    const frame = await block(await victim.visit(platform.course([stolen])));
    await frame.getByRole("heading", { name: "The tool could not be opened" }).waitFor();
    await gateway.logged(" launch: ", `code="other-browser"`);
    assert.deepEqual(await cookiesOf(victim, "__Secure-lti"), []);
    assert.deepEqual(unexpected(victim, 401), []);
  },
};

/** Adds a block to a loaded course page. Its other frames are ready by then. */
async function addsBlock(page, login) {
  await page.evaluate((url) => {
    const frame = document.createElement("iframe");
    Object.assign(frame, { name: "block-1", src: url, width: 800, height: 600 });
    document.body.append(frame);
  }, login);
}
