"""A shop's till, on the client that openapi-python-client made of the description: it defines, tries, issues, quotes
and redeems.

generated_client.py ADDRESS TOKEN
"""
import sys

from client import AuthenticatedClient
from client.api.default import (
    get_api_v3_profiles_profile_balances as balances,
    get_api_v3_profiles_profile_rewards as rewards,
    post_api_v3_profiles_profile_redemptions as redemptions,
    post_api_v3_profiles_profile_redemptions_quote as quotes,
    post_api_v3_reward_definitions as definitions,
    post_api_v3_rewards as issues,
)
from client.models import Problem, RedeemBody, RewardBody, RewardDefinitionBody

address, token = sys.argv[1:]
till = AuthenticatedClient(base_url=address, token=token)

defined = definitions.sync(client=till, body=RewardDefinitionBody(name="Ten", handle="ten", value=10)).data
tried = issues.sync(client=till, body=RewardBody(profile_id="carol", reward_definition_id=defined.id), dry_run=True).data
assert (tried.before.reward_balance, tried.after.reward_balance, tried.entries[0].type_) == (0, 10, "issue"), tried
issued = issues.sync(client=till, body=RewardBody(profile_id="carol", reward_definition_id=defined.id)).data
assert (issued.profile_id, issued.value_remaining, issued.definition.name) == ("carol", 10, "Ten")

quote = quotes.sync("carol", client=till, body=RedeemBody(amount=7.5)).data
assert (quote.total, quote.items[0].id) == (7.5, issued.id)

# Under one key, sent twice and done once.
first, again = (
    redemptions.sync("carol", client=till, body=RedeemBody(amount=7.5, strict=True), idempotency_key="till-7-42").data
    for _ in range(2)
)
assert (first.total, first.items[0].value, first.balances.reward_balance) == (7.5, 7.5, 2.5)
assert first.id == again.id

# What a rule says no to is a problem with its code.
refused = redemptions.sync("carol", client=till, body=RedeemBody(amount=99, strict=True))
assert isinstance(refused, Problem) and refused.code == "insufficient_value", refused

left = balances.sync("carol", client=till).data
assert (left.reward_balance, left.held_balance) == (2.5, 0)
page = rewards.sync("carol", client=till, pagecursor="", pagesize=10)
assert [reward.id for reward in page.data] == [issued.id] and page.links.next_ is None, page
