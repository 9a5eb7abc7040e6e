//! What was done before is not done again (rules J5, D5 and X2).

use scrip::id::ExternalId;
use scrip::outcome::Disposition;
use scrip::request::{Adjust, Reassign, Revoke, UpdateTransaction};
use scrip::{Command, Key, LotId, Request, TransactionId};

use crate::planted::bug;

use super::calendar::{Calendar, Micros, SECOND};
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
        let sale = || match &command.request {
            Request::UpdateTransaction(update) => self.is_taken(asked, update),
            _ => asked.iter().find_map(|owner| self.named(*owner, wanted.as_ref()?, command)),
        };
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
        let first = self.bearer(owner, wanted)?;
        Some(match self.done[first].request == command.request || self.is_said_by(first, &command.request) {
            true => Verdict::Again(first, Disposition::Existing),
            false => Verdict::Refused(vec!["external_id_conflict"]),
        })
    }

    /// The command that gave a name to what bears it still.
    fn bearer(&self, owner: Owner, wanted: &Name) -> Option<usize> {
        let gave = |done: &Done| done.owner == owner && self.given(done).as_ref() == Some(wanted);
        self.done.iter().rposition(gave).filter(|first| !self.is_gone(*first))
    }

    /// The name that a command gave: a transaction without one can get it later (rule X6).
    fn given(&self, done: &Done) -> Option<Name> {
        let Made::Transaction { profile, version } = done.made else { return name(&done.request) };
        let version = &self.profiles[profile].versions[version];
        version.said.external_id.clone().filter(|_| version.is_named).map(Name::Transaction)
    }

    /// Rule X6: a name that a transaction is to get is no other's.
    fn is_taken(&self, asked: &[Owner], update: &UpdateTransaction) -> Option<Verdict> {
        let wanted = Name::Transaction(update.transaction.external_id.clone()?);
        let first = asked.iter().find_map(|owner| self.bearer(*owner, &wanted))?;
        let Made::Transaction { profile, version } = self.done[first].made else { return None };
        let bearer = self.id_of(&self.profiles[profile].versions[version]);
        let is_own = bearer == update.transaction_id.get();
        (!is_own).then(|| Verdict::Refused(vec!["external_id_conflict"]))
    }

    /// Whether a request says what is so now of a transaction that got its name only later (rule X6).
    fn is_said_by(&self, first: usize, request: &Request) -> bool {
        let done = &self.done[first];
        let (Request::UpdateTransaction(_), Request::PostTransaction(said)) = (&done.request, request) else {
            return false;
        };
        let Made::Transaction { profile, version } = done.made else { return false };
        let id = self.id_of(&self.profiles[profile].versions[version]);
        let Some(sale) = self.sale(TransactionId::new(id).unwrap(), self.home(profile)) else { return false };
        let zone = sale.said.timezone.unwrap_or(self.program.timezone);
        let begin = said.transacted_at.map(|when| Calendar::of(zone).begin(when));
        let now = &sale.said;
        begin.is_none_or(|begin| begin == Ok(sale.transacted_at))
            && said.timezone.is_none_or(|said| said == zone)
            && said.total_original.unwrap_or(said.total) == now.total_original.unwrap_or(now.total)
            && (said.total, said.redemption_id, &said.tags) == (now.total, now.redemption_id, &now.tags)
            && (&said.items, &said.payments, &said.meta) == (&now.items, &now.payments, &now.meta)
    }

    /// Whether a key is within the program's window (rule J5), the end of which is inside.
    fn is_remembered(&self, first: usize, at: Micros) -> bool {
        let window = self.program.key_window_seconds.map(|seconds| Micros::from(seconds) * SECOND);
        let is_end = |since| bug("a key's window that is over at its very end") && Some(since) == window;
        let since = at - self.done[first].at;
        window.is_none_or(|window| since <= window) && !is_end(since)
    }

    fn is_gone(&self, first: usize) -> bool {
        let Made::Transaction { profile, version } = self.done[first].made else { return false };
        let made = &self.profiles[profile].versions[version];
        let mut versions = self.profiles.iter().flat_map(|account| &account.versions);
        versions.any(|later| (later.owner, later.made) == (made.owner, made.made) && later.is_gone())
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
        Request::UpdateTransaction(update) => update.transaction.external_id.clone().map(Name::Transaction),
        _ => None,
    }
}
