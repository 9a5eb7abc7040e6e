//! Finding what a call is about, and what an answer shows beside it.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use scrip::id::ProfileNumber;
use scrip::journal::LotKind;
use scrip::outcome::Disposition;
use scrip::store::AsOf;
use scrip::view::{Catalogue, Wallet};
use scrip::{LotId, ProfileId, RedemptionId, Transaction, TransactionId};
use serde::Serialize;

use crate::backend::LedgerAt;
use crate::http::call::Call;
use crate::http::list::{self, Page};
use crate::http::problem::Problem;
use crate::shape::lot::{self, Either};
use crate::shape::redemption::{Lots, RedemptionOut};
use crate::shape::transaction::TransactionOut;

/// How often a lot is followed from profile to profile before it counts as lost.
const HOPS: usize = 100;
/// The longest list over all profiles that filters are tried on.
const WIDEST: usize = 10_000;

impl Call {
    /// The wallet of the profile that has a lot, or had it then; none if there is no such lot, or it was revoked.
    pub async fn wallet_with(&self, id: LotId, what: &str) -> Result<Wallet, Problem> {
        let moment = self.moment;
        let mut number = id.number();
        for _ in 0..HOPS {
            let wallet = self.app.backend.wallet_of(moment, number).await?;
            let wallet = wallet.ok_or_else(|| Problem::not_found(what))?;
            match wallet.moved_to(id) {
                Some(next) => number = next,
                None => return Ok(wallet),
            }
        }
        Err(Problem::not_found(what))
    }

    /// A reward or lot of points by its id, wherever it is, or was then.
    pub async fn lot(&self, id: LotId, kind: LotKind, what: &str) -> Result<Either, Problem> {
        let catalogue = self.app.catalogue().await?;
        let wallet = self.wallet_with(id, what).await?;
        find_lot(&wallet, id, kind, &catalogue).ok_or_else(|| Problem::not_found(what))
    }

    /// Lots of a profile as they stood right after an entry of its journal, which this call wrote or repeats under its key;
    /// as they stand, where their external id stood for them already.
    pub async fn lots_after(
        &self,
        profile: ProfileId,
        disposition: Disposition,
        sequence: u32,
        ids: &[LotId],
    ) -> Result<Lots, Problem> {
        let catalogue = self.app.catalogue().await?;
        // Nearly always it is the newest entry, and nothing else was ever said of the lots: then the journal need not
        // be read. What is repeated was true at another time.
        if disposition == Disposition::New {
            let known = self.app.backend.lots(self.at, profile, ids.to_vec()).await?;
            if known.version == sequence && known.lots.iter().all(|known| known.changed_at.is_none()) {
                let lots = known.lots.into_iter();
                let lots = lots.map(|known| lot::known(known, sequence, self.at, &catalogue));
                return Ok(lots.collect());
            }
        }
        let moment = match disposition {
            Disposition::Existing => LedgerAt::Now(self.at),
            _ => LedgerAt::Past(AsOf::Sequence(sequence)),
        };
        let wallet = self.app.backend.wallet(moment, profile).await?;
        Ok(lot::named(&wallet, ids, &catalogue))
    }

    /// The wallet as it was right after what this call did: when it repeats an earlier one, as it was then.
    pub async fn wallet_after(
        &self,
        profile: ProfileId,
        disposition: Disposition,
    ) -> Result<Wallet, Problem> {
        let backend = &self.app.backend;
        let wallet = backend.wallet(LedgerAt::Now(self.at), profile).await?;
        let first = match (disposition, self.key()) {
            (Disposition::Replayed, Some(key)) => {
                wallet.journal().iter().find(|entry| entry.key() == Some(key))
            }
            _ => None,
        };
        let Some(first) = first else { return Ok(wallet) };
        let entries = first.stamp.as_ref().map_or(1, |stamp| stamp.entries);
        let last = first.sequence.saturating_add(entries.saturating_sub(1));
        Ok(backend.wallet(LedgerAt::Past(AsOf::Sequence(last)), profile).await?)
    }

    /// One page of a list over all profiles: `held` says where each thing is or was, `show` makes the things out of a
    /// wallet.
    pub async fn page_of<I: Listed, T: Serialize>(
        &self,
        held: Vec<(I, Vec<ProfileNumber>)>,
        show: impl Fn(&Wallet, &[I], &Catalogue) -> Vec<(I, T)>,
    ) -> Result<Response, Problem> {
        let (page, moment) = (Page::of(self)?, self.moment);
        let total = held.len();
        // What was there in the past is known once it was looked at, as is what a filter lets through.
        let is_tried = self.query.filters().next().is_some() || matches!(moment, LedgerAt::Past(_));
        if is_tried && total > WIDEST {
            let field = if matches!(moment, LedgerAt::Past(_)) { "at" } else { "filter" };
            return Err(Problem::invalid(
                field,
                "this list is too long to search without filter[profile_id]",
            ));
        }
        let (held, next) = if is_tried { (held, None) } else { page.part(held, |(id, _)| id.number()) };
        let mut ahead: BTreeMap<ProfileNumber, Vec<I>> = BTreeMap::new();
        let mut asked = BTreeSet::new();
        for (id, holder) in held.into_iter().flat_map(|(id, all)| all.into_iter().map(move |one| (id, one))) {
            ahead.entry(holder).or_default().push(id);
            asked.insert((holder, id));
        }
        let catalogue = self.app.catalogue().await?;
        let mut things = BTreeMap::new();
        while let Some((number, ids)) = ahead.pop_first() {
            let Some(wallet) = self.app.backend.wallet_of(moment, number).await? else { continue };
            // It may have gone on to somebody else since.
            for id in &ids {
                if let Some(to) = id.moved_to(&wallet)
                    && asked.insert((to, *id))
                {
                    ahead.entry(to).or_default().push(*id);
                }
            }
            things.extend(show(&wallet, &ids, &catalogue));
        }
        let things: Vec<T> = things.into_values().collect();
        if is_tried { list::page(self, things) } else { list::cut(self, page, &things, (total, next)) }
    }
}

/// What there are lists of over all profiles.
pub trait Listed: Copy + Ord {
    fn number(self) -> u64;

    /// To whom it went from this profile, if it did.
    fn moved_to(self, wallet: &Wallet) -> Option<ProfileNumber>;
}

impl Listed for LotId {
    fn number(self) -> u64 {
        self.get()
    }

    fn moved_to(self, wallet: &Wallet) -> Option<ProfileNumber> {
        wallet.moved_to(self)
    }
}

impl Listed for TransactionId {
    fn number(self) -> u64 {
        self.get()
    }

    fn moved_to(self, _: &Wallet) -> Option<ProfileNumber> {
        None
    }
}

/// A lot in a wallet, if it still is there for those who ask.
pub fn find_lot(wallet: &Wallet, id: LotId, kind: LotKind, catalogue: &Catalogue) -> Option<Either> {
    match kind {
        LotKind::Reward => lot::rewards(wallet, catalogue)
            .find(|reward| reward.id() == id.get())
            .map(|reward| Either::Reward(Box::new(reward))),
        LotKind::Point | LotKind::Status => lot::points(wallet, catalogue)
            .find(|point| point.id() == id.get())
            .map(|point| Either::Point(Box::new(point))),
    }
}

/// A redemption of a wallet, with the lots as they stand.
pub fn redemption(call: &Call, wallet: &Wallet, id: RedemptionId, lots: &Lots) -> Option<RedemptionOut> {
    let version = wallet.version(id).unwrap_or_default();
    Some(RedemptionOut::new(wallet.redemption(id)?, version, call.app.backend.program(), lots))
}

/// A transaction as it says itself, with its redemption out of the wallet.
pub fn transaction(call: &Call, wallet: &Wallet, transaction: &Transaction, lots: &Lots) -> TransactionOut {
    let redemption = transaction.redemption_id.and_then(|id| redemption(call, wallet, id, lots));
    TransactionOut::new(transaction, wallet.version(transaction.id).unwrap_or_default(), redemption)
}
