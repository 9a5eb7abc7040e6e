// Finding a customer, and what is shown while none is chosen.

/** How often something was asked for, so that a slow answer does not hide a later one. */
let asked = 0;

function say(text, done = "") {
  $("message").textContent = text;
  $("message").hidden = !text;
  $("done").textContent = done;
  $("done").hidden = !done;
}

/** Runs what asks the server, unless something else was asked for meanwhile. */
async function turnTo(ask) {
  const turn = ++asked;
  say("");
  try {
    canChange = (await call("GET", "/access")).data.can_change;
    $("token-field").hidden = true;
    const shown = await ask();
    if (turn === asked) shown();
  } catch (error) {
    if (turn !== asked) return;
    for (const id of ["wallet", "found", "overview"]) $(id).hidden = true;
    say(error.message);
  }
}

const now = async () => instant(root.clock === "true" ? (await call("GET", "/test-clock")).data.now : new Date().toISOString());

function show(profile, anchor) {
  return turnTo(async () => {
    const at = base(profile);
    const [balances, rewards, points, holds, journal, transactions, redemptions, instant] = await Promise.all([
      call("GET", at + "/balances"), ...["/rewards", "/points", "/holds", "/ledgers", "/transactions", "/redemptions"].map((list) => all(at + list)), now(),
    ]);
    return () => {
      if (!state || state.profile !== profile) plan();
      state = { profile, rewards, points, holds, journal, transactions, redemptions, balances: balances.data, now: instant, shown: 50 };
      if (!journal.length) return unknown(profile);
      render();
      goTo(anchor);
    };
  });
}

/** Points at one thing of the wallet, wherever it is listed. */
function goTo(anchor) {
  if (!anchor) return;
  const sale = anchor.startsWith("redemption-") && state.transactions.find((other) => `redemption-${other.redemption_id}` === anchor);
  const id = sale ? `transaction-${sale.id}` : anchor;
  if (!$(id) && !$("all-field").hidden) {
    $("all").checked = true;
    renderRewards();
  }
  if (!$(id)) return say("It is in the journal, and no longer in the lists.");
  $(id).classList.add("target");
  $(id).scrollIntoView({ block: "center" });
  $(id).focus({ preventScroll: true });
}

/** Nothing was ever done under this id: it may be a slip, and it is no customer with nothing. */
function unknown(text) {
  for (const id of ["wallet", "overview"]) $(id).hidden = true;
  $("found").hidden = false;
  $("h-found").textContent = `There is nothing with the id ${text}.`;
  $("status").textContent = $("h-found").textContent;
  document.title = "Nothing found";
  $("results").replaceChildren();
  $("issue-new").hidden = !canChange || text.length > 64;
  state = { profile: text, balances: { reward_balance: 0 }, transactions: [], redemptions: [] };
}

function search(text) {
  return turnTo(async () => {
    const { data } = await call("GET", "/search?q=" + encodeURIComponent(text));
    return () => {
      if (!data.length) return unknown(text);
      if (data.length === 1) return visit(data[0]);
      $("wallet").hidden = $("overview").hidden = $("issue-new").hidden = true;
      $("found").hidden = false;
      $("h-found").textContent = `${data.length} things have the id ${text}.`;
      $("results").replaceChildren(...data.map((one) => make("li", {}, link(`${one.type} ${one.external_id || one.id || ""} of ${one.profile_id}`, one.profile_id, one.type, one.id))));
    };
  });
}

function visit({ profile_id: profile, type, id }) {
  const hash = place(profile, type, id);
  if (location.hash === hash) start(); else location.hash = hash;
}

function overview() {
  return turnTo(async () => {
    const { data } = await call("GET", "/overview");
    return () => {
      for (const id of ["wallet", "found"]) $(id).hidden = true;
      $("overview").hidden = false;
      document.title = "Wallet";
      const { program, outstanding: { rewards, points, status_points: status }, expiring, newest } = data;
      const rate = program.exchange_rate ? `${plain.format(program.exchange_rate.points)} points are worth ${money.format(program.exchange_rate.amount)}` : "points are worth nothing";
      $("program").textContent = `${data.profiles === 1 ? "One customer" : `${plain.format(data.profiles)} customers`}. Amounts in ${program.currency}, days end in ${program.timezone}, ${rate}.`;
      const more = ({ pending, held }, format) => [...(held ? [`${format.format(held)} held`] : []), ...(pending ? [`${format.format(pending)} later`] : [])];
      const soon = (value) => [`${value} expire within ${expiring.days} days`];
      $("outstanding").replaceChildren(
        card("Rewards outstanding", money.format(rewards.available), ...more(rewards, money), ...soon(money.format(expiring.rewards))),
        card("Points outstanding", plain.format(points.available), ...more(points, plain), ...soon(plain.format(expiring.points))),
        ...(status.available ? [card("Status points", plain.format(status.available), ...more(status, plain))] : []),
        ...(data.outstanding.point_debt ? [card("Points owed", plain.format(data.outstanding.point_debt))] : []),
      );
      const rows = newest.map((entry) => ({ cells: [
        when(entry.at), DONE[entry.type] || entry.type.replaceAll("_", " "), link(entry.profile_id, entry.profile_id, "entry", entry.id),
        entry.rewards ? whole(money.format(entry.rewards)) : "", entry.points ? whole(plain.format(entry.points)) : "",
      ] }));
      $("newest").replaceChildren(table(["When", "What", "Customer", "#Rewards", "#Points"], rows, "Nothing has happened yet."));
    };
  });
}

$("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("token").value) sessionStorage.setItem("token", $("token").value);
  search($("search").value);
});

for (const zone of new Set([root.zone, "UTC"])) $("zone").append(make("option", { value: zone }, zone));
setZone(root.zone);
$("zone").addEventListener("input", () => {
  setZone($("zone").value);
  if (!$("overview").hidden) overview(); else if (!$("wallet").hidden) render();
});
$("all").addEventListener("change", renderRewards);

function start() {
  const [profile, anchor] = location.hash.slice(1).split("/");
  if (!profile) return overview();
  try {
    const name = decodeURIComponent(profile);
    $("search").value = name;
    show(name, anchor);
  } catch {
    say("That address names no customer.");
  }
}
addEventListener("hashchange", start);
start();
