//! Transactions (rules X1 and X2).

use scrip::{PostTransaction, TransactionId, UpdateTransaction};

use super::calendar::{Calendar, Micros};
use super::money::Raw;
use super::profile::{Version, What};
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
        let made = None;
        self.keep_sale(said.clone(), profile, at, made, false, objections)
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
        self.keep_sale(said, profile, at, Some(old), false, objections)
    }

    pub(super) fn delete(&mut self, id: TransactionId, owner: Owner, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let is_late = self.decided_at(owner, at).is_none();
        objections.add_if(is_late, Rank::Time, "time_reversed");
        let own = match owner {
            Owner::Profile(profile) => self.sale(id, profile).map(|old| (profile, old)),
            _ => None,
        };
        match own {
            Some((profile, old)) => {
                // It goes on saying what it said; that it is deleted unlinks its redemption.
                let said = old.said.clone();
                self.keep_sale(said, profile, at, Some(old), true, objections)
            }
            None => {
                objections.add(Rank::Unknown, "unknown_transaction");
                Err(objections)
            }
        }
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
        let is_late = self.decided_at(Owner::Profile(profile), at).is_none();
        objections.add_if(is_late, Rank::Time, "time_reversed");
        let calendar = Calendar::of(said.timezone.unwrap_or(self.program.timezone));
        let is_far = said.transacted_at.is_some_and(|when| calendar.begin(when).is_err());
        objections.add_loosely(is_far, [Rank::Field(before + 4), Rank::Terms], "time_out_of_range");
        let Some(id) = said.redemption_id else { return };
        let account = &self.profiles[profile];
        let is_own_number = account.number == Some(id.number().get());
        let redemption =
            account.redemptions.iter().find(|one| is_own_number && one.sequence == id.sequence());
        let Some(redemption) = redemption else {
            objections.add(Rank::Unknown, "unknown_redemption");
            return;
        };
        let linked = account.linked_at(id, account.now(Micros::MIN));
        objections.add_if(linked.is_some() && linked != own, Rank::Terms, "redemption_linked");
        let original: Raw = said.total_original.unwrap_or(said.total).ten_thousandths().into();
        objections.add_if(redemption.total() > original, Rank::Terms, "redemption_above_total");
    }

    fn keep_sale(
        &mut self,
        said: PostTransaction,
        profile: usize,
        at: Micros,
        old: Option<Version>,
        is_deleted: bool,
        objections: Objections,
    ) -> Result<Made, Objections> {
        if objections.codes().is_some() {
            return Err(objections);
        }
        let at = self.decided_at(Owner::Profile(profile), at).unwrap();
        let calendar = Calendar::of(said.timezone.unwrap_or(self.program.timezone));
        let transacted_at = match (&old, said.transacted_at) {
            // Deleting changes nothing that it says of itself.
            (Some(old), _) if is_deleted => old.transacted_at,
            (_, Some(when)) => calendar.begin(when).unwrap(),
            (Some(old), None) => old.transacted_at,
            (None, None) => at,
        };
        let account = &mut self.profiles[profile];
        account.write_due(at);
        let sequence = account.next_sequence();
        let (made, created_at) = old.map_or((sequence, at), |old| (old.made, old.created_at));
        let version = account.versions.len();
        account.versions.push(Version {
            made,
            sequence,
            created_at,
            updated_at: at,
            transacted_at,
            said,
            is_deleted,
        });
        account.write(at, What::Transacted(version));
        Ok(Made::Transaction { profile, version })
    }
}
