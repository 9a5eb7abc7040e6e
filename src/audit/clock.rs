//! Lots that became available, and lots that expired (rules T2 and T7).

use super::{Check, Past, Step, ensure, lots::same_after, same};
use crate::journal::{Expired, LotValue, Standing};

impl Past {
    pub(super) fn mature(&mut self, step: &Step<'_>, matured: &LotValue) -> Check {
        let record = self.lot("lot", matured.lot)?;
        let now = record.now;
        same("D3", "kind", &matured.kind, &now.kind)?;
        let is_due = matches!(now.standing, Standing::Pending(from) if from <= step.at());
        ensure("T2", "lot", is_due, &matured.lot, format_args!("a lot that becomes available now"))?;
        same("J3", "value", &matured.value, &now.remaining)?;
        record.now.standing = Standing::Usable;
        Ok(())
    }

    pub(super) fn expire(&mut self, step: &Step<'_>, expired: &Expired) -> Check {
        let record = self.lot("after.lot", expired.after.lot)?;
        let now = record.at(step);
        let is_due = record.now.standing == Standing::Usable && now.standing == Standing::Expired;
        ensure("T2", "after.lot", is_due, &expired.after.lot, format_args!("a lot that expires now"))?;
        same_after(&expired.after, &now)?;
        same("J3", "value", &expired.value, &record.unheld())?;
        record.now = expired.after;
        Ok(())
    }
}
