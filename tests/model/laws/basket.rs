//! Laws of a redemption that says what is bought (rules S1 to S3), whatever allotment it is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scrip::definition::Scope;
use scrip::outcome::UnusedReason;
use scrip::request::Line;
use scrip::view::Wallet;
use scrip::{Amount, Redeem, Redemption};

use crate::model::check::Checked;
use crate::model::laws::scope_of;

pub(super) fn total(lines: &[Line]) -> Amount {
    let sum = lines.iter().map(|line| line.amount.ten_thousandths()).sum();
    Amount::from_ten_thousandths(sum).unwrap()
}

/// Each item pays lines that it may pay and as much as it gave; no line is paid more than it costs by all of them.
pub(super) fn of_redemption(request: &Redeem, lines: &[Line], made: &Redemption, before: &Wallet) -> Checked {
    let Some(shares) = &made.lines else {
        return Err(TestCaseError::fail("rule S5: what was paid is not told"));
    };
    prop_assert_eq!(shares.len(), made.items.len(), "rule S5");
    let mut paid: BTreeMap<&str, i64> = BTreeMap::new();
    let rewards = before.rewards();
    for (item, shares) in made.items.iter().zip(shares.iter()) {
        let lot = rewards.iter().find(|lot| lot.id == item.lot);
        let scope = lot.and_then(scope_of);
        prop_assert_eq!(scope.and_then(|scope| why_not(request, Some(scope))), None, "rule S2");
        for share in shares {
            let line = lines.iter().find(|line| line.id == share.id);
            let may_pay = line.is_some_and(|line| scope.is_none_or(|scope| admits(scope, line, request)));
            prop_assert!(may_pay && !share.amount.is_zero(), "rule S3: {:?} of {:?}", share, item);
            *paid.entry(&share.id).or_default() += share.amount.ten_thousandths();
        }
        let sum: i64 = shares.iter().map(|share| share.amount.ten_thousandths()).sum();
        prop_assert_eq!(sum, item.amount.ten_thousandths(), "rule S5");
    }
    for line in lines {
        let paid = paid.get(line.id.as_str()).copied().unwrap_or_default();
        prop_assert!(paid <= line.amount.ten_thousandths(), "rule S3: {:?} is paid {}", line, paid);
    }
    Ok(())
}

/// Why a lot with this scope pays nothing of what is bought, by its scope alone.
pub(super) fn why_not(request: &Redeem, scope: Option<&Scope>) -> Option<UnusedReason> {
    let scope = scope?;
    let lines = request.lines.iter().flatten();
    let lines: Vec<Line> =
        lines.filter(|line| !line.amount.is_zero() && admits(scope, line, request)).cloned().collect();
    match scope.minimum_spend {
        _ if lines.is_empty() => Some(UnusedReason::NotEligible),
        Some(least) if total(&lines) < least => Some(UnusedReason::BelowMinimum),
        _ => None,
    }
}

fn admits(scope: &Scope, line: &Line, request: &Redeem) -> bool {
    let has = |tag: &String| line.tags.contains(tag) || request.tags.contains(tag);
    (scope.only.is_empty() || scope.only.iter().any(has)) && !scope.except.iter().any(has)
}
