//! Transactions (rules X1 and X2), and what comes back of them (rule X4).

use scrip::request::UpdateTransaction;
use scrip::{PostTransaction, RedemptionId, ReturnTransaction, TransactionId};

use super::calendar::{Calendar, Micros};
use super::money::Raw;
use super::profile::{Earned, SINCE, Version, What};
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
        // A void sale pays for nothing, so what it would be linked to is not looked at (rule X6).
        said.redemption_id = said.redemption_id.filter(|_| !request.is_void);
        self.check_sale(&said, profile, at, Some(&old), 1, &mut objections);
        // One that is void stays as it is; one that has a name keeps it (rule X6).
        objections.add_loosely(old.is_void, [Rank::Unknown, Rank::Terms], "transaction_void");
        if old.said.external_id.is_some() {
            let is_other = said.external_id.is_some() && said.external_id != old.said.external_id;
            objections.add_loosely(is_other, [Rank::Unknown, Rank::Terms], "external_id_fixed");
            said.external_id.clone_from(&old.said.external_id);
        }
        let total: Raw = said.total.ten_thousandths().into();
        objections.add_if(old.returned > total, Rank::Value, "total_below_returned");
        let change = if request.is_void { Change::Voided } else { Change::Said };
        self.keep_sale(said, profile, at, Some(old), change, objections)
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
        let amount = request.amount.unwrap().ten_thousandths().into();
        objections.quantity(2, amount, self.program.currency.minor_unit(), false);
        let Some((profile, old)) = self.sale_of(owner, request.transaction_id, at, &mut objections) else {
            return Err(objections);
        };
        objections.add_if(old.is_void, Rank::Terms, "transaction_void");
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
        objections.add_if(self.decided_at(owner, at).is_none(), Rank::Time, "time_reversed");
        objections.add_if(found.is_none(), Rank::Unknown, "unknown_transaction");
        found
    }

    /// A transaction of a profile, or of one that was merged into it, as it stands, unless it was deleted.
    pub(crate) fn sale(&self, id: TransactionId, home: usize) -> Option<Version> {
        let household = self.household(home);
        let owner =
            household.iter().copied().find(|one| self.profiles[*one].number == Some(id.number().get()))?;
        // Whoever took over last wrote the newest of it.
        let newest = household.into_iter().find_map(|one| {
            let mut versions = self.profiles[one].versions.iter();
            versions.rfind(|version| (version.owner, version.made) == (owner, id.sequence()))
        });
        newest.filter(|version| !version.is_gone()).cloned()
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
        own: Option<&Version>,
        before: u8,
        objections: &mut Objections,
    ) {
        self.check_amounts(said, before, objections);
        let is_late = self.decided_at(Owner::Profile(profile), at).is_none();
        objections.add_if(is_late, Rank::Time, "time_reversed");
        let calendar = Calendar::of(said.timezone.unwrap_or(self.program.timezone));
        let is_far = said.transacted_at.is_some_and(|when| calendar.begin(when).is_err());
        objections.add_loosely(is_far, [Rank::Field(before + 4), Rank::Terms], "time_out_of_range");
        let Some(id) = said.redemption_id else { return };
        let Some((owner, redemption)) = self.redemption_of(profile, id) else {
            objections.add(Rank::Unknown, "unknown_redemption");
            return;
        };
        objections.add_if(self.is_reversed(owner, redemption), Rank::Terms, "redemption_reversed");
        let own = own.map(|own| self.id_of(own));
        let linked = self.linked(owner, redemption);
        objections.add_if(linked.is_some() && linked != own, Rank::Terms, "redemption_linked");
        let original: Raw = said.total_original.unwrap_or(said.total).ten_thousandths().into();
        let total = self.profiles[owner].redemptions[redemption].total();
        let net = total - self.returned(owner, redemption);
        objections.add_if(net > original, Rank::Terms, "redemption_above_total");
    }

    /// The id of a transaction: that of the profile that posted it.
    pub(crate) fn id_of(&self, sale: &Version) -> u64 {
        self.profiles[sale.owner].made_by(sale.made)
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
        let at = self.decided_at(Owner::Profile(profile), at);
        objections.add_if(at.is_none(), Rank::Time, "time_reversed");
        let calendar = Calendar::of(said.timezone.unwrap_or(self.program.timezone));
        let begin = said.transacted_at.map(|when| calendar.begin(when)).transpose();
        let (Some(at), Ok(begin), None) = (at, begin, objections.codes()) else { return Err(objections) };
        let transacted_at = match &old {
            // Only what is said anew changes what it says of itself.
            Some(old) if !matches!(change, Change::Said | Change::Voided) => old.transacted_at,
            Some(old) => begin.unwrap_or(old.transacted_at),
            None => begin.unwrap_or(at),
        };
        let came_back = if let Change::CameBack(amount) = change { Some(amount) } else { None };
        let returned = old.as_ref().map_or(0, |old| old.returned) + came_back.unwrap_or(0);
        let kept = match change {
            Change::Deleted | Change::Voided => 0,
            _ => Raw::from(said.total.ten_thousandths()) - returned,
        };
        let earned = old.as_ref().and_then(|old| old.earned);
        let sale = old.as_ref().map(|old| self.id_of(old));
        let times = (transacted_at, calendar);
        let mut settling = self.settling(profile, sale, earned, kept, times, &mut objections);
        if objections.codes().is_some() {
            return Err(objections);
        }
        self.profiles[profile].write_due(at);
        let sequence = self.profiles[profile].next_sequence();
        // The transaction itself is the next entry, and what it earns the one after that.
        settling.earned = settling.earned.map(|earned| Earned {
            lot: if earned.lot == Some((profile, 0)) { Some((profile, sequence + 1)) } else { earned.lot },
            ..earned
        });
        let was_named = old.as_ref().is_some_and(|old| old.said.external_id.is_some());
        let is_named = said.external_id.is_some() && !was_named;
        let (owner, made, created_at) =
            old.map_or((profile, sequence, at), |old| (old.owner, old.made, old.created_at));
        let account = &mut self.profiles[profile];
        let version = account.versions.len();
        account.versions.push(Version {
            owner,
            made,
            sequence,
            created_at,
            updated_at: at,
            transacted_at,
            said,
            returned,
            earned: settling.earned,
            came_back: None,
            is_named,
            is_deleted: matches!(change, Change::Deleted | Change::Voided),
            is_void: change == Change::Voided,
            is_posted: owner == profile && made == sequence,
        });
        self.relink(profile, (was, is), self.profiles[owner].made_by(made));
        self.profiles[profile].write(at, What::Transacted(version));
        let clawed_back = self.settle(profile, version, earned, &settling, at);
        self.profiles[profile].versions[version].came_back = came_back.map(|amount| (amount, clawed_back));
        Ok(Made::Transaction { profile, version })
    }

    /// Rule X1, with the next entry.
    fn relink(
        &mut self,
        profile: usize,
        (was, is): (Option<RedemptionId>, Option<RedemptionId>),
        transaction: u64,
    ) {
        for (id, link) in [(was.filter(|_| was != is), None), (is.filter(|_| was != is), Some(transaction))] {
            let of = id.and_then(|id| self.redemption_of(profile, id));
            let Some((owner, redemption)) = of else { continue };
            let account = &mut self.profiles[owner];
            let sequence = if owner == profile { account.next_sequence() } else { SINCE };
            account.redemptions[redemption].links.push((sequence, link));
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
    /// It says something else, too.
    Voided,
}
