#!/usr/bin/env bash
# The requests of the rewards API as shops know it, one after the other, with the ids that came back put in.
#
#   examples/server/seed.sh                         starts a server of its own, on SQLite, and restarts it at the end
#   examples/server/seed.sh http://127.0.0.1:8080   talks to one that runs; SCRIP_TOKEN is its token
#
# SCRIP_HOST is as good as the argument. It stops at the first answer that is not what it should be.
set -euo pipefail
HOST=${1:-${SCRIP_HOST:-}}
TOKEN=${SCRIP_TOKEN:-secret}
# A server that runs may have the definition already.
HANDLE=birthday-reward${HOST:+-$$}
PROFILE=seed-$$-$(date +%s)

# start, stop: a server of its own, in a folder that is gone at the end.
start() {
    : >"$folder/out"
    (cd "$folder" && exec "$binary" --listen 127.0.0.1:0 --test-clock --token "$TOKEN" >out 2>log) &
    server=$!
    # It says where it listens once it serves.
    until HOST=$(sed -n 's/^scrip-server listens on //p' "$folder/out") && [ -n "$HOST" ]; do
        kill -0 $server
        read -rt 0.05 <> <(:) || true
    done
}
stop() { [ -z "${server:-}" ] || { kill "$server" && wait "$server"; server=; }; }
if [ -z "$HOST" ]; then
    cd "$(dirname "$0")/../.."
    cargo build --quiet -p scrip-server
    binary=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/scrip-server
    folder=$(mktemp -d)
    trap 'stop; rm -rf "$folder"' EXIT
    start
fi

# What curl is here: it tells both sides, and an answer that is no success ends the script.
curl() {
    local answer status
    printf '\n$ curl %s\n' "$*" >&2
    answer=$(command curl -sS -w '\n%{http_code}' "$@")
    status=${answer##*$'\n'} answer=${answer%$'\n'*}
    printf '%s %s\n' "$status" "$answer" >&2
    [[ $status = 2?? ]] || exit 1
    printf '%s' "$answer"
}
get() { curl "$HOST$1" -H "Authorization: Bearer ${TOKEN}"; }
id_of() { sed 's/^{"data":{"id":\([0-9]*\),.*/\1/' <<<"$1"; }
# has TEXT PART: the answer holds this.
has() { [[ $1 = *"$2"* ]] || { echo "expected $2" >&2; exit 1; }; }

# The rewards below are good in June 2025. Where the clock cannot be set, they are good now.
ISSUED=2025-06-15 EXPIRES=2025-07-15
set_clock() {
    command curl -sSf -o /dev/null -X PUT "$HOST/test-clock" -H "Authorization: Bearer ${TOKEN}" \
        -d '{"now":"2025-06-15T04:32:00Z"}' 2>/dev/null
}
set_clock || ISSUED=$(date -u +%F) EXPIRES=$(date -u -d '+30 days' +%F)

# Step 1: Create a Reward Definition
definition=$(curl -X POST "$HOST/api/v3/reward-definitions" \
-H "Authorization: Bearer ${TOKEN}" \
-H "Content-Type: application/json" \
-d '{
"name": "Birthday Reward",
"handle": "'"$HANDLE"'",
"value": 10,
"type": "birthday",
"period": 30,
"description": "Birthday reward valid for 30 days",
"short_description": "$10 off for your birthday",
"long_description": "<p>Enjoy $10 off your next purchase. Valid for 30 days.</p>",
"terms_conditions": "Valid once per birthday period",
"earn_instructions": "Automatically issued on your birthday",
"is_assignable": true,
"is_reassignable": false,
"is_extendable": false,
"tags": ["birthday"]
}')
has "$definition" '"handle":"'"$HANDLE"'","value":10,'
has "$definition" '"is_assignable":true,"is_reassignable":false,"is_extendable":false,'

# Step 2: Issue a reward to a profile
reward='{
"reward_definition_id": '$(id_of "$definition")',
"profile_id": "'$PROFILE'",
"value_initial": 10,
"value_remaining": 10,
"issued_at": "'$ISSUED' 00:00:00",
"expires_at": "'$EXPIRES' 23:59:59",
"timezone": "Australia/Melbourne"
}'
issued=$(curl -X POST "$HOST/api/v3/rewards" \
-H "Authorization: Bearer ${TOKEN}" \
-H "Content-Type: application/json" \
-d "$reward")
has "$issued" '"value_initial":10,"value_remaining":10,'
has "$issued" '"issued_local_at":"'$ISSUED' 00:00:00","expires_local_at":"'$EXPIRES' 23:59:59",'

# Checking a profile's reward balance
balances=$(get "/api/v3/profiles/$PROFILE/balances")
has "$balances" '{"data":{"reward_balance":10,"point_balance":0,"point_balance_dollars":0,"combined_balance_dollars":10,'

# Step 3: Redeem rewards
redemption=$(curl -X POST "$HOST/api/v3/profiles/$PROFILE/redemptions" \
-H "Authorization: Bearer ${TOKEN}" \
-H "Content-Type: application/json" \
-d '{
"strategies": ["rewards"],
"amount": 10
}')
has "$redemption" '"type":"redeem","total":10,"requested":10,'
has "$(get "/api/v3/profiles/$PROFILE/balances")" '"reward_balance":0,'

# Step 4: Link redemption to a transaction
transaction=$(curl -X POST "$HOST/api/v3/transactions" \
-H "Authorization: Bearer ${TOKEN}" \
-H "Content-Type: application/json" \
-d '{
"profile_id": "'$PROFILE'",
"total": 89.95,
"total_original": 99.95,
"redemption_id": '$(id_of "$redemption")',
"transacted_at": "'$ISSUED' 14:32:00",
"external_id": "ORDER-10334",
"items": [{"sku": "SHOE-42", "price": 99.95}]
}')
has "$transaction" '"redemption_id":'$(id_of "$redemption")',"total":89.95,"total_original":99.95,'
has "$transaction" '"items":[{"sku": "SHOE-42", "price": 99.95}]'

# Bulk importing rewards
batch=$(curl -X POST "$HOST/api/v3/rewards/batch" \
-H "Authorization: Bearer ${TOKEN}" \
-H "Content-Type: application/json" \
-d "[$reward, $reward, {\"profile_id\": \"$PROFILE\"}]")
has "$batch" '"meta":{"created":2,"existing":0,"rejected":1}'

# Checking rewards on a profile
rewards=$(get "/api/v3/profiles/$PROFILE/rewards")
has "$rewards" '"definition":{"id":'
has "$rewards" '"total":3}'

# A restart keeps everything.
if [ -n "${server:-}" ]; then
    balances=$(get "/api/v3/profiles/$PROFILE/balances")
    stop
    start
    set_clock
    [ "$(get "/api/v3/profiles/$PROFILE/balances")" = "$balances" ]
    again=$(get "/api/v3/profiles/$PROFILE/rewards")
    # The links name the port, which is another now.
    [ "${again%%,\"links\"*}" = "${rewards%%,\"links\"*}" ]
fi
printf '\nAll as it should be.\n' >&2
