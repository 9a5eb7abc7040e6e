"""The other side of `scrip vectors`: a ledger of one's own, as small as it goes, and wrong in one place on purpose."""
import json
import sys
from decimal import Decimal

KNOWN = {"reward_definition_handle", "profile_id", "value_initial", "issued_at", "expires_at"}
lots = []


def usable(profile):
    return [lot for lot in lots if lot["profile_id"] == profile and lot["left"] > 0]


def do(kind, body, at):
    if kind == "define" and next(iter(body.values()))["handle"] in ("ten", "points"):
        return {"ok": {"id": 1}}
    if kind == "issue_reward" and set(body) <= KNOWN:
        left = Decimal(str(body.get("value_initial", 10)))
        lots.append({"issued_at": at, "expires_at": "never"} | body | {"id": len(lots) + 1, "left": left})
        return {"ok": lots[-1] | {"left": str(left)}}
    if kind == "redeem" and set(body) == {"profile_id", "amount"}:
        wanted, items = Decimal(str(body["amount"])), []
        numbers = {"requested": str(wanted), "available": str(sum(lot["left"] for lot in usable(body["profile_id"])))}
        if wanted > Decimal(numbers["available"]):
            return {"refused": {"code": "insufficient_value", "numbers": numbers}}
        # Wrong: the oldest first. Right is the soonest expiry first: (lot["expires_at"], lot["issued_at"], lot["id"])
        for lot in sorted(usable(body["profile_id"]), key=lambda lot: (lot["issued_at"], lot["id"])):
            part = min(lot["left"], wanted)
            wanted, lot["left"] = wanted - part, lot["left"] - part
            items += [{"lot": lot["id"], "amount": str(part)}] if part else []
        return {"ok": {"id": 1, "total": numbers["requested"], "items": items}}
    return {"unsupported": kind}


for line in sys.stdin:
    step = json.loads(line)
    if "begin" in step:
        lots, answer = [], {"ok": None}
    elif "do" in step and "key" not in step:
        answer = do(*next(iter(step["do"].items())), step["at"])
    else:
        answer = {"unsupported": "such a step"}
    print(json.dumps(answer), flush=True)
