// What an agent does: issue, extend, take back, transfer, return. First the server says what it would do, then the confirmation.
let action = null;

const field = (id, label, attributes) => make("label", {}, label + " ", make("input", { id, required: "", autocomplete: "off", ...attributes }));
const AMOUNT = { inputmode: "decimal", pattern: "[0-9]+([.][0-9]+)?", title: "Digits, and a point before the decimals" };

/** Opens the box. `prepare` answers with what is to be sent, and with what is said once it is done. */
function ask(title, fields, prepare) {
  action = { prepare, ready: null };
  $("h-act").textContent = title;
  $("act-fields").replaceChildren(...fields);
  $("act-reason").value = "";
  $("act-plan").replaceChildren();
  $("act-confirm").disabled = true;
  if (!$("act").open) $("act").showModal();
}

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
      done: `Extended ${name} until ${$("act-until").value}.`,
    }),
    revoke: (reason) => ({
      send: ["DELETE", `/api/v3/rewards/${reward.id}`, { reason }, { "If-Match": `"${reward.version}"` }],
      done: `Took back ${name}.`,
    }),
    transfer: (reason) => ({
      send: ["POST", base(state.profile) + "/transfers", { profile_id: $("act-to").value, type: "reward", value: $("act-value").value, ids: [reward.id], meta: { reason } }],
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
  ask(`Return what ${order} was paid with`, [amount, make("p", { class: "note" }, "It goes back to the rewards and points that paid. Where those have expired, the program decides, and Check shows it.")], (reason) => {
    const back = $("act-amount").value;
    return {
      send: ["POST", `/api/v3/redemptions/${redemption.id}/return`, { amount: back, strict: true, meta: { reason } }],
      done: `Gave back ${money.format(back)}.`,
    };
  });
}

$("act-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const ready = action.prepare($("act-reason").value);
  // The same key however often the button is pressed: it is done once.
  action.ready = { ...ready, key: ready.send[0] === "POST" ? newKey() : {} };
  const asked = action.ready;
  const [method, path, body, headers] = ready.send;
  const answer = await call(method, path + "?dry_run=true", body, { ...headers }).catch((error) => error);
  // Something else was filled in meanwhile.
  if (action.ready !== asked) return;
  if (answer instanceof Error) return $("act-plan").replaceChildren(make("p", { class: "message" }, answer.message));
  $("act-plan").replaceChildren(previewed(answer.data));
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
$("act-form").addEventListener("input", () => {
  action.ready = null;
  $("act-confirm").disabled = true;
  $("act-plan").replaceChildren();
});
$("act-cancel").addEventListener("click", () => $("act").close());
$("issue").addEventListener("click", () => issueReward(state.profile));
$("issue-new").addEventListener("click", () => issueReward(state.profile));
