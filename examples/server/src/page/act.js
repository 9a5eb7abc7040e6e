// What an agent does: issue, extend, take back, transfer, return. First what it would come to, then the confirmation.
let action = null;

const field = (id, label, attributes) => make("label", {}, label + " ", make("input", { id, required: "", autocomplete: "off", ...attributes }));
const AMOUNT = { inputmode: "decimal", pattern: "[0-9]+([.][0-9]+)?", title: "Digits, and a point before the decimals" };

/** Opens the box. `prepare` answers with what is to be sent and with the rows of before and after. */
function ask(title, fields, prepare) {
  action = { prepare, ready: null };
  $("h-act").textContent = title;
  $("act-fields").replaceChildren(...fields);
  $("act-reason").value = "";
  $("act-plan").replaceChildren();
  $("act-confirm").disabled = true;
  if (!$("act").open) $("act").showModal();
}

const rewardsAfter = (change) => ["Rewards", whole(money.format(state.balances.reward_balance)), whole(money.format(state.balances.reward_balance + change))];

async function issueReward(profile) {
  const catalogue = await all("/api/v3/reward-definitions");
  const choice = make("select", { id: "act-definition" }, ...catalogue.map((one) => make("option", { value: one.id }, one.name)));
  const value = field("act-value", "Value", AMOUNT);
  const chosen = () => catalogue.find((one) => String(one.id) === choice.value);
  const suggest = () => { if (chosen()) value.lastChild.value = chosen().value; };
  choice.addEventListener("input", suggest);
  suggest();
  ask(`Issue a reward to ${profile}`, [make("label", {}, "Reward ", choice), value], (reason) => ({
    send: ["POST", "/api/v3/rewards", { profile_id: profile, reward_definition_id: Number(choice.value), value_initial: $("act-value").value, meta: { reason } }],
    rows: [rewardsAfter(Number($("act-value").value))],
    done: `Issued ${money.format($("act-value").value)}: ${chosen().name}.`,
  }));
}

function changeReward(reward) {
  const name = reward.definition ? reward.definition.name : "Reward";
  const free = reward.value_remaining - reward.value_held;
  const definition = reward.definition || {};
  const isLive = ["active", "held", "pending"].includes(reward.status);
  const usable = reward.status === "active" ? free : 0;
  const kinds = {
    extend: ["Extend", isLive && definition.is_extendable !== false && reward.expires_at],
    revoke: ["Take back", true],
    transfer: ["Transfer", usable > 0 && definition.is_reassignable !== false],
  };
  const choice = make("select", { id: "act-kind" }, ...Object.entries(kinds).filter(([, [, can]]) => can).map(([kind, [text]]) => make("option", { value: kind }, text)));
  const more = make("div", {});
  const fields = () => {
    const kind = choice.value;
    more.replaceChildren(...({
      extend: [field("act-until", "Until the end of", { type: "date" })],
      transfer: [field("act-to", "To customer", { maxlength: "64" }), field("act-value", "Value", { ...AMOUNT, value: free })],
    }[kind] || []));
  };
  const prepare = {
    extend: (reason) => ({
      send: ["PUT", `/api/v3/rewards/${reward.id}`, { version: reward.version, expires_at: $("act-until").value, reason }],
      rows: [["Until", until(reward.expires_at), $("act-until").value], rewardsAfter(0)],
      done: `Extended ${name} until ${$("act-until").value}.`,
    }),
    revoke: (reason) => ({
      send: ["DELETE", `/api/v3/rewards/${reward.id}`, { reason }, { "If-Match": `"${reward.version}"` }],
      rows: [rewardsAfter(-usable)],
      done: `Took back ${name}, ${money.format(free)}.`,
    }),
    transfer: (reason) => ({
      send: ["POST", base(state.profile) + "/transfers", { profile_id: $("act-to").value, type: "reward", value: $("act-value").value, ids: [reward.id], meta: { reason } }],
      rows: [rewardsAfter(-Number($("act-value").value))],
      done: `${money.format($("act-value").value)} of ${name} went to ${$("act-to").value}.`,
    }),
  };
  ask(`Change ${name}, ${money.format(reward.value_remaining)}`, [make("label", {}, "What ", choice), more], (reason) => prepare[choice.value](reason));
  choice.addEventListener("input", fields);
  fields();
}

function returnRedemption(order, redemption) {
  const left = Math.round((redemption.total - redemption.returned) * 1e4) / 1e4;
  const amount = field("act-amount", "Amount", AMOUNT);
  amount.lastChild.value = left;
  ask(`Return what ${order} was paid with`, [amount, make("p", { class: "note" }, "It goes back to the rewards and points that paid, or to new ones where those have expired.")], (reason) => {
    const back = Number($("act-amount").value);
    const together = state.balances.combined_balance_dollars;
    return {
      send: ["POST", `/api/v3/redemptions/${redemption.id}/return`, { amount: $("act-amount").value, strict: true, meta: { reason } }],
      rows: [
        ["Given back", whole(money.format(redemption.returned)), whole(money.format(redemption.returned + back))],
        ["Rewards and points", whole(money.format(together)), whole(money.format(together + back))],
      ],
      done: `Gave back ${money.format(back)}.`,
    };
  });
}

$("act-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const ready = action.prepare($("act-reason").value);
  // The same key however often the button is pressed: it is done once.
  action.ready = { ...ready, key: ready.send[0] === "POST" ? newKey() : {} };
  $("act-plan").replaceChildren(beforeAndAfter(ready.rows));
  $("act-confirm").disabled = false;
  $("act-confirm").focus();
});

$("act-confirm").addEventListener("click", async () => {
  const { send: [method, path, body, headers], key, done } = action.ready;
  try {
    await call(method, path, body, { ...headers, ...key });
    $("act").close();
    await show(state.profile);
    say("", done);
  } catch (error) {
    const again = error.isRefused ? "" : " Press Confirm again to find out: it is done once.";
    $("act-plan").replaceChildren(make("p", { class: "message" }, error.message + again));
    if (error.isRefused) $("act-confirm").disabled = true;
  }
});

// What was checked is what is confirmed.
$("act-form").addEventListener("input", () => { $("act-confirm").disabled = true; $("act-plan").replaceChildren(); });
$("act-cancel").addEventListener("click", () => $("act").close());
$("issue").addEventListener("click", () => issueReward(state.profile));
$("issue-new").addEventListener("click", () => issueReward(state.profile));
