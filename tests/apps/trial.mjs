// A browser with an app in the frame of a course page.

import { block } from "../browser/chromium.mjs";

export class Trial {
  /** Responses with an error status, and requests without a response. */
  bad = [];
  failed = false;

  constructor({ one, profile, name, app, config, origin }) {
    Object.assign(this, { one, profile, tool: name, config, origin });
    const path = (request) => new URL(request.url()).pathname.replace(/~[\w-]{16}/, "~…").slice(0, 80);
    profile.context.on("response", (response) => {
      const request = response.request();
      if (response.status() < 400 || request.url().endsWith("/favicon.ico")) return;
      // Browsers request a web manifest without cookies, also in a window of its own.
      if (request.resourceType() === "manifest") return;
      if (app.missing?.test(new URL(request.url()).pathname)) return;
      this.bad.push({ status: response.status(), method: request.method(), path: path(request) });
    });
    profile.context.on("requestfailed", (request) => {
      const { errorText = "" } = request.failure() ?? {};
      // A page that goes away, and hosts of the internet.
      if (/ERR_ABORTED|NAME_NOT_RESOLVED|BLOCKED_BY/.test(errorText)) return;
      this.bad.push({ status: errorText, method: request.method(), path: path(request) });
    });
  }

  /** Launches into a new course page. */
  async launch(changes) {
    const path = this.config.tool?.path ?? (this.config.host ? "/" : `/lti/${this.tool}`);
    const launch = this.one.launch(this.tool, changes, { gateway: { origin: this.origin }, path });
    this.page = await this.profile.visit(this.one.platform.course(launch));
    this.frame = await block(this.page);
    if (this.config.tool?.open !== "window") return;
    await this.frame.getByRole("button").waitFor();
    this.page = await this.profile.openWindow(this.frame);
    this.frame = this.page.mainFrame();
  }
}
