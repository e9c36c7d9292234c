// A session as the browser and the Flask app see it.

import assert from "node:assert/strict";

/** The prefix of the session whose page a frame shows: `/lti/<tool>/~<id>`. */
export function prefixOf(frame) {
  const { pathname } = new URL(frame.url());
  const [prefix] = pathname.match(/^\/lti\/[a-z]+\/~[\w-]{16}(?=\/)/) ?? [];
  assert.ok(prefix, `${frame.url()} is below no session`);
  return prefix;
}

/** The requests of a frame below its session's prefix: method, path below the prefix, status, and
 *  the resource link and user that the Flask app verified. */
export async function requestsOf(profile, frame) {
  const prefix = prefixOf(frame);
  const origin = new URL(frame.url()).origin;
  const isOwn = (request) =>
    request.frame() === frame && request.url().startsWith(`${origin}${prefix}`);
  return Promise.all(
    profile.requests.filter(isOwn).map(async (request) => {
      const response = await request.response();
      const { "x-seen-link": link, "x-seen-person": person } = response.headers();
      const path = request.url().slice(origin.length + prefix.length);
      return { method: request.method(), path, status: response.status(), link, person };
    }),
  );
}

/** The requests at the Flask app through this gateway: raw URL and headers. */
export async function arrivedAt(app, gateway) {
  const all = await (await fetch(`${app.url}/arrived`)).json();
  const { host } = new URL(gateway.origin);
  const inLowerCase = (headers) => headers.map(([name, value]) => [name.toLowerCase(), value]);
  return all
    .map(({ url, headers }) => ({ url, headers: Object.fromEntries(inLowerCase(headers)) }))
    .filter(({ headers }) => headers["x-forwarded-host"] === host);
}

/** The cookies of this name in the profile, without their values. */
export async function cookiesOf(profile, name) {
  const all = await profile.context.cookies();
  return all
    .filter((cookie) => cookie.name === name)
    .map(({ path, httpOnly, secure, sameSite, partitionKey }) => ({
      path,
      httpOnly,
      secure,
      sameSite,
      partitionKey,
    }));
}

/** Console errors, without Chromium's messages about responses with one of these statuses. */
export function unexpected(profile, ...statuses) {
  const isExpected = (error) =>
    statuses.some((status) => error.includes(`responded with a status of ${status} `));
  return profile.consoleErrors.filter((error) => !isExpected(error));
}
