//! The fields of which another value is not found, by the kind of entry, with the reason.
//!
//! Some are found in other entries of the kind: an expiry, once the lot is seen to expire.

/// What the request said, which no later entry has to repeat.
const ASKED: &str = "it is what was asked for";
/// What the caller attached, which the ledger keeps and never reads.
const ATTACHED: &str = "it is the caller's own, and never read";
/// A definition is what the request said. Lots are checked against its terms, where some were issued.
const DEFINED: &str = "it is what was defined";
/// What stands in the journal of another profile.
const ELSEWHERE: &str = "it is in the journal of another profile";
/// Decimals that round to the same.
const ROUNDED: &str = "with these numbers it rounds to the same";

/// Those where the journal of a profile that took over speaks of records of the other one.
pub const UNSEEN_AFTER_A_MERGER: &[(&str, &str, &str)] = &[
    ("*", "cause", "a lot that came in a merger may have come by itself just before"),
    ("return", "redemption.transaction_id", ELSEWHERE),
    ("reversal", "redemption.id", ELSEWHERE),
    ("transaction", "redemptions[].id", ELSEWHERE),
    ("transaction", "transaction.created_at", ELSEWHERE),
    ("transaction", "transaction.profile_id", ELSEWHERE),
];

pub const UNSEEN: &[(&str, &str, &str)] = &[
    ("*", "at", "an instant between those of its neighbours"),
    ("*", "stamp.external.lot", "a name that no other lot has"),
    ("*", "stamp.fingerprint", "the request that it was made of is not kept"),
    ("*", "stamp.key", "a key that was never used"),
    ("adjust", "issue.details.meta", ATTACHED),
    ("adjust", "issue.value_initial", ASKED),
    ("adjust", "reason", ASKED),
    ("capture", "redeem.details.meta", ATTACHED),
    ("define", "definition.point.description", DEFINED),
    ("define", "definition.point.extend_days", DEFINED),
    ("define", "definition.point.is_assignable", DEFINED),
    ("define", "definition.point.is_extendable", DEFINED),
    ("define", "definition.point.is_reassignable", DEFINED),
    ("define", "definition.point.meta", ATTACHED),
    ("define", "definition.point.name", DEFINED),
    ("define", "definition.point.notes", DEFINED),
    ("define", "definition.point.period", DEFINED),
    ("define", "definition.point.period_type", DEFINED),
    ("define", "definition.point.tags[]", DEFINED),
    ("define", "definition.point.timezone", DEFINED),
    ("define", "definition.point.value", DEFINED),
    ("define", "definition.reward.absolute_expiry", DEFINED),
    ("define", "definition.reward.description", DEFINED),
    ("define", "definition.reward.earn_instructions", DEFINED),
    ("define", "definition.reward.extend_days", DEFINED),
    ("define", "definition.reward.icon", DEFINED),
    ("define", "definition.reward.image_url", DEFINED),
    ("define", "definition.reward.internal_notes", DEFINED),
    ("define", "definition.reward.is_assignable", DEFINED),
    ("define", "definition.reward.is_extendable", DEFINED),
    ("define", "definition.reward.is_published", DEFINED),
    ("define", "definition.reward.is_reassignable", DEFINED),
    ("define", "definition.reward.long_description", DEFINED),
    ("define", "definition.reward.max_value", DEFINED),
    ("define", "definition.reward.meta", ATTACHED),
    ("define", "definition.reward.name", DEFINED),
    ("define", "definition.reward.period", DEFINED),
    ("define", "definition.reward.period_type", DEFINED),
    ("define", "definition.reward.short_description", DEFINED),
    ("define", "definition.reward.tags[]", DEFINED),
    ("define", "definition.reward.terms_conditions", DEFINED),
    ("define", "definition.reward.timezone", DEFINED),
    ("define", "definition.reward.type", DEFINED),
    ("define", "definition.reward.value", DEFINED),
    ("extend", "[].after.expires_at", "a later date than was asked for"),
    ("hold", "details.meta", ATTACHED),
    ("hold", "expires_at", "only a release or a lapse says it again"),
    ("hold", "requested", "a lenient request may ask for more than there is"),
    ("issue", "available_at", ASKED),
    ("issue", "details.meta", ATTACHED),
    ("issue", "details.source", ATTACHED),
    ("issue", "details.source_type", ATTACHED),
    ("issue", "expires_at", ASKED),
    ("issue", "issued_at", ASKED),
    ("issue", "terms.timezone", ASKED),
    ("issue", "value_initial", ASKED),
    ("merge_in", "moved[].kind", ELSEWHERE),
    ("merge_in", "moved[].value", ELSEWHERE),
    ("reassign_in", "issue.available_at", ELSEWHERE),
    ("reassign_in", "issue.details.meta", ATTACHED),
    ("reassign_in", "issue.terms.timezone", ELSEWHERE),
    ("reassign_in", "issue.value_initial", ELSEWHERE),
    ("redeem", "details.exchange.minor_unit", ROUNDED),
    ("redeem", "details.exchange.point_scale", ROUNDED),
    ("redeem", "details.meta", ATTACHED),
    ("redeem", "requested", "a lenient request may ask for more than there is"),
    ("return", "meta", ATTACHED),
    ("return", "redemption.id", ELSEWHERE),
    ("return", "requested", "a lenient request may ask for more than is left"),
    ("revoke", "reason", ASKED),
    ("transaction", "transaction.earned.point_scale", ROUNDED),
    ("transaction", "transaction.items[].price", ATTACHED),
    ("transaction", "transaction.items[].sku", ATTACHED),
    ("transaction", "transaction.meta", ATTACHED),
    ("transaction", "transaction.payments[].type", ATTACHED),
    ("transaction", "transaction.tags[]", ASKED),
    ("transaction", "transaction.timezone", ASKED),
    ("transaction", "transaction.total_original", ASKED),
    ("transaction", "transaction.transacted_at", ASKED),
];
