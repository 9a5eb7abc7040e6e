"use strict";
const $ = (id) => document.getElementById(id);
const root = document.documentElement.dataset;
const money = new Intl.NumberFormat("en", { style: "currency", currency: root.currency, currencyDisplay: "narrowSymbol" });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
const day = (text) => text ? text.slice(0, 10) : "never";
const REASONS = {
  expired: "expired", pending: "not usable yet", held: "all of it is held",
  not_redeemable: "points that cannot be redeemed", not_in_strategy: "not asked to pay",
  not_eligible: "for other things than these", below_minimum: "for a larger basket",
  covered: "not needed for these lines: others pay them", not_needed: "not needed: those before it were enough",
};
let state = null;
/** How often a wallet was asked for, so that a slow answer does not hide a later one. */
let asked = 0;

/** An element with a text or with children; nothing from the server is ever read as HTML. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

async function call(method, path, body, key) {
  const headers = {};
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = "Bearer " + token;
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) {
    if (answer.status === 401) { $("token-field").hidden = false; $("token").focus(); }
    throw Object.assign(new Error(json.message), { isRefused: answer.status < 500 });
  }
  return json;
}

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

function say(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

async function show(profile) {
  const turn = ++asked;
  say("");
  try {
    const at = base(profile);
    const [balances, rewards, points, holds, journal] = await Promise.all([
      call("GET", at + "/balances"), all(at + "/rewards"), all(at + "/points"), all(at + "/holds"), all(at + "/ledgers"),
    ]);
    const now = root.clock === "true" ? (await call("GET", "/test-clock")).data.now : new Date().toISOString();
    if (turn !== asked) return;
    if (!state || state.profile !== profile) plan();
    state = { profile, rewards, points, holds, journal, balances: balances.data, now: instant(now), shown: 50 };
    render();
  } catch (error) {
    if (turn !== asked) return;
    $("wallet").hidden = true;
    say(error.message);
  }
}

const instant = (text) => Date.parse(text.includes("T") ? text : text.replace(" ", "T") + "Z");

function render() {
  $("start").hidden = true;
  $("wallet").hidden = false;
  $("whose").textContent = state.profile;
  document.title = `Wallet of ${state.profile}`;
  const { reward_balance: dollars, point_balance: points } = state.balances;
  $("status").textContent = `Wallet of ${state.profile}: ${money.format(dollars)} in rewards, ${plain.format(points)} points.`;
  renderBalances();
  renderRewards();
  renderPoints();
  renderHolds();
  renderJournal();
}

function renderBalances() {
  const { balances } = state;
  const card = (name, value, more) => make("div", {}, make("dt", {}, name), make("dd", {}, value, ...(more ? [make("small", {}, more)] : [])));
  $("balances").replaceChildren(
    card("Rewards", money.format(balances.reward_balance)),
    card("Points", plain.format(balances.point_balance), `worth ${money.format(balances.point_balance_dollars)}`),
    card("Together", money.format(balances.combined_balance_dollars)),
    card("Held", money.format(balances.held_balance)),
    card("Later", money.format(balances.pending_balance)),
    ...(balances.point_debt ? [card("Points owed", plain.format(balances.point_debt))] : []),
    ...(balances.status_point_balance ? [card("Status points", plain.format(balances.status_point_balance))] : []),
  );
}

const STATUS = { exhausted: "used up", expired: "expired", pending: "not usable yet", held: "all of it is held" };

function renderRewards() {
  const end = (reward) => (reward.expires_at ? instant(reward.expires_at) : Infinity);
  const live = state.rewards.filter((reward) => reward.status === "active" || reward.status === "held");
  live.sort((one, other) => (end(one) === end(other) ? 0 : end(one) - end(other)));
  const rest = state.rewards.filter((reward) => !live.includes(reward));
  $("all-field").hidden = rest.length === 0;
  $("all-text").textContent = `show ${rest.length} that cannot be used now`;
  const note = $("rewards-note");
  if (live.length) {
    const key = (color, text) => [make("span", { class: "key", style: `background:${color}` }), text];
    const count = live.length === 1 ? "One can be used. Its" : `${live.length} can be used. A`;
    note.replaceChildren(`${count} bar ends when the reward expires, and is as full as the reward: `, ...key("var(--accent)", "left "), ...key("var(--held)", "held "), ...key("var(--accent-soft)", "used"));
  } else {
    note.replaceChildren(state.rewards.length ? "There is nothing that can be used now." : "There are no rewards.");
  }
  const shown = $("all").checked ? [...live, ...rest] : live;
  $("rewards-scroll").hidden = shown.length === 0;
  const ends = live.map(end).filter(Number.isFinite);
  const span = Math.max(7 * 864e5, ...ends.map((end) => end - state.now)) * 1.04;
  renderTicks(span);
  document.querySelector(".axis").hidden = live.length === 0;
  $("rewards").replaceChildren(...shown.map((reward) => bar(reward, span, live.includes(reward))));
}

/** The axis: a handful of dates, evenly apart. */
function renderTicks(span) {
  const count = innerWidth < 640 ? 3 : 5;
  const format = new Intl.DateTimeFormat("en", span > 400 * 864e5 ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" });
  const ticks = [];
  for (let index = 0; index < count; index++) {
    const share = index / count;
    const text = index ? format.format(new Date(state.now + span * share)) : "now";
    ticks.push(make("span", { style: `left:${share * 100}%` }, text));
  }
  $("ticks").replaceChildren(...ticks);
}

function bar(reward, span, isLive) {
  const name = reward.definition ? reward.definition.name : "Reward";
  const until = reward.expires_local_at ? `until ${reward.expires_local_at}` : "never expires";
  const of = `${money.format(reward.value_remaining)} of ${money.format(reward.value_initial)}`;
  const track = make("div", { class: "track" });
  if (isLive) {
    const share = reward.expires_at ? Math.min(1, (instant(reward.expires_at) - state.now) / span) : 1;
    const whole = Math.max(reward.value_initial, reward.value_remaining) || 1;
    const free = (reward.value_remaining - reward.value_held) / whole, held = reward.value_held / whole;
    const box = make("div", { class: reward.expires_at ? "bar" : "bar open", style: `width:${(share * 100).toFixed(2)}%` },
      make("i", { style: `width:${free * 100}%` }), make("b", { style: `left:${free * 100}%;width:${held * 100}%` }));
    track.append(box);
    track.title = `${name} ${reward.id}: ${of}, ${until} (${reward.timezone})`;
  } else {
    track.append(make("span", { class: "why" }, STATUS[reward.status] || reward.status));
  }
  const label = make("span", { class: "name" }, name);
  label.title = `${name}, ${reward.id}`;
  const last = make("span", { class: reward.expires_at ? "until" : "until never" }, day(reward.expires_local_at));
  const left = make("span", { class: "left" }, of);
  if (reward.value_held) left.append(make("small", {}, `${money.format(reward.value_held)} held`));
  return make("li", { class: isLive ? "" : "off", "data-id": reward.id }, label, last, track, left);
}

/** A table with a heading row; cells that are numbers stand to the right. */
function table(heads, rows, empty) {
  if (!rows.length) return make("p", { class: "note" }, empty);
  const cls = (head) => (head.startsWith("#") ? { class: "number" } : {});
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", ...cls(text) }, text.replace("#", ""))));
  const body = rows.map((row) => make("tr", {}, ...row.map((cell, index) => make("td", cls(heads[index]), cell))));
  const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": heads.join(" ").replaceAll("#", "") });
  scroll.append(make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  return scroll;
}

function renderPoints() {
  const rows = state.points.map((lot) => [
    lot.definition ? lot.definition.name : "Points", plain.format(lot.value_remaining), plain.format(lot.value_initial),
    day(lot.expires_local_at), lot.status === "active" ? "" : STATUS[lot.status] || lot.status,
  ]);
  $("points").replaceChildren(table(["Lot", "#Left", "#Of", "Until", ""], rows, "There are no points."));
}

function renderHolds() {
  const rows = state.holds.map((hold) => [String(hold.id), hold.status, money.format(hold.total), hold.expires_at]).reverse();
  $("holds").replaceChildren(table(["Hold", "Status", "#Amount", "Good before (UTC)"], rows, "There are no holds."));
}

function renderJournal() {
  const signed = (value, format) => (value ? (value > 0 ? "+" : "−") + format.format(Math.abs(value)) : "");
  const newest = [...state.journal].reverse();
  const hasPoints = newest.some((entry) => entry.point_value || entry.point_balance);
  const rows = newest.slice(0, state.shown).map((entry) => [
    String(entry.sequence), entry.type.replaceAll("_", " "), signed(entry.dollar_value, money), money.format(entry.dollar_balance),
    ...(hasPoints ? [signed(entry.point_value, plain), plain.format(entry.point_balance)] : []),
    entry.at, `${entry.cause.type} ${entry.cause.id}`,
  ]);
  const heads = ["#No.", "What", "#Rewards", "#Rewards after", ...(hasPoints ? ["#Points", "#Points after"] : []), "When (UTC)", "About"];
  $("journal").replaceChildren(table(heads, rows, "Nothing has happened yet."));
  if (newest.length > state.shown) {
    const more = make("button", { type: "button", id: "more" }, `Show ${Math.min(200, newest.length - state.shown)} more of ${newest.length}`);
    more.addEventListener("click", () => { state.shown += 200; renderJournal(); });
    $("journal").append(more);
  }
}

/** What the box says now; with nothing to say, it is empty. */
function plan(...children) {
  $("plan").replaceChildren(...children);
  $("commit").disabled = true;
  state && (state.order = null);
}

function order() {
  const lines = $("basket").value.split(";").map((line) => line.trim().split(/\s+/)).filter(([amount]) => amount);
  const basket = lines.map(([amount, ...tags], place) => ({ id: String(place + 1), amount, tags }));
  return { amount: $("amount").value, strategies: $("strategy").value.split(","), strict: $("strict").checked, ...(basket.length ? { lines: basket } : {}) };
}

/** The name of a lot, as the lists above have it. */
function nameOf(id, type) {
  const lot = [...state.rewards, ...state.points].find((other) => other.id === id);
  const name = lot && lot.definition ? lot.definition.name : type;
  return lot ? `${name}, ${lot.expires_local_at ? "until " + day(lot.expires_local_at) : "never expires"}` : `${name} ${id}`;
}

function items(list) {
  const hasPoints = list.some((item) => item.count);
  const hasLines = list.some((item) => item.lines);
  const lines = (item) => (item.lines || []).map((line) => `${money.format(line.amount)} of line ${line.id}`).join(", ");
  const rows = list.map((item) => [money.format(item.value), ...(hasPoints ? [item.count ? plain.format(item.count) : ""] : []), nameOf(item.id, item.type), ...(hasLines ? [lines(item)] : []), String(item.id)]);
  return table(["#Pays", ...(hasPoints ? ["#Points"] : []), "By", ...(hasLines ? ["For"] : []), "Id"], rows, "");
}

const from = (list) => ` From ${list.length === 1 ? "one lot" : `${list.length} lots`}.`;

/** Those that pay nothing, by the reason why. */
function others(unused) {
  const reasons = Object.keys(REASONS).filter((reason) => unused.some((lot) => lot.reason === reason));
  return reasons.map((reason) => {
    const lots = unused.filter((lot) => lot.reason === reason);
    const list = make("ul", {}, ...lots.map((lot) => make("li", {}, nameOf(lot.id, lot.type))));
    return make("details", lots.length <= 5 ? { open: "" } : {}, make("summary", {}, `${lots.length} ${REASONS[reason]}`), list);
  });
}

$("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("token").value) sessionStorage.setItem("token", $("token").value);
  const hash = "#" + encodeURIComponent($("profile").value);
  if (location.hash === hash) show($("profile").value); else location.hash = hash;
});

$("redeem").addEventListener("submit", async (event) => {
  event.preventDefault();
  plan();
  const wanted = order();
  try {
    const { data } = await call("POST", base(state.profile) + "/redemptions/quote", wanted);
    plan(make("p", {}, make("strong", {}, `Would pay ${money.format(data.total)}`), data.total < data.requested ? ` of the ${money.format(data.requested)} asked for.` : ".", from(data.items)), items(data.items), ...others(data.unused));
    // The same key however often the button is pressed: it is paid once.
    state.order = { wanted, quote: data, key: "page-" + crypto.getRandomValues(new Uint32Array(4)).join("-") };
    $("commit").disabled = false;
  } catch (error) {
    plan(make("p", { class: "message" }, error.message));
  }
});

$("commit").addEventListener("click", async () => {
  const { wanted, quote, key } = state.order;
  try {
    const { data } = await call("POST", base(state.profile) + "/redemptions", wanted, key);
    await show(state.profile);
    // Where it went as quoted, the others did not pay for the reasons that the quote gave.
    const paid = (list) => JSON.stringify(list.map((item) => [item.id, item.value]));
    const why = paid(data.items) === paid(quote.items) ? others(quote.unused) : [];
    plan(make("p", {}, make("strong", {}, `Paid ${money.format(data.total)}.`), ` Redemption ${data.id}.`, from(data.items)), items(data.items), ...why);
  } catch (error) {
    const message = make("p", { class: "message" }, error.message);
    if (error.isRefused) return plan(message);
    // Nobody knows whether it was done. Pressed again, it goes under the same key.
    message.append(" Press Redeem again to find out: it is paid once.");
    $("plan").replaceChildren(message);
  }
});

for (const id of ["amount", "strategy", "basket", "strict"]) $(id).addEventListener("input", () => { if (state && state.order) plan(); });
$("all").addEventListener("change", renderRewards);
addEventListener("resize", () => state && !$("wallet").hidden && renderRewards());

function start() {
  let profile = "";
  try { profile = decodeURIComponent(location.hash.slice(1)); } catch { say("That address names no profile."); }
  if (!profile) return;
  $("profile").value = profile;
  show(profile);
}
addEventListener("hashchange", start);
start();
