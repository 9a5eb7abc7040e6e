#!/usr/bin/env bash
# How fast the server is over HTTP: keyed redemptions at 1, 16 and 64 connections on each store, by wrk, beside as many callers of
# the same store without HTTP.
#
#   examples/server/load.sh             memory, SQLite, and PostgreSQL where it is installed
#   examples/server/load.sh sqlite      one of them
#   examples/server/load.sh restart     a restart with a million rewards in the file
#
# LOAD_SECONDS is how long each figure is measured (5); LOAD_PROFILE is what is built (release). Before figures are printed,
# every profile is checked: what was issued is what is left and what was redeemed.
set -euo pipefail
cd "$(dirname "$0")/../.."
SECONDS_EACH=${LOAD_SECONDS:-5} PROFILES=1000
for tool in wrk python3 curl; do # and psql, where PostgreSQL is
    command -v $tool >/dev/null || { echo "$tool is needed: apt-get install $tool"; exit 1; }
done
PROFILE=${LOAD_PROFILE:-release}
cargo build --profile "$PROFILE" --quiet -p scrip-server --bins --examples
BUILT=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/${PROFILE/#dev/debug}
BIN=$BUILT/scrip-server
WORK=$(mktemp -d)
SERVER='' CLUSTER=''
cleanup() {
    [ -z "$SERVER" ] || { kill "$SERVER"; wait "$SERVER" || true; }
    [ -z "$CLUSTER" ] || pg stop -m immediate >/dev/null
    rm -rf "$WORK"
}
trap cleanup EXIT

# start STORE: sets BASE.
start() {
    : >"$WORK/out"
    "$BIN" --listen 127.0.0.1:0 --store "$1" >"$WORK/out" 2>"$WORK/log" &
    SERVER=$!
    until BASE=$(sed -n 's/^scrip-server listens on //p' "$WORK/out") && [ -n "$BASE" ]; do
        kill -0 "$SERVER"
        read -rt 0.01 <> <(:) || true
    done
}
stop() { kill "$SERVER"; wait "$SERVER" || true; SERVER=''; }

# pg COMMAND...: the database's own cluster. Its programs refuse to run as root.
pg() {
    local as=()
    [ "$(id -u)" != 0 ] || as=(runuser -u postgres --)
    (cd / && "${as[@]}" "$PG_BIN/pg_ctl" -D "$WORK/pg" -w "$@")
}
start_postgres() {
    PG_BIN=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1 || command -v initdb || true)")
    [ -x "$PG_BIN/initdb" ] || { echo 'postgres: SKIPPED, there is no PostgreSQL server on this machine'; return 1; }
    chmod 755 "$WORK" && mkdir "$WORK/pg"
    [ "$(id -u)" != 0 ] || chown postgres "$WORK/pg"
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    pg initdb -o '--auth=trust --username=postgres --encoding=UTF8' >/dev/null
    pg start -l "$WORK/pg/log" -o "-p $port -k $WORK/pg -c listen_addresses=127.0.0.1" >/dev/null
    CLUSTER=1 URL="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
}

cat >"$WORK/client.py" <<'PY'
"""fill BASE PROFILES LOTS VALUE; check BASE PROFILES LOTS VALUE; means BASE."""
import json, sys, urllib.request

def call(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(sys.argv[2] + path, method=method, data=data)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

def fill(profiles, lots, value):
    body = {"name": "Load", "handle": "load", "value": value, "period": 365}
    definition = call("POST", "/api/v3/reward-definitions", body)["data"]["id"]
    rows = ({"profile_id": f"p{n % profiles}", "reward_definition_id": definition} for n in range(profiles * lots))
    while batch := [row for _, row in zip(range(500), rows)]:
        made = call("POST", "/api/v3/rewards/batch", batch)["meta"]
        assert made["created"] == len(batch), made

def check(profiles, lots, value):
    redeemed = 0
    for n in range(profiles):
        left = call("GET", f"/api/v3/profiles/p{n}/balances")["data"]["reward_balance"]
        count = call("GET", f"/api/v3/profiles/p{n}/redemptions?page[size]=1")["meta"]["total"]
        assert left + count == lots * value, f"p{n}: {left} left, {count} redeemed of {lots * value}"
        redeemed += count
    print(f"  conserved: {redeemed} redemptions of 1.00 on {profiles} profiles")

def means():
    with urllib.request.urlopen(sys.argv[2] + "/metrics") as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
    route = '{route="/api/v3/profiles/{profile}/redemptions",method="POST",status="201"}'
    print(*[lines[name] for name in ("scrip_request_seconds_sum" + route, "scrip_request_seconds_count" + route,
        "scrip_commit_seconds_sum", "scrip_commit_seconds_count")])

{"fill": fill, "check": check, "means": means}[sys.argv[1]](*map(int, sys.argv[3:]))
PY
cat >"$WORK/redeem.lua" <<'LUA'
local id, refused = 0, 0
function setup(thread) thread:set("id", id) id = id + 1 end
local sent, run = 0, ""
function init(args) math.randomseed(42 + id) run = args[1] end
function request()
    sent = sent + 1
    local path = "/api/v3/profiles/p" .. math.random(0, PROFILES - 1) .. "/redemptions"
    local headers = {["Idempotency-Key"] = run .. "-" .. id .. "-" .. sent}
    return wrk.format("POST", path, headers, '{"amount": 1, "strict": true}')
end
function done(summary, latency)
    io.write(string.format("%d %d %d %d %d %d\n", summary.requests, summary.duration, summary.errors.status,
        latency:percentile(50), latency:percentile(90), latency:percentile(99)))
end
LUA
sed -i "s/PROFILES/$PROFILES/" "$WORK/redeem.lua"

# One server for a store; a line for each number of connections, printed once all is checked.
measure() {
    local name=$1 store=$2 direct=$3 reset=$4 lots=8 value=1000000
    start "$store"
    python3 "$WORK/client.py" fill "$BASE" $PROFILES $lots $value
    local lines=()
    for connections in 1 16 64; do
        local before after found
        before=$(python3 "$WORK/client.py" means "$BASE" 2>/dev/null || echo 0 0 0 0)
        found=$(wrk -t "$((connections < 2 ? 1 : 2))" -c "$connections" -d "${SECONDS_EACH}s" -s "$WORK/redeem.lua" "$BASE" -- "$connections" | tail -1)
        after=$(python3 "$WORK/client.py" means "$BASE")
        lines+=("$(awk -v name="$name" -v c="$connections" '{
            if ($3 > 0) { print "  " $3 " calls were refused"; exit }
            calls = $12 - $8; commits = $14 - $10
            inside = ($11 - $7) / calls * 1e3; ledger = ($13 - $9) / commits * 1e3
            printf "  %-9s %3d connections: %7.0f/s   p50 %6.2f  p90 %6.2f  p99 %6.2f ms   server %.2f ms, of it ledger %.2f", \
                name, c, $1 / $2 * 1e6, $4 / 1e3, $5 / 1e3, $6 / 1e3, inside, ledger }' <<<"$found $before $after")")
    done
    python3 "$WORK/client.py" check "$BASE" $PROFILES $lots $value
    printf '%s\n' "${lines[@]}"
    stop
    for callers in 1 16 64; do
        "$reset"
        printf '  %-9s %3d callers without HTTP: %7d/s\n' "$name" "$callers" "$("$BUILT/examples/direct" "$direct" "$callers" "$SECONDS_EACH")"
    done
}
# A store with nothing in it, for the callers without HTTP.
no_file() { rm -f "$WORK"/direct.sqlite*; }
no_database() { psql -q "$URL" -c 'DROP DATABASE IF EXISTS direct' -c 'CREATE DATABASE direct' 2>"$WORK/psql"; }

restart() {
    echo 'a restart with 1 000 000 rewards in the file:'
    start "sqlite:$WORK/million.sqlite"
    local began=$SECONDS
    python3 "$WORK/client.py" fill "$BASE" 50000 20 10
    echo "  issued over HTTP, 500 to a call: $((SECONDS - began)) s, $(du -h "$WORK/million.sqlite" | cut -f1)"
    stop
    local since now
    since=$(date +%s%N)
    start "sqlite:$WORK/million.sqlite"
    curl -sSf -g "$BASE/api/v3/profiles/p49999/balances" | grep -q '"reward_balance":200,'
    curl -sSf -g "$BASE/api/v3/profiles/p7/rewards" | grep -q '"total":20}'
    now=$(date +%s%N)
    echo "  from the start to the first two answers: $(((now - since) / 1000000)) ms"
    since=$now
    curl -sSf -g "$BASE/api/v3/rewards?page[size]=1" | grep -q '"total":1000000}'
    echo "  the first list over all profiles, which reads the whole journal: $((($(date +%s%N) - since) / 1000000)) ms"
    stop
}

case ${1:-all} in
    all | memory) measure memory memory memory : ;;&
    all | sqlite) measure sqlite "sqlite:$WORK/load.sqlite" "sqlite:$WORK/direct.sqlite" no_file ;;&
    all | postgres) ! start_postgres || measure postgres "$URL" "${URL/\/postgres\?//direct?}" no_database ;;&
    restart) restart ;;
    all | memory | sqlite | postgres) ;;
    *) echo "not a store: $1" && exit 1 ;;
esac
