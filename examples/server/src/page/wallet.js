// A wallet: the balances, the rewards along a time line, purchases, points, holds.
let state = null;
let canChange = false;

function render() {
  for (const id of ["found", "overview"]) $(id).hidden = true;
  $("wallet").hidden = false;
  $("whose").textContent = state.profile;
  document.title = `Wallet of ${state.profile}`;
  const { reward_balance: dollars, point_balance: points } = state.balances;
  $("status").textContent = `Wallet of ${state.profile}: ${money.format(dollars)} in rewards, ${plain.format(points)} points.`;
  $("access").textContent = canChange ? "" : "This token only reads: nothing can be changed here.";
  $("issue").hidden = !canChange;
  $("commit").hidden = !canChange;
  renderBalances();
  renderRewards();
  renderPurchases();
  renderPoints();
  renderHolds();
  renderJournal();
}

function renderBalances() {
  const { balances } = state;
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

const end = (lot) => (lot.expires_at ? instant(lot.expires_at) : Infinity);

function renderRewards() {
  const of = (status) => state.rewards.filter((reward) => reward.status === status);
  const usable = of("active"), held = of("held"), later = of("pending");
  const live = [...usable, ...held, ...later].sort((one, other) => (end(one) === end(other) ? 0 : end(one) - end(other)));
  const rest = state.rewards.filter((reward) => !live.includes(reward));
  $("all-field").hidden = rest.length === 0;
  $("all-text").textContent = `show ${rest.length} that ${rest.length === 1 ? "is" : "are"} used up or expired`;
  const key = (color, text) => [make("span", { class: "key", style: `background:${color}` }), text];
  const counts = [usable.length ? `${usable.length} can be used` : "None can be used now", ...(held.length ? [`${held.length} held in full`] : []), ...(later.length ? [`${later.length} from a later day`] : [])];
  $("rewards-note").replaceChildren(...(state.rewards.length
    ? [counts.join(", "), ". A bar ends when the reward expires, and is as full as the reward: ", ...key("var(--accent)", "left "), ...key("var(--held)", "held "), ...key("var(--accent-soft)", "used")]
    : ["There are no rewards."]));
  const shown = $("all").checked ? [...live, ...rest] : live;
  $("timeline").hidden = shown.length === 0;
  const ends = live.map(end).filter(Number.isFinite);
  const scale = scaleTo(Math.max(0, ...ends.map((end) => end - state.now)));
  renderTicks(scale);
  document.querySelector(".axis").hidden = live.length === 0;
  $("rewards").replaceChildren(...shown.map((reward) => bar(reward, scale, live.includes(reward))));
}

const DAY = 864e5;
const STEPS = [
  [0, "now", "now"], [7, "1 week", "1 w"], [30, "1 month", "1 m"], [90, "3 months", "3 m"], [365, "1 year", "1 y"],
  [1096, "3 years", "3 y"], [3653, "10 years", "10 y"], [36525, "100 years", "100 y"], [4e6, "ever", "ever"],
];

/** The scale in steps: the same width for the first week and for the third year, so that both can be read. */
function scaleTo(longest) {
  const enough = STEPS.findIndex(([days]) => days * DAY >= longest);
  return STEPS.slice(0, Math.max(3, (enough < 0 ? STEPS.length - 1 : enough) + 1));
}

/** Where an instant is on the scale, from 0 to 1. */
function share(scale, at) {
  const days = Math.max(0, (at - state.now) / DAY);
  const step = scale.findIndex(([from], index) => index === scale.length - 1 || days < scale[index + 1][0]);
  if (step === scale.length - 1) return 1;
  return (step + (days - scale[step][0]) / (scale[step + 1][0] - scale[step][0])) / (scale.length - 1);
}

function renderTicks(scale) {
  const last = scale.length - 1;
  $("ticks").replaceChildren(...scale.slice(0, last).map(([, text, short], index) =>
    make("span", { style: `left:${(100 * index) / last}%` }, make("span", { class: "wide" }, text), make("span", { class: "slim" }, short))));
}

function bar(reward, scale, isLive) {
  const name = reward.definition ? reward.definition.name : "Reward";
  const of = [whole(money.format(reward.value_remaining)), " of ", whole(money.format(reward.value_initial))];
  const track = make("div", { class: "track" });
  if (isLive) {
    const from = reward.status === "pending" ? share(scale, instant(reward.available_at)) : 0;
    const to = reward.expires_at ? share(scale, end(reward)) : 1;
    const all = Math.max(reward.value_initial, reward.value_remaining) || 1;
    const free = (reward.value_remaining - reward.value_held) / all, held = reward.value_held / all;
    const place = `left:${(from * 100).toFixed(2)}%;width:${((to - from) * 100).toFixed(2)}%`;
    track.append(make("div", { class: reward.expires_at ? "bar" : "bar open", style: place },
      make("i", { style: `width:${free * 100}%` }), make("b", { style: `left:${free * 100}%;width:${held * 100}%` })));
  } else {
    track.append(make("span", { class: "why" }, STATUS[reward.status] || reward.status));
  }
  const label = make("span", { class: "name" }, name);
  const last = make("span", { class: "until" }, whole(until(reward.expires_at)));
  const left = make("span", { class: "left" }, ...of);
  if (reward.value_held) left.append(make("small", {}, reward.status === "held" ? "all of it is held" : `${money.format(reward.value_held)} held`));
  if (reward.status === "pending") last.append(make("small", {}, "from ", whole(until(reward.available_at))));
  if (canChange && reward.status !== "exhausted") {
    const change = make("button", { type: "button", class: "small", "aria-label": `Change ${name}, ${reward.id}` }, "Change…");
    change.addEventListener("click", () => changeReward(reward));
    label.append(" ", change);
  }
  return make("li", { class: isLive ? "" : "off", id: `reward-${reward.id}`, tabindex: "-1", "data-id": reward.id }, label, last, track, left);
}

/** The rewards and points of a redemption, by name. */
function payers(items) {
  return joined(items.map((item) => {
    const lot = item.type_attributes;
    const name = lot && lot.definition ? lot.definition.name : item.type;
    const points = item.count ? ` (${plain.format(item.count)} points)` : "";
    return make("span", {}, whole(money.format(item.value)), " ", link(name, state.profile, item.type, item.id), points);
  }), ", ");
}

function renderPurchases() {
  const linked = new Set(state.transactions.map((sale) => sale.redemption_id));
  const rows = [
    ...state.transactions.map((sale) => ({ at: sale.transacted_at, sale, redemption: sale.redemption })),
    ...state.redemptions.filter((made) => !linked.has(made.id)).map((made) => ({ at: made.created_at, redemption: made })),
  ].sort((one, other) => instant(other.at) - instant(one.at));
  const cells = ({ at, sale, redemption }) => {
    const order = sale ? sale.external_id || `without a number (${sale.id})` : `redemption ${redemption.id}, without a purchase`;
    const back = [
      ...(sale && sale.total_returned ? [make("span", {}, whole(money.format(sale.total_returned)), " of the purchase")] : []),
      ...(redemption && redemption.returned ? [make("span", {}, whole(money.format(redemption.returned)), redemption.is_reversed ? " reversed" : " to rewards and points")] : []),
    ];
    const total = sale ? [whole(money.format(sale.total)), ...(sale.total_original === sale.total ? [] : [make("small", {}, whole(`of ${money.format(sale.total_original)}`))])] : "";
    const paid = redemption ? [make("strong", {}, whole(money.format(redemption.total)), ": "), ...payers(redemption.items)] : "";
    const left = redemption && !redemption.is_reversed ? redemption.total - redemption.returned : 0;
    const give = make("button", { type: "button", class: "small", "aria-label": `Return what ${order} was paid with` }, "Return…");
    give.addEventListener("click", () => returnRedemption(order, redemption));
    return [
      [make("span", { class: "id" }, order), ...(sale && sale.is_void ? [make("small", {}, "void")] : []), ...(canChange && left > 0 ? [" ", give] : [])],
      when(at), total, paid, sale && sale.points_earned ? whole(`${plain.format(sale.points_earned)} points`) : "", joined(back, ", "),
    ];
  };
  const found = rows.map((row) => ({ id: row.sale ? `transaction-${row.sale.id}` : `redemption-${row.redemption.id}`, cells: cells(row) }));
  $("purchases").replaceChildren(table(["Order", "When", "#Total", "Paid with", "#Earned", "Returned"], found, "There are no purchases."));
}

/** When a lot of points ends; of one that lapses before its own end, unless there is activity before. */
function ending(lot) {
  const canLapse = lot.is_kept_by_activity && lot.status === "active";
  return canLapse ? make("span", {}, whole(until(lot.expires_at)), make("small", {}, " unless active before")) : whole(until(lot.expires_at));
}

function renderPoints() {
  const rows = state.points.map((lot) => ({ id: `point-${lot.id}`, cells: [
    lot.definition ? lot.definition.name : "Points", whole(plain.format(lot.value_remaining)), whole(plain.format(lot.value_initial)),
    ending(lot), lot.status === "pending" ? `from ${until(lot.available_at)}` : STATUS[lot.status] ?? lot.status,
  ] }));
  $("points").replaceChildren(table(["Kind", "#Left", "#Of", "Until", "Status"], rows, "There are no points."));
}

function renderHolds() {
  const rows = state.holds.map((hold) => ({ id: `hold-${hold.id}`, cells: [
    String(hold.id), hold.status, whole(money.format(hold.total)), payers(hold.items), when(hold.expires_at),
  ] })).reverse();
  $("holds").replaceChildren(table(["Hold", "Status", "#Amount", "From", "Good before"], rows, "There are no holds."));
}
