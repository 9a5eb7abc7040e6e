//! Extending lots: a later end of use (rule L1).

use crate::journal::LotChange;
use crate::journal::effect::Effect;

pub(super) fn effects<'a>(changes: &'a [LotChange], tell: &mut impl FnMut(Effect<'a>)) {
    for change in changes {
        change.effects(tell);
        tell(Effect::Extended(change.after.lot));
    }
}
