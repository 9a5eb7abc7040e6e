//! What a lot was issued for, and what the caller attached to it.

use serde::{Deserialize, Serialize};

use crate::definition::Scope;
use crate::id::{LotId, RedemptionId, TransactionId, TransferId};
use crate::journal::Recovered;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::owed::is_first;
use crate::json::Json;
use crate::value::Points;

/// The origin of a lot, and the caller's attachments to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotDetails {
    /// The kind of thing that it was issued for, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// The thing itself, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The origin of a lot that was not requested by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The scope frozen in it: what it may be spent on; anything without it (rules D3 and S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
    /// Whether it was reassigned since a transaction earned it: then it is not that transaction's own lot any more (rule
    /// X5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_reassigned: bool,
}

/// The origin of a lot that was not requested by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// A return of value that could not go back to its lot (rule R3).
    Returned {
        /// The redemption that had taken the value.
        redemption: RedemptionId,
        /// The lot that the value had been taken from.
        lot: LotId,
        /// The transaction whose own lot this one stands in for (rule X5).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transaction: Option<TransactionId>,
        /// The rate that it is about, of those that the transaction earns at (rule K2).
        #[serde(default, skip_serializing_if = "is_first")]
        rate: u8,
    },
    /// The earnings of a transaction (rule X3).
    Earned {
        /// The transaction.
        transaction: TransactionId,
        /// The rate that it is about, of those that the transaction earns at (rule K2).
        #[serde(default, skip_serializing_if = "is_first")]
        rate: u8,
        /// The points that paid a debt at once, and are not in the lot (rule X4).
        #[serde(default, skip_serializing_if = "Points::is_nothing")]
        paid_to_debt: Points,
        /// The points clawed back at once because the transaction owed them; not in the lot either (rule X5).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clawed_back: Option<Recovered>,
        /// The lot earned before, which stayed with a profile that was merged into this one, or was reassigned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<LotId>,
    },
    /// A transfer from another profile (rule L5).
    Transferred {
        /// The transfer.
        transfer: TransferId,
        /// The sender's lot that the value was taken from.
        lot: LotId,
    },
}

impl Binary for LotDetails {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { source_type, source, origin, scope, meta, was_reassigned } = self;
        to.flags([
            source_type.is_some(),
            source.is_some(),
            origin.is_some(),
            meta.is_some(),
            scope.is_some(),
            *was_reassigned,
        ]);
        source_type.iter().for_each(|text| to.text(text));
        source.iter().for_each(|text| to.text(text));
        origin.iter().for_each(|origin| origin.write(to));
        meta.iter().for_each(|meta| to.json(meta));
        scope.iter().for_each(|scope| scope.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a lot's details";
        let [has_source_type, has_source, has_origin, has_meta, has_scope, was_reassigned] = from.flags()?;
        Ok(Self {
            source_type: from.if_set(has_source_type, Reader::string)?,
            source: from.if_set(has_source, Reader::string)?,
            origin: from.if_set(has_origin, Binary::read)?,
            meta: from.if_set(has_meta, Reader::json)?,
            scope: from.if_set(has_scope, Binary::read)?,
            was_reassigned,
        })
    }
}

impl Binary for Scope {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.minimum_spend.is_some()]);
        to.texts(&self.only);
        to.texts(&self.except);
        self.minimum_spend.inspect(|minimum| to.quantity(*minimum));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a scope";
        let [has_minimum] = from.flags()?;
        let mut scope = Self::only(from.texts()?).with_except(from.texts()?);
        scope.minimum_spend = from.if_set(has_minimum, Reader::amount)?;
        Ok(scope)
    }
}

impl Binary for Origin {
    fn write(&self, to: &mut Writer<'_>) {
        match *self {
            Self::Returned { redemption, lot, transaction, rate } => {
                to.number(0);
                to.flags([transaction.is_some(), rate > 0]);
                to.id(redemption);
                to.id(lot);
                transaction.inspect(|id| to.id(*id));
                if rate > 0 {
                    to.byte(rate);
                }
            }
            Self::Earned { transaction, rate, paid_to_debt, clawed_back, replaces } => {
                to.number(1);
                to.flags([clawed_back.is_some(), replaces.is_some(), rate > 0]);
                to.id(transaction);
                to.quantity(paid_to_debt);
                clawed_back.iter().for_each(|recovered| recovered.write(to));
                replaces.inspect(|lot| to.id(*lot));
                if rate > 0 {
                    to.byte(rate);
                }
            }
            Self::Transferred { transfer, lot } => {
                to.number(2);
                to.id(transfer);
                to.id(lot);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        match from.number()? {
            0 => {
                let [is_own, has_rate] = from.flags()?;
                let (redemption, lot) = (from.id()?, from.id()?);
                let transaction = from.if_set(is_own, Reader::id)?;
                let rate = from.if_set(has_rate, Reader::byte)?.unwrap_or_default();
                Ok(Self::Returned { redemption, lot, transaction, rate })
            }
            1 => {
                let [has_clawed_back, has_replaces, has_rate] = from.flags()?;
                let (transaction, paid_to_debt) = (from.id()?, from.points()?);
                let clawed_back = from.if_set(has_clawed_back, Binary::read)?;
                let replaces = from.if_set(has_replaces, Reader::id)?;
                let rate = from.if_set(has_rate, Reader::byte)?.unwrap_or_default();
                Ok(Self::Earned { transaction, rate, paid_to_debt, clawed_back, replaces })
            }
            2 => Ok(Self::Transferred { transfer: from.id()?, lot: from.id()? }),
            newer => Err(from.newer(newer)),
        }
    }
}
