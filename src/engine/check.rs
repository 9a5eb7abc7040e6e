//! Checks that every request shares. Each names the field and the rule.

use std::borrow::Cow;

use hashbrown::HashSet;

use crate::account::Account;

use crate::definition::{Line, MOST_TAGS, Scope, TAG_BYTES};
use crate::engine::Rejection;
use crate::program::Program;
use crate::time::{Timestamp, Until};
use crate::value::{Amount, Points, Quantity, Scale};

/// Money that moves: above zero, at the currency's minor unit, not too large (rules Q1, Q3 and Q6).
#[inline]
pub(crate) fn amount(program: &Program, field: &'static str, amount: Amount) -> Result<(), Rejection> {
    positive(field, amount.into())?;
    quantity(field, amount.into(), program.minor_unit())
}

/// Points that move: above zero, at the point scale, not too many (rules Q3, Q4 and Q6).
pub(crate) fn points(program: &Program, field: &'static str, points: Points) -> Result<(), Rejection> {
    positive(field, points.into())?;
    quantity(field, points.into(), program.point_scale())
}

/// A sum of money that may be zero (rules Q1 and Q3).
pub(crate) fn sum(program: &Program, field: &'static str, amount: Amount) -> Result<(), Rejection> {
    quantity(field, amount.into(), program.minor_unit())
}

#[inline]
pub(crate) fn quantity(field: &'static str, value: Quantity, scale: Scale) -> Result<(), Rejection> {
    let field = Cow::Borrowed(field);
    if !scale.fits(value.ten_thousandths()) {
        Err(Rejection::TooManyDecimals { field, value, allowed: scale.decimals() })
    } else if value > Quantity::MAX_SINGLE {
        Err(Rejection::AmountTooLarge { field, value })
    } else {
        Ok(())
    }
}

#[inline]
fn positive(field: &'static str, value: Quantity) -> Result<(), Rejection> {
    if value.is_zero() { Err(Rejection::NotPositive { field: field.into() }) } else { Ok(()) }
}

/// A text of a length that the ledger keeps.
pub(crate) fn text(field: &'static str, text: &str, max: usize) -> Result<(), Rejection> {
    if text.is_empty() || text.len() > max {
        Err(Rejection::TextLength { field: field.into(), max })
    } else {
        Ok(())
    }
}

/// The longest label: a name, a tag, a source.
pub(crate) const LABEL: usize = 255;
/// The longest prose: a description, terms and conditions.
pub(crate) const PROSE: usize = 65_535;

pub(crate) fn optional_text(
    field: &'static str,
    value: Option<&String>,
    max: usize,
) -> Result<(), Rejection> {
    // Prose may be empty; too much of it is what would hurt.
    match value {
        Some(value) if value.len() > max => Err(Rejection::TextLength { field: field.into(), max }),
        _ => Ok(()),
    }
}

/// An expiry that is an end. In JSON, `null` is the same as leaving the field out, so it must not mean "never" in Rust.
pub(crate) fn an_end(field: &'static str, until: Option<Until>) -> Result<(), Rejection> {
    match until {
        Some(Until::Never) => Err(Rejection::NoEnd { field: field.into() }),
        _ => Ok(()),
    }
}

/// The tags of a scope, and the least spend (rules S1, S2 and Q6).
pub(crate) fn scope(program: &Program, scope: &Scope) -> Result<(), Rejection> {
    basket_tags("scope.only", &scope.only)?;
    basket_tags("scope.except", &scope.except)?;
    scope.minimum_spend.map_or(Ok(()), |minimum| amount(program, "scope.minimum_spend", minimum))
}

/// The lines of a basket and the tags of all of them (rule S1): what they cost together.
pub(crate) fn basket(program: &Program, lines: &[Line], tags: &[String]) -> Result<Amount, Rejection> {
    at_most("lines", lines.len(), MOST_LINES)?;
    let (mut seen, mut total) = (HashSet::with_capacity(lines.len()), Amount::ZERO);
    for line in lines {
        text("lines.id", &line.id, LINE_ID)?;
        sum(program, "lines.amount", line.amount)?;
        basket_tags("lines.tags", &line.tags)?;
        if !seen.insert(line.id.as_str()) {
            return Err(Rejection::DuplicateLine { line: line.id.clone() });
        }
        // At most 500 amounts of at most 10^12 each.
        total = total.plus(line.amount);
    }
    sum(program, "lines", total)?;
    basket_tags("tags", tags)?;
    Ok(total)
}

/// The most lines of a basket.
pub(crate) const MOST_LINES: usize = 500;
/// The longest line id, in bytes.
const LINE_ID: usize = 64;

fn basket_tags(field: &'static str, tags: &[String]) -> Result<(), Rejection> {
    at_most(field, tags.len(), MOST_TAGS)?;
    tags.iter().try_for_each(|tag| text(field, tag, TAG_BYTES))
}

fn at_most(field: &'static str, count: usize, max: usize) -> Result<(), Rejection> {
    if count > max { Err(Rejection::TooMany { field: field.into(), max }) } else { Ok(()) }
}

pub(crate) fn tags(tags: &[String]) -> Result<(), Rejection> {
    tags.iter().try_for_each(|tag| text("tags", tag, LABEL))
}

/// The instant at which a request is decided: never before the account's last entry (rule T6).
pub(crate) fn time(program: &Program, account: &Account, at: Timestamp) -> Result<Timestamp, Rejection> {
    match account.last_at() {
        Some(last) if at < last => {
            let latest = at.checked_add(program.time_tolerance()).unwrap_or(Timestamp::MAX);
            if last <= latest { Ok(last) } else { Err(Rejection::TimeReversed { at, last }) }
        }
        _ => Ok(at),
    }
}
