//! Transactions (rules X1 and X2), and what comes back of them (rule X4).

use scrip::{PostTransaction, RedemptionId, ReturnTransaction, TransactionId, UpdateTransaction};

use super::calendar::{Calendar, Micros};
use super::money::Raw;
use super::profile::{Earned, Version, What};
use super::{Made, Model, Objections, Owner, Rank};

impl Model {
    pub(super) fn post(
        &mut self,
        said: &PostTransaction,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        self.check_sale(said, profile, at, None, 0, &mut objections);
        self.keep_sale(said.clone(), profile, at, None, Change::Said, objections)
    }

    pub(super) fn update(
        &mut self,
        request: &UpdateTransaction,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let said = &request.transaction;
        let Some(old) = self.sale(request.transaction_id, profile) else {
            objections.add(Rank::Unknown, "unknown_transaction");
            self.check_sale(said, profile, at, None, 1, &mut objections);
            return Err(objections);
        };
        // When and where the purchase was made does not change by not saying it again.
        let mut said = said.clone();
        said.timezone = said.timezone.or(old.said.timezone);
        self.check_sale(&said, profile, at, Some(old.made), 1, &mut objections);
        // It keeps its name, and one that is not its own is a contradiction.
        let is_other = said.external_id.is_some() && said.external_id != old.said.external_id;
        objections.add_loosely(is_other, [Rank::Identity, Rank::Terms], "external_id_conflict");
        said.external_id.clone_from(&old.said.external_id);
        let total: Raw = said.total.ten_thousandths().into();
        objections.add_if(old.returned > total, Rank::Value, "return_above_transaction");
        self.keep_sale(said, profile, at, Some(old), Change::Said, objections)
    }

    pub(super) fn delete(&mut self, id: TransactionId, owner: Owner, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let Some((profile, old)) = self.sale_of(owner, id, at, &mut objections) else {
            return Err(objections);
        };
        // It goes on saying what it said; that it is deleted unlinks its redemption.
        let said = old.said.clone();
        self.keep_sale(said, profile, at, Some(old), Change::Deleted, objections)
    }

    /// Rule X4.
    pub(super) fn return_sale(
        &mut self,
        request: &ReturnTransaction,
        owner: Owner,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let amount = request.amount.ten_thousandths().into();
        objections.quantity(2, amount, self.program.currency.minor_unit(), false);
        let Some((profile, old)) = self.sale_of(owner, request.transaction_id, at, &mut objections) else {
            return Err(objections);
        };
        let left = Raw::from(old.said.total.ten_thousandths()) - old.returned;
        objections.add_if(amount > left, Rank::Value, "return_above_transaction");
        self.keep_sale(old.said.clone(), profile, at, Some(old), Change::CameBack(amount), objections)
    }

    /// The transaction that a request is about, and whose it is. Rule T6 asks for the time first.
    fn sale_of(
        &self,
        owner: Owner,
        id: TransactionId,
        at: Micros,
        objections: &mut Objections,
    ) -> Option<(usize, Version)> {
        let found = match owner {
            Owner::Profile(profile) => self.sale(id, profile).map(|old| (profile, old)),
            _ => None,
        };
        objections.add_if(self.decided_with_home(owner, at).is_none(), Rank::Time, "time_reversed");
        objections.add_if(found.is_none(), Rank::Unknown, "unknown_transaction");
        found
    }

    /// A transaction that was not deleted, as it stands.
    fn sale(&self, id: TransactionId, profile: usize) -> Option<Version> {
        let account = &self.profiles[profile];
        account
            .transactions_at(account.now(Micros::MIN))
            .find(|version| {
                let is_own = account.number == Some(id.number().get());
                is_own && version.made == id.sequence() && !version.is_deleted
            })
            .cloned()
    }

    fn check_amounts(&self, said: &PostTransaction, before: u8, objections: &mut Objections) {
        let minor_unit = self.program.currency.minor_unit();
        objections.quantity(before + 1, said.total.ten_thousandths().into(), minor_unit, true);
        if let Some(original) = said.total_original {
            objections.quantity(before + 2, original.ten_thousandths().into(), minor_unit, true);
        }
    }

    /// What speaks against a transaction; `own` is the one that is being changed.
    fn check_sale(
        &self,
        said: &PostTransaction,
        profile: usize,
        at: Micros,
        own: Option<u32>,
        before: u8,
        objections: &mut Objections,
    ) {
        self.check_amounts(said, before, objections);
        let is_late = self.decided_for_sale(profile, (None, said.redemption_id), at).is_none();
        objections.add_if(is_late, Rank::Time, "time_reversed");
        let calendar = Calendar::of(said.timezone.unwrap_or(self.program.timezone));
        let is_far = said.transacted_at.is_some_and(|when| calendar.begin(when).is_err());
        objections.add_loosely(is_far, [Rank::Field(before + 4), Rank::Terms], "time_out_of_range");
        let Some(id) = said.redemption_id else { return };
        if self.is_third(profile, id) {
            // Nobody looks there; keep_sale says what that comes to.
            return;
        }
        let Some((owner, redemption)) = self.redemption_of(profile, id) else {
            objections.add(Rank::Unknown, "unknown_redemption");
            return;
        };
        let account = &self.profiles[owner];
        let now = account.now(Micros::MIN);
        objections.add_if(account.is_reversed_at(redemption, now), Rank::Terms, "redemption_reversed");
        let own = own.map(|made| self.profiles[profile].made_by(made));
        let linked = account.linked_at(redemption, now);
        objections.add_if(linked.is_some() && linked != own, Rank::Terms, "redemption_linked");
        let original: Raw = said.total_original.unwrap_or(said.total).ten_thousandths().into();
        let net = account.redemptions[redemption].total() - account.returned_at(redemption, now);
        objections.add_if(net > original, Rank::Terms, "redemption_above_total");
    }

    /// A redemption of a profile, or of one that was merged into it.
    fn redemption_of(&self, profile: usize, id: RedemptionId) -> Option<(usize, usize)> {
        let owner = self.relative(profile, id)?;
        let mut redemptions = self.profiles[owner].redemptions.iter();
        let redemption = redemptions.position(|one| one.sequence == id.sequence())?;
        Some((owner, redemption))
    }

    /// Whose number a redemption's id bears, if one profile answers for that one and for this one.
    fn relative(&self, profile: usize, id: RedemptionId) -> Option<usize> {
        let mut places = 0..self.profiles.len();
        let owner = places.find(|place| self.profiles[*place].number == Some(id.number().get()))?;
        (self.home(owner) == self.home(profile)).then_some(owner)
    }

    /// Rule T6, of a transaction and the redemptions that it was linked to and is to be: the time of the profile and of the
    /// one that answers for it; where that is the same, also of one other. What is in a third is not looked at (rule X1).
    fn decided_for_sale(
        &self,
        profile: usize,
        (was, is): (Option<RedemptionId>, Option<RedemptionId>),
        at: Micros,
    ) -> Option<Micros> {
        let own = self.decided_with_home(Owner::Profile(profile), at)?;
        let owners = [is, was].into_iter().flatten().filter_map(|id| self.relative(profile, id));
        let other = owners.filter(|_| self.home(profile) == profile).find(|owner| *owner != profile);
        other.map_or(Some(own), |other| Some(own.max(self.decided_at(Owner::Profile(other), at)?)))
    }

    /// Whether a redemption is with a third profile, where a transaction's own was merged into another: a commit is over
    /// two.
    fn is_third(&self, profile: usize, id: RedemptionId) -> bool {
        let home = self.home(profile);
        let is_third = |owner: usize| owner != profile && owner != home;
        home != profile && self.relative(profile, id).is_some_and(is_third)
    }

    /// What speaks against a link that is to go from one redemption to another, where a commit over two is not enough.
    fn check_apart(
        &self,
        profile: usize,
        (was, is): (Option<RedemptionId>, Option<RedemptionId>),
        is_lowered: bool,
        objections: &mut Objections,
    ) {
        let is_third = |id: &RedemptionId| self.is_third(profile, *id);
        let is_looked_at = was != is || is_lowered;
        // Whether there is such a redemption, nobody can see.
        let is_apart = is.as_ref().is_some_and(is_third) && is_looked_at;
        objections.add_loosely(is_apart, [Rank::Unknown, Rank::Terms], "redemption_apart");
        let was = was.filter(|was| is != Some(*was));
        let owner = |id| Some(self.redemption_of(profile, id)?.0).filter(|owner| *owner != profile);
        let is_other = was.and_then(owner).zip(is.and_then(owner)).is_some_and(|(was, is)| was != is);
        objections.add_if(was.as_ref().is_some_and(is_third) || is_other, Rank::Terms, "redemption_apart");
    }

    fn keep_sale(
        &mut self,
        said: PostTransaction,
        profile: usize,
        at: Micros,
        old: Option<Version>,
        change: Change,
        mut objections: Objections,
    ) -> Result<Made, Objections> {
        let was = old.as_ref().and_then(|old| old.said.redemption_id);
        let is = said.redemption_id.filter(|_| change != Change::Deleted);
        let original = |said: &PostTransaction| said.total_original.unwrap_or(said.total);
        let is_lowered = old.as_ref().is_some_and(|old| original(&said) < original(&old.said));
        self.check_apart(profile, (was, is), is_lowered, &mut objections);
        // What comes back of it leaves its link alone.
        let links = if matches!(change, Change::CameBack(_)) { (None, None) } else { (was, is) };
        let at = self.decided_for_sale(profile, links, at);
        objections.add_if(at.is_none(), Rank::Time, "time_reversed");
        let calendar = Calendar::of(said.timezone.unwrap_or(self.program.timezone));
        let begin = said.transacted_at.map(|when| calendar.begin(when)).transpose();
        let (Some(at), Ok(begin), None) = (at, begin, objections.codes()) else { return Err(objections) };
        let transacted_at = match &old {
            // Only what is said anew changes what it says of itself.
            Some(old) if change != Change::Said => old.transacted_at,
            Some(old) => begin.unwrap_or(old.transacted_at),
            None => begin.unwrap_or(at),
        };
        let came_back = if let Change::CameBack(amount) = change { Some(amount) } else { None };
        let returned = old.as_ref().map_or(0, |old| old.returned) + came_back.unwrap_or(0);
        let kept = match change {
            Change::Deleted => 0,
            _ => Raw::from(said.total.ten_thousandths()) - returned,
        };
        let earned = old.as_ref().and_then(|old| old.earned);
        let mut settling = self.settling(profile, earned, kept, transacted_at, calendar, &mut objections);
        if objections.codes().is_some() {
            return Err(objections);
        }
        let home = self.home(profile);
        self.profiles[profile].write_due(at);
        self.profiles[home].write_due(at);
        let sequence = self.profiles[profile].next_sequence();
        let there = self.profiles[home].next_sequence();
        // The transaction itself is the next entry, and what it earns the one after that, or the next one elsewhere.
        let lot = if home == profile { sequence + 1 } else { there };
        settling.earned = settling.earned.map(|earned| Earned {
            lot: if earned.lot == Some((profile, 0)) { Some((home, lot)) } else { earned.lot },
            ..earned
        });
        let (made, created_at) = old.map_or((sequence, at), |old| (old.made, old.created_at));
        let account = &mut self.profiles[profile];
        let version = account.versions.len();
        account.versions.push(Version {
            made,
            sequence,
            created_at,
            updated_at: at,
            transacted_at,
            said,
            returned,
            earned: settling.earned,
            came_back: None,
            is_deleted: change == Change::Deleted,
        });
        self.note_links(profile, (was, is), made);
        self.profiles[profile].write(at, What::Transacted(version));
        let clawed_back = self.settle(profile, version, earned, &settling, at);
        self.relink(profile, (was, is), made, at);
        self.profiles[profile].versions[version].came_back = came_back.map(|amount| (amount, clawed_back));
        Ok(Made::Transaction { profile, version })
    }

    /// Rule X1, with the next entry: of the profile's own redemptions.
    fn note_links(
        &mut self,
        profile: usize,
        (was, is): (Option<RedemptionId>, Option<RedemptionId>),
        made: u32,
    ) {
        // The number of a profile is drawn with its first entry, and what it links came before.
        let transaction = self.profiles[profile].made_by(made);
        for (id, link) in [(was.filter(|_| was != is), None), (is.filter(|_| was != is), Some(transaction))] {
            let of = id.and_then(|id| self.redemption_of(profile, id));
            let Some((_, redemption)) = of.filter(|(owner, _)| *owner == profile) else { continue };
            let account = &mut self.profiles[profile];
            let sequence = account.next_sequence();
            account.redemptions[redemption].links.push((sequence, link));
        }
    }

    /// Rule X1, with entries of their own: of redemptions that are another profile's, by mergers.
    fn relink(
        &mut self,
        profile: usize,
        (was, is): (Option<RedemptionId>, Option<RedemptionId>),
        made: u32,
        at: Micros,
    ) {
        let transaction = self.profiles[profile].made_by(made);
        for (id, link) in [(is.filter(|_| was != is), Some(transaction)), (was.filter(|_| was != is), None)] {
            let of = id.and_then(|id| self.redemption_of(profile, id));
            let Some((owner, redemption)) = of.filter(|(owner, _)| *owner != profile) else { continue };
            let account = &mut self.profiles[owner];
            account.write_due(at);
            let sequence = account.next_sequence();
            account.redemptions[redemption].links.push((sequence, link));
            account.write(at, What::Linked(redemption));
        }
    }
}

/// How a transaction changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It is posted, or says something else.
    Said,
    /// So much of it came back.
    CameBack(Raw),
    Deleted,
}
