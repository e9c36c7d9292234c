// The table of the results, in Markdown.

const COLUMNS = ["default", "one line", "host", "command", "open = window"];
/** The checks without which nothing else works. */
const BASIC = ["start", "page"];

/** A row for each app: what works with third-party cookies allowed, what works in a window with
 *  these cookies blocked, and which checks fail in the frame only if they are blocked. */
export function table(results) {
  const used = COLUMNS.filter((column) => Object.values(results).flat().some((one) => one.column === column));
  const rows = Object.values(results).map((outcomes) => {
    const cells = used.map((column) => outcomes.filter((one) => one.column === column).map(cell).join("<br>"));
    return [outcomes[0].title, ...cells, onlyBlocked(outcomes)];
  });
  const titles = ["app", ...used, "fails if third-party cookies are blocked"];
  const lines = [titles, titles.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cell({ label, cookies }) {
  const text = said(failures(cookies.allowed ?? cookies.blocked));
  return label ? `${label}: ${text}` : text;
}

function said(failed) {
  if (failed.length === 0) return "works";
  return failed.some((check) => BASIC.includes(check)) ? "fails" : `all but ${failed.join(", ")}`;
}

/** The checks that fail in some configuration only if third-party cookies are blocked. */
function onlyBlocked(outcomes) {
  const both = outcomes.filter(({ cookies }) => cookies.allowed && cookies.blocked);
  const more = both.flatMap(({ cookies }) => {
    const known = failures(cookies.allowed);
    return failures(cookies.blocked).filter((check) => !known.includes(check));
  });
  return more.length === 0 ? "nothing" : [...new Set(more)].join(", ");
}

function failures(outcome) {
  return Object.entries(outcome).flatMap(([check, reason]) => (reason === "" ? [] : [check]));
}
