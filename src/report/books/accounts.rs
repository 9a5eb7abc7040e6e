//! Which accounts the books are kept on.

use serde::{Deserialize, Serialize};

use super::BooksError;
use crate::journal::{Flow, LotKind};

/// The map from what happened to accounts: the liability in each kind of value, and an account for each reason.
///
/// As JSON, a field that is left out has its usual name.
///
/// ```
/// use scrip::report::BookAccounts;
///
/// let text = br#"{"breakage": "Income:Gift-Cards:Breakage"}"#;
/// let accounts: BookAccounts = scrip::json::read(text)?;
/// assert_eq!(accounts.redeemed, "Expenses:Loyalty:Redeemed");
/// # Ok::<(), scrip::json::JsonError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BookAccounts {
    /// What is owed in money.
    pub rewards: String,
    /// What is owed in points.
    pub points: String,
    /// The cost of what is issued or earned, less what is clawed back.
    pub granted: String,
    /// The discount given: what is redeemed, less what is returned. It stands against the discount that the sale books.
    pub redeemed: String,
    /// The income from what expires, less what is revived.
    pub breakage: String,
    /// What managers revoke and correct.
    pub adjustments: String,
    /// What moves between profiles: nothing in the end.
    pub transfers: String,
    /// What was owed before the books begin.
    pub opening: String,
    /// What points are called.
    pub points_commodity: String,
}

impl Default for BookAccounts {
    fn default() -> Self {
        Self {
            rewards: "Liabilities:Loyalty:Rewards".to_owned(),
            points: "Liabilities:Loyalty:Points".to_owned(),
            granted: "Expenses:Loyalty:Granted".to_owned(),
            redeemed: "Expenses:Loyalty:Redeemed".to_owned(),
            breakage: "Income:Loyalty:Breakage".to_owned(),
            adjustments: "Expenses:Loyalty:Adjustments".to_owned(),
            transfers: "Equity:Loyalty:Transfers".to_owned(),
            opening: "Equity:Loyalty:Opening".to_owned(),
            points_commodity: "POINTS".to_owned(),
        }
    }
}

impl BookAccounts {
    /// Every account with the name of its field.
    pub(super) fn all(&self) -> [(&'static str, &str); 8] {
        [
            ("rewards", &self.rewards),
            ("points", &self.points),
            ("granted", &self.granted),
            ("redeemed", &self.redeemed),
            ("breakage", &self.breakage),
            ("adjustments", &self.adjustments),
            ("transfers", &self.transfers),
            ("opening", &self.opening),
        ]
    }

    pub(super) fn liability(&self, kind: LotKind) -> &str {
        match kind {
            LotKind::Reward => &self.rewards,
            LotKind::Point | LotKind::Status => &self.points,
        }
    }

    /// The account of a reason.
    pub(super) fn reason(&self, flow: Flow) -> &str {
        match flow {
            Flow::Issued | Flow::Earned | Flow::ClawedBack => &self.granted,
            Flow::Redeemed | Flow::Returned => &self.redeemed,
            Flow::Expired | Flow::Revived => &self.breakage,
            Flow::Revoked | Flow::Adjusted => &self.adjustments,
            Flow::MovedIn | Flow::MovedOut => &self.transfers,
        }
    }

    pub(super) fn check(&self) -> Result<(), BooksError> {
        for (field, name) in self.all() {
            if !is_account(name) {
                return Err(BooksError::Account { field, name: name.to_owned() });
            }
        }
        let name = &self.points_commodity;
        let is_commodity =
            (2..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_commodity { Ok(()) } else { Err(BooksError::Commodity { name: name.clone() }) }
    }
}

/// Whether every reader of the books takes a text for an account.
fn is_account(name: &str) -> bool {
    let mut parts = name.split(':');
    let root = parts.next().unwrap_or_default();
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_uppercase() || first.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let has_part = parts.clone().next().is_some();
    ["Assets", "Liabilities", "Equity", "Income", "Expenses"].contains(&root)
        && has_part
        && parts.all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a name that beancount or hledger would read as something else.
    #[test]
    fn an_account_has_a_root_and_parts() {
        assert_eq!(BookAccounts::default().check(), Ok(()));
        for wrong in
            ["", "Income", "Income:", "Income:a", "Loyalty:A", "Income:A B", "Income:A::B", "Income:A;B"]
        {
            let accounts = BookAccounts { breakage: wrong.to_owned(), ..BookAccounts::default() };
            assert_eq!(accounts.check().unwrap_err().code(), "invalid_account", "{wrong}");
        }
        for wrong in ["P", "points", "POINT 1"] {
            let accounts = BookAccounts { points_commodity: wrong.to_owned(), ..BookAccounts::default() };
            assert_eq!(accounts.check().unwrap_err().code(), "invalid_commodity", "{wrong}");
        }
    }
}
