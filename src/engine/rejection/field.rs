//! The fields and lots that a rejection names.

use crate::id::LotId;

/// A field of a request, by its name in JSON.
pub type Field = std::borrow::Cow<'static, str>;

/// `lot 5 is`, or `lots 5 and 6 are`.
pub(super) fn listed(lots: &[LotId]) -> String {
    let texts: Vec<String> = lots.iter().map(LotId::to_string).collect();
    match texts.as_slice() {
        [only] => format!("lot {only} is"),
        many => format!("lots {} are", many.join(", ")),
    }
}
