// Chromium with its own profile. It allows or blocks third-party cookies, and records requests and
// errors.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { TemporaryDirectory } from "./directory.mjs";

const START_MS = 60_000;
const ACTION_MS = 15_000;

/** How Chromium's settings treat third-party cookies (`profile.cookie_controls_mode`). */
export const COOKIES = { allowed: 0, blocked: 1 };

// A user's setting for one site inside another. Unlike the block of all third-party cookies, it
// also blocks partitioned ones, as older Safaris do. In its own window, the site keeps its cookies.
const NO_COOKIES_IN_FRAMES = { "127.0.0.1,localhost": { setting: 2 } };

// Playwright turns these features off, and ThirdPartyStoragePartitioning. A user's Chromium has the
// latter, so this list omits it. Chromium uses the last of several lists.
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
  #directory = new TemporaryDirectory();
  /** Every request, as Playwright reports it. */
  requests = [];
  /** Errors and warnings of the consoles, and every dialog. */
  consoleErrors = [];
  /** Every WebSocket, as Playwright reports it. */
  sockets = [];

  /** Allows or blocks third-party cookies. `noFrameCookies` also blocks partitioned ones.
   *  `ignoreHTTPSErrors` accepts the certificate of `Front`. */
  static async open(cookies, settings = {}) {
    const { noFrameCookies = false, deviceScaleFactor = 1, javaScriptEnabled = true } = settings;
    const { ignoreHTTPSErrors = false } = settings;
    const profile = new Profile();
    const directory = profile.#directory.path;
    const exceptions = { cookies: noFrameCookies ? NO_COOKIES_IN_FRAMES : {} };
    const preferences = {
      profile: { cookie_controls_mode: COOKIES[cookies], content_settings: { exceptions } },
    };
    await mkdir(join(directory, "Default"));
    await writeFile(join(directory, "Default", "Preferences"), JSON.stringify(preferences));
    try {
      profile.context = await chromium.launchPersistentContext(directory, {
        executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
        headless: true,
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
        timeout: START_MS,
        colorScheme: "light",
        viewport: { width: 1280, height: 900 },
        deviceScaleFactor,
        javaScriptEnabled,
        ignoreHTTPSErrors,
        args: [
          "--no-sandbox",
          // Playwright's own option does not reach downloads.
          ...(ignoreHTTPSErrors ? ["--ignore-certificate-errors"] : []),
          `--disable-features=${FEATURES_OFF.join(",")}`,
          // No host but this machine exists, for pages and for Chromium itself.
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

  /** Opens a URL in the first page of the profile. */
  async visit(url) {
    const [page] = this.context.pages();
    await page.goto(url);
    return page;
  }

  /** Clicks the only button of a page or frame. Returns the new window. */
  async openWindow(page) {
    const [window] = await Promise.all([
      this.context.waitForEvent("page"),
      page.getByRole("button").click(),
    ]);
    return window;
  }

  /** Opens a URL in another tab. */
  async tab(url) {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  /** The origins of all requests. */
  hosts() {
    const urls = this.requests.map((request) => new URL(request.url()));
    return new Set(urls.filter((url) => url.protocol !== "data:").map((url) => url.origin));
  }

  async close() {
    await this.context?.close();
    this.#directory.remove();
  }

  #watch() {
    this.context.on("request", (request) => this.requests.push(request));
    const watchSockets = (page) => page.on("websocket", (socket) => this.sockets.push(socket));
    this.context.pages().forEach(watchSockets);
    this.context.on("page", watchSockets);
    this.context.on("console", (message) => {
      if (["error", "warning"].includes(message.type()))
        this.consoleErrors.push(`${message.type()}: ${message.text()}`);
    });
    this.context.on("weberror", (error) => this.consoleErrors.push(`error: ${error.error()}`));
    this.context.on("dialog", async (dialog) => {
      this.consoleErrors.push(`dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
  }
}

/** The frame of a course page with this name. */
export async function block(page, name = "block-1") {
  const element = await page.locator(`iframe[name="${name}"]`).elementHandle();
  return element.contentFrame();
}

/** Reloads a frame. Returns the response after the new document is complete. */
export async function reload(frame) {
  const isReload = (response) =>
    response.frame() === frame && response.request().isNavigationRequest();
  await frame.evaluate(() => (window.beforeReload = true));
  const [response] = await Promise.all([
    frame.page().waitForResponse(isReload),
    frame.evaluate(() => void setTimeout(() => location.reload())),
  ]);
  // Polls by time: an invisible frame has no animation frames, which Playwright polls by default.
  const isNew = () => window.beforeReload === undefined && document.readyState === "complete";
  await frame.waitForFunction(isNew, undefined, { polling: 50 });
  return response;
}
