// The box that quotes and redeems.

/** What the box says now; with nothing to say, it is empty. */
function plan(...children) {
  $("plan").replaceChildren(...children);
  $("commit").disabled = true;
  if (state) state.order = null;
}

function order() {
  const lines = $("basket").value.split(";").map((line) => line.trim().split(/\s+/)).filter(([amount]) => amount);
  const basket = lines.map(([amount, ...tags], place) => ({ id: String(place + 1), amount, tags }));
  return { amount: $("amount").value, strategies: $("strategy").value.split(","), strict: $("strict").checked, ...(basket.length ? { lines: basket } : {}) };
}

/** The name of a lot, as the lists above have it, and what it may be spent on. */
function nameOf(id, type) {
  const lot = [...state.rewards, ...state.points].find((other) => other.id === id);
  const name = lot && lot.definition ? lot.definition.name : type;
  const scope = lot && lot.scope ? ` (${terms(lot.scope)})` : "";
  return lot ? `${name}, ${lot.expires_at ? "until " : ""}${until(lot.expires_at)}${scope}` : `${name} ${id}`;
}

function items(list) {
  const hasPoints = list.some((item) => item.count);
  const hasLines = list.some((item) => item.lines);
  const lines = (item) => (item.lines || []).map((line) => `${money.format(line.amount)} of line ${line.id}`).join(", ");
  const rows = list.map((item) => ({ cells: [whole(money.format(item.value)), ...(hasPoints ? [item.count ? whole(plain.format(item.count)) : ""] : []), nameOf(item.id, item.type), ...(hasLines ? [lines(item)] : []), String(item.id)] }));
  return table(["#Pays", ...(hasPoints ? ["#Points"] : []), "By", ...(hasLines ? ["For"] : []), "Id"], rows, "");
}

const from = (list) => ` From ${list.length === 1 ? "one lot" : `${list.length} lots`}.`;

/** Lots, under what is so of all of them. */
function named(lots, what) {
  const list = make("ul", {}, ...lots.map((lot) => make("li", {}, nameOf(lot.id, lot.type))));
  return make("details", lots.length <= 5 ? { open: "" } : {}, make("summary", {}, `${lots.length} ${what}`), list);
}

/** Those that pay nothing, by the reason why. */
function others(unused) {
  const reasons = Object.keys(REASONS).filter((reason) => unused.some((lot) => lot.reason === reason));
  return reasons.map((reason) => named(unused.filter((lot) => lot.reason === reason), REASONS[reason]));
}

/** The rewards that could pay for something else, where there is not enough for this. */
function elsewhere(error) {
  const lots = error.code === "insufficient_value" ? state.rewards.filter((reward) => reward.status === "active" && reward.scope) : [];
  return lots.length ? [named(lots, "for certain things only")] : [];
}

$("redeem").addEventListener("submit", async (event) => {
  event.preventDefault();
  plan();
  const wanted = order();
  try {
    const at = base(state.profile) + "/redemptions";
    const { data } = await call("POST", at + "/quote", wanted);
    const dry = await call("POST", at + "?dry_run=true", wanted);
    plan(make("p", {}, make("strong", {}, `Would pay ${money.format(data.total)}`), data.total < data.requested ? ` of the ${money.format(data.requested)} asked for.` : ".", from(data.items)), items(data.items), previewed({ ...dry.data, lots: [] }), ...others(data.unused));
    // The same key however often the button is pressed: it is paid once.
    state.order = { wanted, quote: data, key: newKey() };
    $("commit").disabled = false;
  } catch (error) {
    plan(make("p", { class: "message" }, error.message), ...elsewhere(error));
  }
});

$("commit").addEventListener("click", async () => {
  const { wanted, quote, key } = state.order;
  try {
    const { data } = await call("POST", base(state.profile) + "/redemptions", wanted, { ...key });
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
