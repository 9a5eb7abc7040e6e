//! Control totals: how many lots and how much value, by definition, status and month of expiry; of the file and of the ledger.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use scrip::rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The group whose amounts are added up together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    pub definition: String,
    pub status: String,
    /// The month of the last day of use, such as `2025-07`; `never`; or `by definition` where the file does not say.
    pub expires: String,
}

/// How much there is of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: u64,
    pub value_initial: Decimal,
    pub value_remaining: Decimal,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.value_initial += other.value_initial;
        self.value_remaining += other.value_remaining;
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// The sums of all groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Vec<Line>", into = "Vec<Line>")]
pub struct Totals(BTreeMap<Group, Sum>);

/// A group and its sum, as JSON says it. Values are texts of digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    definition: String,
    status: String,
    expires: String,
    count: u64,
    value_initial: String,
    value_remaining: String,
}

impl Totals {
    pub fn add(&mut self, group: Group, value_initial: Decimal, value_remaining: Decimal) {
        self.0.entry(group).or_default().add(Sum { count: 1, value_initial, value_remaining });
    }

    /// All groups together.
    pub fn all(&self) -> Sum {
        let mut all = Sum::default();
        self.0.values().for_each(|sum| all.add(*sum));
        all
    }

    /// Both side by side, and what differs; the last line is all of it.
    pub fn beside(&self, other: &Self, names: (&str, &str)) -> (String, bool) {
        let groups = self.0.keys().chain(other.0.keys());
        let groups: std::collections::BTreeSet<&Group> = groups.collect();
        let of = |totals: &Self, group: &Group| totals.0.get(group).copied().unwrap_or_default();
        let mut lines = vec![headings(names)];
        let mut agree = true;
        for group in groups {
            let (one, two) = (of(self, group), of(other, group));
            agree &= one.is_same(&two);
            lines.push(line([&group.definition, &group.status, &group.expires], one, two));
        }
        lines.push(line(["all", "", ""], self.all(), other.all()));
        (table(&lines), agree)
    }
}

impl TryFrom<Vec<Line>> for Totals {
    type Error = String;

    fn try_from(lines: Vec<Line>) -> Result<Self, String> {
        let mut totals = BTreeMap::new();
        for Line { definition, status, expires, count, value_initial, value_remaining } in lines {
            let value = |field: &str, text: &str| {
                Decimal::from_str_exact(text)
                    .map_err(|_| format!("{field}: `{text}` is not a number in quotes"))
            };
            let value_initial = value("value_initial", &value_initial)?;
            let value_remaining = value("value_remaining", &value_remaining)?;
            let group = Group { definition, status, expires };
            if totals.contains_key(&group) {
                return Err(format!(
                    "{}, {}, {} is there twice",
                    group.definition, group.status, group.expires
                ));
            }
            totals.insert(group, Sum { count, value_initial, value_remaining });
        }
        Ok(Self(totals))
    }
}

impl From<Totals> for Vec<Line> {
    fn from(totals: Totals) -> Self {
        let line = |(group, sum): (Group, Sum)| Line {
            definition: group.definition,
            status: group.status,
            expires: group.expires,
            count: sum.count,
            value_initial: sum.value_initial.normalize().to_string(),
            value_remaining: sum.value_remaining.normalize().to_string(),
        };
        totals.0.into_iter().map(line).collect()
    }
}

const CELLS: usize = 9;
type Cells = [String; CELLS];

fn headings((one, two): (&str, &str)) -> Cells {
    [
        "definition".to_owned(),
        "status".to_owned(),
        "expires".to_owned(),
        format!("{one} count"),
        format!("{two} count"),
        format!("{one} issued"),
        format!("{two} issued"),
        format!("{one} left"),
        format!("{two} left"),
    ]
}

fn line(group: [&str; 3], one: Sum, two: Sum) -> Cells {
    let [definition, status, expires] = group.map(str::to_owned);
    // What differs is marked where it stands.
    let marked = |one: String, two: String| if one == two { two } else { format!("{two} *") };
    let value = |value: Decimal| value.normalize().to_string();
    let (initial, other_initial) = (value(one.value_initial), value(two.value_initial));
    let (remaining, other_remaining) = (value(one.value_remaining), value(two.value_remaining));
    [
        definition,
        status,
        expires,
        one.count.to_string(),
        marked(one.count.to_string(), two.count.to_string()),
        initial.clone(),
        marked(initial, other_initial),
        remaining.clone(),
        marked(remaining, other_remaining),
    ]
}

/// Texts to the left, numbers to the right.
fn table(lines: &[Cells]) -> String {
    let width = |place: usize| lines.iter().map(|cells| cells[place].chars().count()).max().unwrap_or(0);
    let widths: [usize; CELLS] = std::array::from_fn(width);
    let mut text = String::new();
    for cells in lines {
        let mut row = String::new();
        for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let _ = if place < 3 { write!(row, "{cell:<width$}  ") } else { write!(row, "{cell:>width$}  ") };
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(expires: &str) -> Group {
        Group { definition: "ten".to_owned(), status: "active".to_owned(), expires: expires.to_owned() }
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_cent_that_is_missing_is_seen() {
        let (mut file, mut ledger) = (Totals::default(), Totals::default());
        for totals in [&mut file, &mut ledger] {
            totals.add(group("2025-07"), decimal("10"), decimal("2.50"));
            totals.add(group("never"), decimal("10.00"), decimal("10"));
        }
        assert!(file.beside(&ledger, ("file", "ledger")).1);
        file.add(group("2025-08"), decimal("1"), decimal("0.01"));
        ledger.add(group("2025-08"), decimal("1"), decimal("0.02"));
        let (text, agree) = file.beside(&ledger, ("file", "ledger"));
        assert!(!agree && text.contains("0.02 *") && !text.contains("2.5 *"), "{text}");
        // Alike in all, but not in a group.
        ledger.add(group("2025-09"), decimal("0"), decimal("-0.01"));
        assert!(!file.beside(&ledger, ("file", "ledger")).1);
    }

    #[test]
    fn what_is_written_can_be_expected() {
        let mut totals = Totals::default();
        totals.add(group("2025-07"), decimal("10.00"), decimal("2.50"));
        let text = serde_json::to_string(&totals).unwrap();
        assert_eq!(serde_json::from_str::<Totals>(&text).unwrap(), totals);
        for (wrong, named) in [
            (text.replace("\"10\"", "\"ten\""), "value_initial"),
            (text.replace("\"10\"", "10"), "string"),
            (text.replace("status", "state"), "state"),
            (format!("[{0},{0}]", &text[1..text.len() - 1]), "twice"),
        ] {
            let error = serde_json::from_str::<Totals>(&wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}
