//! What was done before is not done again (rules J5, D5 and X2).

use scrip::{Adjust, Command, Disposition, ExternalId, LotId, Reassign, Request, Revoke};

use super::calendar::{Micros, SECOND};
use super::{Made, Model, Owner, Verdict};

/// The caller's own names that make a request idempotent (rules D5 and X2).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Lot(ExternalId),
    Transaction(ExternalId),
}

impl Model {
    /// Rules J5, D5 and X2: what was done before is not done again.
    pub(super) fn repetition(&self, owner: Owner, command: &Command<Request>) -> Option<Verdict> {
        let keyed = self
            .done
            .iter()
            .rposition(|done| command.key.is_some() && done.owner == owner && done.key == command.key);
        if let Some(first) = keyed.filter(|first| self.is_remembered(*first, command.at.micros())) {
            return Some(match self.done[first].request == command.request {
                true => Verdict::Again(first, Disposition::Replayed),
                false => Verdict::Refused(vec!["key_reused"]),
            });
        }
        let wanted = name(&command.request)?;
        let named = self
            .done
            .iter()
            .rposition(|done| done.owner == owner && name(&done.request).as_ref() == Some(&wanted));
        let first = named.filter(|first| !self.is_deleted(*first))?;
        Some(match self.done[first].request == command.request {
            true => Verdict::Again(first, Disposition::Existing),
            false => Verdict::Refused(vec!["external_id_conflict"]),
        })
    }

    /// Whether a key is within the program's window (rule J5), the end of which is inside.
    fn is_remembered(&self, first: usize, at: Micros) -> bool {
        let window = self.program.key_window_seconds.map(|seconds| Micros::from(seconds) * SECOND);
        window.is_none_or(|window| at - self.done[first].at <= window)
    }

    fn is_deleted(&self, first: usize) -> bool {
        let Made::Transaction { profile, version } = self.done[first].made else { return false };
        let made = &self.profiles[profile].versions[version];
        // As that journal knows it: what a merged profile has posted and another has deleted since keeps its name.
        let mut versions = self.profiles[profile].versions.iter();
        versions.any(|later| (later.owner, later.made) == (made.owner, made.made) && later.is_deleted)
    }
}

/// The lot that a request names without saying whose it must be.
pub(super) fn followed(request: &Request) -> Option<LotId> {
    match request {
        Request::Revoke(Revoke { profile_id: None, id, .. })
        | Request::Adjust(Adjust { profile_id: None, id, .. })
        | Request::Reassign(Reassign { from: None, id, .. }) => Some(*id),
        _ => None,
    }
}

fn name(request: &Request) -> Option<Name> {
    match request {
        Request::IssueReward(request) => request.external_id.clone().map(Name::Lot),
        Request::IssuePoints(request) => request.external_id.clone().map(Name::Lot),
        Request::PostTransaction(request) => request.external_id.clone().map(Name::Transaction),
        _ => None,
    }
}
