"use strict";
// How things are told: amounts, times, elements, tables, links. And how the server is asked.
const $ = (id) => document.getElementById(id);
const root = document.documentElement.dataset;
const money = new Intl.NumberFormat("en", { style: "currency", currency: root.currency, currencyDisplay: "narrowSymbol" });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
const signed = (value, format) => (value > 0 ? "+" : "−") + format.format(Math.abs(value));

/** An element with a text or with children; nothing from the server is ever read as HTML. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An amount or anything else that must stay on one line. */
const whole = (text) => make("span", { class: "amount" }, text);

/** A list of nodes with a text between them. */
const joined = (nodes, between) => nodes.flatMap((node, index) => (index ? [between, node] : [node]));

const instant = (text) => Date.parse(text.includes("T") ? text : text.replace(" ", "T") + "Z");

let clock = null;
function setZone(zone) {
  const fields = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  clock = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, ...fields });
}

/** A time of the server, which is in UTC, in the zone that was chosen: to the minute. */
function time(text) {
  const at = instant(text);
  return Number.isNaN(at) ? text : clock.format(at);
}
const when = (text) => whole(time(text));

/** The end of a lot: a day, if it ends with one. */
function until(text) {
  if (!text) return "never expires";
  const end = time(text);
  return end.endsWith("23:59") ? end.slice(0, 10) : end;
}

async function call(method, path, body, headers = {}) {
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = "Bearer " + token;
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const json = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    if (answer.status === 401) { $("token-field").hidden = false; $("token").focus(); }
    throw Object.assign(new Error(json.message), { isRefused: answer.status < 500, code: json.code });
  }
  return json;
}

const newKey = () => ({ "Idempotency-Key": "page-" + crypto.getRandomValues(new Uint32Array(4)).join("-") });
const base = (profile) => "/api/v3/profiles/" + encodeURIComponent(profile);

/** Every page of a list. */
async function all(path) {
  const things = [];
  for (let number = 1; ; number++) {
    const page = await call("GET", `${path}?page[size]=500&page[number]=${number}`);
    things.push(...page.data);
    if (!page.links.next) return things;
  }
}

/** A table with a heading row; in a narrow window each row is a card, with the headings beside. Heads with # are of numbers. */
function table(heads, rows, empty) {
  if (!rows.length) return make("p", { class: "note" }, empty);
  const name = (head) => head.replace("#", "");
  const of = (head) => (head.startsWith("#") ? { class: "number" } : {});
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", ...of(text) }, name(text))));
  const body = rows.map(({ id, cells }) => make("tr", id ? { id, tabindex: "-1" } : {}, ...cells.map((cell, index) => {
    const nodes = [cell].flat().filter((node) => node !== "");
    return make("td", { "data-head": name(heads[index]), ...of(heads[index]), ...(nodes.length ? {} : { "data-empty": "" }) }, make("div", {}, ...nodes));
  })));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

/** The address of a profile, or of a thing in its wallet. */
const place = (profile, type, id) => "#" + encodeURIComponent(profile) + (id ? `/${type}-${id}` : "");
const link = (text, ...to) => make("a", { href: place(...to) }, text);

/** What the server says that a change would do: the lots and balances that differ, and the rewards, before and after. */
function previewed({ before, after, lots }) {
  const rows = [];
  const add = (name, one, other, isAlways) => { if (isAlways || one !== other) rows.push({ cells: [name, one ? whole(one) : "", other ? whole(other) : ""] }); };
  for (const { before: was, after: is } of lots) {
    const name = ((is.definition || {}).name || "Reward") + (is.status === "expired" ? ", expired" : "");
    const value = (lot) => lot && (lot.source_type === undefined ? money : plain).format(lot.value_remaining);
    add(`${name}, left`, value(was), value(is));
    add(`${name}, until`, was && until(was.expires_at), until(is.expires_at));
  }
  const balances = [
    ["Points", "point_balance", plain], ["Points owed", "point_debt", plain], ["Status points", "status_point_balance", plain],
    ["Held", "held_balance", money], ["Later", "pending_balance", money], ["Rewards", "reward_balance", money],
  ];
  for (const [name, field, format] of balances) add(name, format.format(before[field]), format.format(after[field]), field === "reward_balance");
  return table(["", "#Before", "#After"], rows, "");
}

/** The form, the unit, and what it says of every balance. */
const BALANCES = {
  reward_balance: [money, "rewards"], reward_pending: [money, "rewards, later"], reward_held: [money, "rewards, held"],
  point_balance: [plain, "points"], point_pending: [plain, "points, later"], point_held: [plain, "points, held"],
  point_debt: [plain, "points owed"],
  status_point_balance: [plain, "status points"], status_point_pending: [plain, "status points, later"],
};
const card = (name, value, ...more) => make("div", {}, make("dt", {}, name), make("dd", {}, whole(value), ...more.map((text) => make("small", {}, text))));
/** What a scope says: "for shoes or boots, not for sale, from $50.00". */
function terms({ only = [], except = [], minimum_spend: least }) {
  const words = [only.length ? `for ${only.join(" or ")}` : "", except.length ? `not for ${except.join(" or ")}` : "", least ? `from ${money.format(least)}` : ""];
  return words.filter((text) => text).join(", ");
}

const REASONS = {
  expired: "expired", pending: "not usable yet", held: "held in full",
  not_redeemable: "of points that cannot be redeemed", not_in_strategy: "not asked to pay",
  not_eligible: "for other things than these", below_minimum: "for a larger basket",
  covered: "not needed for these lines: others pay them", not_needed: "not needed: those before it were enough",
};
const STATUS = { exhausted: "used up", expired: "expired", pending: "not usable yet", held: "all of it is held", active: "" };
