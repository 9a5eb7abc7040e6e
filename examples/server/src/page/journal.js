// The journal, told so that each row answers what moved, by what, and why.

/** What an entry is about: the order if there is one, or else the thing itself. */
function about(entry) {
  const { type, id } = entry.cause;
  const made = type === "redemption" && state.redemptions.find((other) => other.id === id);
  const order = type === "transaction" ? id : made && made.transaction_id;
  const sale = order && state.transactions.find((other) => other.id === order);
  if (sale) return [link(sale.external_id || `purchase ${sale.id}`, state.profile, "transaction", sale.id)];
  if (type === "redemption") return [link(`redemption ${id}`, state.profile, "redemption", id)];
  if (type === "hold") return [link(`hold ${id}`, state.profile, "hold", id)];
  return type === "reward" || type === "point" ? [] : [`${type} ${id}`];
}

const DONE = {
  issue: "issued", mature: "became usable", expire: "expired", redeem: "redeemed", hold: "held", capture: "hold captured",
  release: "hold released", lapse: "hold lapsed", return: "given back", reversal: "reversed", extend: "extended",
  reassign_out: "went to another customer", reassign_in: "came from another customer",
  transfer_out: "sent to another customer", transfer_in: "received from another customer", revoke: "taken back", adjust: "corrected",
  earn: "earned", clawback: "clawed back", transaction: "purchase",
};

function renderJournal() {
  const newest = [...state.journal].reverse();
  const hasPoints = newest.some((entry) => entry.point_value || entry.point_balance);
  const rows = newest.slice(0, state.shown).map((entry) => {
    const lots = entry.lots.map((lot) => {
      const format = lot.type === "reward" ? money : plain;
      const unit = lot.type === "reward" ? "" : " points";
      return make("span", {}, link(lot.name || lot.type, state.profile, lot.type, lot.id), " ", whole(format.format(lot.value) + unit));
    });
    const reason = entry.reason ? [make("q", {}, entry.reason)] : [];
    const told = [...about(entry), ...joined(lots, ", "), ...reason].filter((node) => node !== "");
    const parts = [...about(entry).map((node) => [node]), ...(lots.length ? [joined(lots, ", ")] : []), ...(reason.length ? [reason] : [])];
    const moved = Object.entries(entry.changes).map(([name, value]) => {
      const [format, unit] = BALANCES[name];
      return make("span", { class: "line" }, whole(signed(value, format)), ` ${unit}`);
    });
    return { id: `entry-${entry.id}`, cells: [
      when(entry.at), [make("strong", {}, DONE[entry.type] || entry.type.replaceAll("_", " ")), ...(told.length ? [" "] : []), ...joined(parts.map((part) => make("span", {}, ...part)), " · ")],
      moved, whole(money.format(entry.dollar_balance)), ...(hasPoints ? [whole(plain.format(entry.point_balance))] : []),
    ] };
  });
  const heads = ["When", "What", "Moved", "#Rewards after", ...(hasPoints ? ["#Points after"] : [])];
  $("journal").replaceChildren(table(heads, rows, "Nothing has happened yet."));
  if (newest.length > state.shown) {
    const more = make("button", { type: "button", id: "more" }, `Show ${Math.min(200, newest.length - state.shown)} more of ${newest.length}`);
    more.addEventListener("click", () => { state.shown += 200; renderJournal(); });
    $("journal").append(more);
  }
}
