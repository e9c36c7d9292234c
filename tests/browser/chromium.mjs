// Chromium with a profile of its own, which allows or blocks third-party cookies, and what it asks for and says.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { Folder } from "./folder.mjs";

const START_MS = 60_000;
const ACTION_MS = 15_000;

/** How Chromium's settings treat third-party cookies (`profile.cookie_controls_mode`). */
export const COOKIES = { allowed: 0, blocked: 1 };

// A person's own setting for one site inside another. Unlike the block of all third-party cookies, it refuses
// partitioned ones, too, as older Safaris do; in a window of its own the site keeps its cookies.
const NO_COOKIES_IN_FRAMES = { "127.0.0.1,localhost": { setting: 2 } };

// Playwright turns these features off, and one more: ThirdPartyStoragePartitioning. Everybody's Chromium has it,
// so ours has too; of two lists Chromium takes the last.
const FEATURES_OFF = [
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "OptimizationHints",
  "NetworkTimeServiceQuerying",
  "AimEnabled",
  "PreconnectToSearch",
];

export class Profile {
  #folder = new Folder();
  /** Every request, as Playwright reports it. */
  requests = [];
  /** What the consoles said of errors, and every dialog. */
  complaints = [];
  /** Every WebSocket, as Playwright reports it. */
  sockets = [];

  /** With third-party cookies allowed or blocked; or even partitioned ones `refused` in the platform's frames. */
  static async open(cookies, { refused = false, deviceScaleFactor = 1 } = {}) {
    const profile = new Profile();
    const folder = profile.#folder.path;
    const exceptions = { cookies: refused ? NO_COOKIES_IN_FRAMES : {} };
    const preferences = { profile: { cookie_controls_mode: COOKIES[cookies], content_settings: { exceptions } } };
    await mkdir(join(folder, "Default"));
    await writeFile(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
    try {
      profile.context = await chromium.launchPersistentContext(folder, {
        executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
        headless: true,
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
        timeout: START_MS,
        colorScheme: "light",
        viewport: { width: 1280, height: 900 },
        deviceScaleFactor,
        args: [
          "--no-sandbox",
          `--disable-features=${FEATURES_OFF.join(",")}`,
          // Nothing but this machine exists, neither for pages nor for Chromium itself.
          "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
        ],
      });
    } catch (error) {
      await profile.close();
      throw error;
    }
    profile.context.setDefaultTimeout(ACTION_MS);
    profile.#watch();
    return profile;
  }

  /** The page that Chromium started with, at this address. */
  async visit(url) {
    const [page] = this.context.pages();
    await page.goto(url);
    return page;
  }

  /** The page that a click on the only button of a page or frame opens in a new window. */
  async openWindow(page) {
    const [window] = await Promise.all([this.context.waitForEvent("page"), page.getByRole("button").click()]);
    return window;
  }

  /** Another tab at this address. */
  async tab(url) {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  /** The hosts that were asked for anything. */
  hosts() {
    const urls = this.requests.map((request) => new URL(request.url()));
    return new Set(urls.filter((url) => url.protocol !== "data:").map((url) => url.origin));
  }

  async close() {
    await this.context?.close();
    this.#folder.remove();
  }

  #watch() {
    this.context.on("request", (request) => this.requests.push(request));
    const watchSockets = (page) => page.on("websocket", (socket) => this.sockets.push(socket));
    this.context.pages().forEach(watchSockets);
    this.context.on("page", watchSockets);
    this.context.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    this.context.on("weberror", (error) => this.complaints.push(`error: ${error.error()}`));
    this.context.on("dialog", async (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
  }
}

/** The frame of a course page with this name. */
export async function block(page, name = "block-1") {
  const element = await page.locator(`iframe[name="${name}"]`).elementHandle();
  return element.contentFrame();
}

/** Reloads what a frame shows, and returns the answer to that. The document is another one afterwards. */
export async function reload(frame) {
  const isAnswer = (response) => response.frame() === frame && response.request().isNavigationRequest();
  await frame.evaluate(() => (window.beforeReload = true));
  const [response] = await Promise.all([
    frame.page().waitForResponse(isAnswer),
    frame.evaluate(() => void setTimeout(() => location.reload())),
  ]);
  // Asked by the clock: a frame that is out of sight has no animation frames, by which Playwright would ask.
  const isNew = () => window.beforeReload === undefined && document.readyState === "complete";
  await frame.waitForFunction(isNew, undefined, { polling: 50 });
  return response;
}
