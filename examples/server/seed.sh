#!/usr/bin/env bash
# The requests of the rewards API as shops know it, one after the other, with the ids that came back put in.
#
#   examples/server/seed.sh                         starts a server of its own, in memory, with a clock that can be set
#   examples/server/seed.sh http://127.0.0.1:8080   talks to one that runs; SCRIP_TOKEN is its token
#
# It stops at the first answer that is not what it should be.
set -euo pipefail
cd "$(dirname "$0")/../.."

BASE=${1:-}
# A server that runs may have the definition already.
HANDLE=birthday-reward${BASE:+-$$}
TOKEN=${SCRIP_TOKEN:-secret}
if [ -z "$BASE" ]; then
    out=$(mktemp)
    cargo build --quiet -p scrip-server
    bin=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/scrip-server
    "$bin" --listen 127.0.0.1:0 --store memory --test-clock --token "$TOKEN" >"$out" 2>/dev/null &
    server=$!
    trap 'kill $server; wait $server; rm -f "$out"' EXIT
    # The server says where it listens once it serves.
    until BASE=$(sed -n 's/^scrip-server listens on //p' "$out") && [ -n "$BASE" ]; do
        kill -0 $server
        read -rt 0.05 <> <(:) || true
    done
fi
PROFILE="seed-$$-$(date +%s)"
API=$BASE/api/v3

# call METHOD URL STATUS [BODY]: prints the body of the answer, if it has that status.
call() {
    local method=$1 url=$2 wanted=$3 body=${4:-} answer status
    printf '\n%s %s\n%s\n' "$method" "${url#"$BASE"}" "$body" >&2
    answer=$(curl -sS -X "$method" "$url" -H "Authorization: Bearer ${TOKEN}" -H "Content-Type: application/json" \
        ${body:+-d "$body"} -w '\n%{http_code}')
    status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    printf '=> %s %s\n' "$status" "$answer" >&2
    [ "$status" = "$wanted" ] || { echo "expected $wanted" >&2; exit 1; }
    printf '%s' "$answer"
}
id_of() { sed 's/^{"data":{"id":\([0-9]*\),.*/\1/' <<<"$1"; }
# has TEXT PART: the answer holds this.
has() { case $1 in *"$2"*) ;; *) echo "expected $2" >&2; exit 1 ;; esac; }

# The rewards below are good in June 2025. Where the clock cannot be set, they are good now.
ISSUED=2025-06-15 EXPIRES=2025-07-15
if ! curl -sSf -o /dev/null -X PUT "$BASE/test-clock" -H "Authorization: Bearer ${TOKEN}" \
    -d '{"now":"2025-06-15T04:32:00Z"}' 2>/dev/null; then
    ISSUED=$(date -u +%F) EXPIRES=$(date -u -d '+30 days' +%F)
fi

# Step 1: Create a Reward Definition
definition=$(call POST "$API/reward-definitions" 201 '{
"name": "Birthday Reward",
"handle": "'$HANDLE'",
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
call POST "$API/rewards" 201 "$reward" >/dev/null

# Checking a profile's reward balance
balances=$(call GET "$API/profiles/$PROFILE/balances" 200)
has "$balances" '"reward_balance":10,"point_balance":0,"point_balance_dollars":0,"combined_balance_dollars":10'

# Step 3: Redeem rewards
redemption=$(call POST "$API/profiles/$PROFILE/redemptions" 201 '{
"strategies": ["rewards"],
"amount": 10
}')
has "$redemption" '"total":10'
has "$(call GET "$API/profiles/$PROFILE/balances" 200)" '"reward_balance":0,'

# Step 4: Link redemption to a transaction
transaction=$(call POST "$API/transactions" 201 '{
"profile_id": "'$PROFILE'",
"total": 89.95,
"total_original": 99.95,
"redemption_id": '$(id_of "$redemption")',
"transacted_at": "'$ISSUED' 14:32:00",
"external_id": "ORDER-10334",
"items": [{"sku": "SHOE-42", "price": 99.95}]
}')
has "$transaction" '"total":89.95,"total_original":99.95'

# Bulk importing rewards
batch=$(call POST "$API/rewards/batch" 200 "[$reward, $reward, {\"profile_id\": \"$PROFILE\"}]")
has "$batch" '"meta":{"created":2,"existing":0,"rejected":1}'

# Checking rewards on a profile
rewards=$(call GET "$API/profiles/$PROFILE/rewards" 200)
has "$rewards" '"total":3}'
printf '\nAll as it should be.\n' >&2
