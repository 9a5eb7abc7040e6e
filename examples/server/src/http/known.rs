//! What a route understands: the fields of its body, the parameters of its query, the fields that its list can be filtered
//! by. Anything else is refused with the name that was probably meant.

use super::code::Code;
use super::list::Query;
use super::problem::Problem;

/// The names that can be said somewhere.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub known: Vec<String>,
    /// Whether other names are kept as they are sent.
    pub is_open: bool,
}

/// What a route understands.
#[derive(Clone, Debug, Default)]
pub struct Understood {
    pub fields: Names,
    pub parameters: Vec<String>,
    pub filters: Option<Names>,
}

impl Names {
    /// Whether a name is understood.
    ///
    /// # Errors
    /// What to say of a name that is not.
    fn check(&self, name: &str) -> Result<(), String> {
        if self.known.iter().any(|known| known == name) {
            return Ok(());
        }
        let nearest = self.known.iter().map(|known| (distance(name, known), known)).min();
        if self.is_open && nearest.is_none_or(|(distance, _)| distance > SLIP) {
            return Ok(());
        }
        // Part of a name is nearer than any slip.
        let part =
            |known: &&String| name.len() > 2 && (known.contains(name) || name.contains(known.as_str()));
        let part = self.known.iter().find(part).map(|known| (0, known));
        let meant = part.or(nearest).filter(|(distance, _)| *distance <= SLIP.max(name.len() / 2));
        let meant = meant.map(|(_, known)| format!("; did you mean `{known}`?")).unwrap_or_default();
        Err(match self.known.as_slice() {
            [] => "is not known here: nothing can be said".to_owned(),
            known => format!("is not known here{meant} (there are: {})", known.join(", ")),
        })
    }

    /// Refuses the names that are not understood, all at once.
    pub fn check_fields<'a>(&self, names: impl Iterator<Item = &'a String>) -> Result<(), Problem> {
        let unknown: Vec<_> =
            names.filter_map(|name| Some((name.as_str(), self.check(name).err()?))).collect();
        Problem::unless_empty(Code::UnknownField, unknown)
    }
}

impl Understood {
    /// Refuses the parameters and filters that are not understood, and what is said twice.
    pub fn check_query(&self, query: &Query) -> Result<(), Problem> {
        let parameters = Names { known: self.parameters.clone(), is_open: false };
        let mut wrong = Vec::new();
        for (index, (name, _)) in query.pairs().enumerate() {
            let field = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']'));
            let checked = match (field, &self.filters) {
                (Some(field), Some(filters)) => filters.check(field),
                _ => parameters.check(name),
            };
            let twice = || {
                if query.pairs().take(index).any(|(other, _)| other == name) {
                    Some("comes twice".to_owned())
                } else {
                    None
                }
            };
            if let Some(message) = checked.err().or_else(twice) {
                wrong.push((name, message));
            }
        }
        Problem::unless_empty(Code::UnknownParameter, wrong)
    }
}

/// How many letters a slip changes.
const SLIP: usize = 2;

/// How many letters must be added, left out, replaced or swapped with the next to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let is_swap = i > 0 && j > 0 && one[i - 1] == *b && other[j - 1] == *a;
            let swapped = if is_swap { rows[i - 1][j - 1] + 1 } else { usize::MAX };
            row.push(replaced.min(swapped).min(rows[i][j + 1] + 1).min(row[j] + 1));
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        for (one, other, far) in [
            ("amuont", "amount", 1),
            ("", "abc", 3),
            ("strict", "strict", 0),
            ("totals", "total", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), far, "{one} {other}");
        }
        let names = |is_open| Names { known: vec!["amount".to_owned(), "strict".to_owned()], is_open };
        assert!(names(false).check("amuont").unwrap_err().contains("`amount`"));
        assert!(names(false).check("elsewhere").is_err() && names(true).check("elsewhere").is_ok());
        assert!(names(true).check("amuont").unwrap_err().contains("`amount`"));
        assert!(names(false).check("strict").is_ok());
        assert!(names(false).check("mount").unwrap_err().contains("did you mean `amount`?"));
        assert!(!names(false).check("elsewhere").unwrap_err().contains("did you mean"));
        assert!(Names::default().check("x").is_err());
    }
}
