// A signed LTI 1.1 launch: pairs of name and value for a form, signed as RFC 5849 says. Written from the RFC and
// not from the gateway's own signer, so that two readings of it have to agree.

import { createHmac, randomBytes } from "node:crypto";

/** The parameters of an ordinary launch, to be changed or extended. */
export const ORDINARY = {
  lti_message_type: "basic-lti-launch-request",
  lti_version: "LTI-1p0",
  resource_link_id: "block-1",
  resource_link_title: "First steps",
  user_id: "user-1",
  roles: "Learner",
  lis_person_name_full: "Ada Lovelace",
  context_id: "course-1",
  context_title: "Analytical Engines",
  launch_presentation_locale: "en",
  tool_consumer_instance_name: "Example University",
};

/** A launch, ready to be posted: its URL and the pairs of its form, in the order of `params`, then OAuth's. */
export function sign({ url, key, secret, params }) {
  const pairs = [
    ...params,
    ["oauth_consumer_key", key],
    ["oauth_nonce", randomBytes(16).toString("hex")],
    ["oauth_signature_method", "HMAC-SHA1"],
    ["oauth_timestamp", String(Math.floor(Date.now() / 1000))],
    ["oauth_version", "1.0"],
  ];
  return { url, form: [...pairs, ["oauth_signature", signature(url, pairs, secret)]] };
}

/** RFC 5849 section 3.4, HMAC-SHA1 and no token. */
function signature(url, pairs, secret) {
  const { protocol, host, pathname, searchParams } = new URL(url);
  const normalized = [...searchParams, ...pairs]
    .map(([name, value]) => [encode(name), encode(value)])
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const base = ["POST", `${protocol}//${host}${pathname}`, normalized].map(encode).join("&");
  return createHmac("sha1", `${encode(secret)}&`).update(base).digest("base64");
}

/** RFC 5849 section 3.6: everything but the unreserved characters. */
function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

function compare(one, other) {
  return one < other ? -1 : Number(one > other);
}
