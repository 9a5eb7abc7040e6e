//! What was done before is not done again (rules J5, D5 and X2).

use scrip::id::ExternalId;
use scrip::outcome::Disposition;
use scrip::request::{Adjust, Reassign, Revoke};
use scrip::{Command, Key, LotId, Request};

use super::calendar::{Micros, SECOND};
use super::issue::badly_named;
use super::{Done, Made, Model, Owner, Row, Verdict};

/// The caller's own names that make a request idempotent (rules D5 and X2).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Lot(ExternalId),
    Transaction(ExternalId),
}

impl Model {
    /// Rules J5, D5 and X2: what was done before is not done again. Keys and names are looked for one journal after the
    /// other; the name of a transaction last, as whoever took over knows whether it was deleted.
    pub(super) fn repetition(
        &self,
        asked: &[Owner],
        command: &Command<Request>,
        row: Option<&Row>,
    ) -> Option<Verdict> {
        let wanted = name(&command.request);
        let is_sale = matches!(wanted, Some(Name::Transaction(_)));
        let at_once = |owner: &Owner| {
            let keyed = self.keyed(*owner, command, row);
            keyed.or_else(|| self.named(*owner, wanted.as_ref().filter(|_| !is_sale)?, command))
        };
        let sale = || asked.iter().find_map(|owner| self.named(*owner, wanted.as_ref()?, command));
        asked.iter().find_map(at_once).or_else(sale)
    }

    fn keyed(&self, owner: Owner, command: &Command<Request>, row: Option<&Row>) -> Option<Verdict> {
        let at = command.at.micros();
        let newest = self.newest_use(owner, command.key.as_ref()?, at)?;
        if self.done[newest].batch() != row.map(|(rows, _)| rows.as_slice()) {
            return Some(Verdict::Refused(vec!["key_reused"]));
        }
        let is_it = |done: &Done| done.owner == owner && done.key == command.key && done.row.as_ref() == row;
        let first = self.done.iter().rposition(is_it).filter(|first| self.is_remembered(*first, at))?;
        Some(match self.done[first].request == command.request {
            true => Verdict::Again(first, Disposition::Replayed),
            false => Verdict::Refused(vec!["key_reused"]),
        })
    }

    /// Rule J5: whether a profile of a batch knows its key from anything else. Then nothing of the batch is done.
    pub(crate) fn is_key_of_another(&mut self, at: Micros, key: &Key, rows: &[Request]) -> bool {
        rows.iter().any(|row| {
            let is_asked = followed(row).is_none() && badly_named(row).is_none();
            let Some(first) = self.owner(row).filter(|_| is_asked) else { return false };
            let mut chain = self.chain(first, row).into_iter();
            let newest = chain.find_map(|owner| self.newest_use(owner, key, at));
            newest.is_some_and(|newest| self.done[newest].batch() != Some(rows))
        })
    }

    /// The newest use of a key, if it is remembered.
    fn newest_use(&self, owner: Owner, key: &Key, at: Micros) -> Option<usize> {
        let newest = self.done.iter().rposition(|done| done.owner == owner && done.key.as_ref() == Some(key));
        newest.filter(|newest| self.is_remembered(*newest, at))
    }

    fn named(&self, owner: Owner, wanted: &Name, command: &Command<Request>) -> Option<Verdict> {
        let named = self
            .done
            .iter()
            .rposition(|done| done.owner == owner && name(&done.request).as_ref() == Some(wanted));
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
        let mut versions = self.profiles.iter().flat_map(|account| &account.versions);
        versions.any(|later| (later.owner, later.made) == (made.owner, made.made) && later.is_deleted)
    }
}

impl Done {
    /// All rows of the batch that it was one of.
    fn batch(&self) -> Option<&[Request]> {
        self.row.as_ref().map(|(rows, _)| rows.as_slice())
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
