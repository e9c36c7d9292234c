// A single-page app with a router over the History API.
import "./style.css";
import picture from "./picture.svg?no-inline";

const base = import.meta.env.BASE_URL;

function show() {
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : location.pathname;
  document.querySelector("#page").textContent = { "": "This is the front page", second: "This is second" }[path] ?? `404: no page ${path}`;
}
document.querySelector("nav").innerHTML = `<img alt="" src="${picture}"><a href="${base}second">Second page</a>
  <a href="${base}picture.txt" download>Download</a> <a href="${base}second" target="_blank">New window</a>`;
document.querySelector("a").onclick = (event) => {
  event.preventDefault();
  history.pushState(null, "", event.target.href);
  show();
};
addEventListener("popstate", show);
show();
