//! The scope of a reward: what it may be spent on (rule S2).

use serde::{Deserialize, Serialize};

use crate::setters::setters;
use crate::value::Amount;

/// The most tags of a line, a basket or a list of a scope (rule S1).
pub(crate) const MOST_TAGS: usize = 32;
/// The longest tag, in bytes (rule S1).
pub(crate) const TAG_BYTES: usize = 64;

/// The lines of a basket that a reward may pay (rule S2).
///
/// ```
/// use scrip::definition::Scope;
/// use scrip::{Amount, RewardDefinition};
///
/// // Ten dollars off shoes that are not on sale, if they cost fifty or more.
/// let scope = Scope::only(["shoes"]).with_except(["sale"]).with_minimum_spend(Amount::from(50));
/// let shoes = RewardDefinition::new("shoes".parse()?, "Shoes", Amount::from(10)).with_scope(scope);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scope {
    /// A line needs one of these tags, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// A line has none of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// The least that the lines it may pay must cost together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_spend: Option<Amount>,
}

impl Scope {
    /// Lines with one of these tags.
    pub fn only(tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { only: tags.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Lines with none of these tags.
    pub fn except(tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::default().with_except(tags)
    }

    /// Whether it leaves in a line with these tags.
    pub(crate) fn admits(&self, tags: &[String]) -> bool {
        let has_any = |of: &[String]| of.iter().any(|tag| tags.contains(tag));
        (self.only.is_empty() || has_any(&self.only)) && !has_any(&self.except)
    }

    /// Whether it has no more tags than it may have, and none that is too short or too long (rule S1).
    pub(crate) fn has_good_tags(&self) -> bool {
        let is_good = |tag: &String| !tag.is_empty() && tag.len() <= TAG_BYTES;
        [&self.only, &self.except].iter().all(|tags| tags.len() <= MOST_TAGS && tags.iter().all(is_good))
    }

    /// Whether it leaves out nothing: then a lot has no scope.
    pub(crate) const fn is_everything(&self) -> bool {
        self.only.is_empty() && self.except.is_empty() && self.minimum_spend.is_none()
    }

    /// This scope, narrowed by a request; `None` if the request would let it pay more than it may.
    pub(crate) fn narrowed(&self, by: &Self) -> Option<Self> {
        let only = match (self.only.as_slice(), by.only.as_slice()) {
            (_, []) => &self.only,
            ([], _) => &by.only,
            (all, some) if some.iter().all(|tag| all.contains(tag)) => &by.only,
            _ => return None,
        };
        let more = by.except.iter().filter(|tag| !self.except.contains(tag));
        let minimum_spend = by.minimum_spend.or(self.minimum_spend);
        (minimum_spend >= self.minimum_spend).then(|| Self {
            only: only.clone(),
            except: self.except.iter().chain(more).cloned().collect(),
            minimum_spend,
        })
    }
}

setters! { Scope {
    /// The same, without lines that have one of these tags.
    with_except(except: impl IntoIterator<Item = impl Into<String>>) = except.into_iter().map(Into::into).collect();

    /// The same, if the lines that it may pay cost this much together.
    with_minimum_spend(minimum_spend: Amount) = Some(minimum_spend);
} }

/// One line of a basket: what is bought, before rewards (rule S1).
///
/// ```
/// use scrip::request::Line;
/// use scrip::{Amount, ProfileId, Redeem};
///
/// let lines = [Line::new("1", Amount::from(40)).with_tags(["shoes"]), Line::new("2", Amount::from(5))];
/// let redeem = Redeem::strict(ProfileId::new("alice")?, Amount::from(10)).with_lines(lines);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Line {
    /// Its id, unique in the request.
    pub id: String,
    /// What is charged for it, before rewards; zero or more.
    pub amount: Amount,
    /// The words that the scopes of rewards go by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Line {
    /// A line without tags.
    pub fn new(id: impl Into<String>, amount: Amount) -> Self {
        Self { id: id.into(), amount, tags: Vec::new() }
    }
}

setters! { Line {
    /// With these tags.
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();
} }

#[cfg(test)]
mod tests {
    use super::Scope;
    use crate::value::Amount;

    /// Catches: a request that lets a reward pay what its definition leaves out.
    #[test]
    fn a_request_narrows_and_never_widens() {
        let shoes =
            Scope::only(["shoes", "boots"]).with_except(["sale"]).with_minimum_spend(Amount::from(50));
        let boots = shoes.narrowed(&Scope::only(["boots"]).with_except(["gift-card", "sale"])).unwrap();
        assert_eq!(boots.only, ["boots"]);
        assert_eq!(boots.except, ["sale", "gift-card"]);
        assert_eq!(boots.minimum_spend, Some(Amount::from(50)));
        assert_eq!(shoes.narrowed(&Scope::default()), Some(shoes.clone()));
        assert_eq!(Scope::default().narrowed(&shoes), Some(shoes.clone()));
        assert_eq!(shoes.narrowed(&Scope::only(["boots", "hats"])), None);
        assert_eq!(shoes.narrowed(&Scope::default().with_minimum_spend(Amount::from(49))), None);
    }
}
