//! The binary form of entries: one for all kinds, which every store keeps.
//!
//! The first byte is the kind of the entry and the version of its form. Then come the header (sequence number,
//! instant, balances, stamp, and the cause if it is not the usual one) and the fields of the kind, which are written
//! in the file of that kind. Each part begins with flags for the fields that follow. A later version adds flags at the
//! end, for fields that older entries lack; so the bytes of an entry never change.

use crate::id::{Key, ProfileNumber};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::{Balances, BatchRow, Cause, Entry, EntryKind, External, Fingerprint, Stamp};
use crate::value::Quantity;

/// The kinds, each with the first byte of its binary form. A new form of a kind gets another byte.
macro_rules! forms {
    ($($kind:ident = $form:literal,)*) => {
        const fn form(kind: &EntryKind) -> u8 {
            match kind {
                $(EntryKind::$kind(_) => $form,)*
            }
        }

        #[inline(always)]
        fn write_kind(kind: &EntryKind, to: &mut Writer<'_>) {
            match kind {
                $(EntryKind::$kind(says) => says.write(to),)*
            }
        }

        fn read_kind(form: u8, from: &mut Reader<'_>) -> Decoded<EntryKind> {
            Ok(match form {
                $($form => EntryKind::$kind(Binary::read(from)?),)*
                newer => return Err(from.newer(newer.into())),
            })
        }

        /// All forms, for tests.
        #[cfg(test)]
        pub(crate) const FORMS: &[u8] = &[$($form),*];
    };
}

forms! {
    Redeem = 1,
    Issue = 2,
    Mature = 3,
    Expire = 4,
    Hold = 5,
    Capture = 6,
    Release = 7,
    Lapse = 8,
    Return = 9,
    Reversal = 10,
    Extend = 11,
    ReassignOut = 12,
    ReassignIn = 13,
    Revoke = 14,
    Adjust = 15,
    Transaction = 16,
    Earn = 17,
    Clawback = 18,
    MergeOut = 19,
    MergeIn = 20,
    Define = 21,
    TransferOut = 22,
}

/// Writes an entry of the account with this number.
#[inline]
pub(crate) fn write(entry: &Entry, number: ProfileNumber, out: &mut Vec<u8>) {
    let Entry { sequence, at, cause, kind, balances, stamp, is_activity } = entry;
    let mut to = Writer::new(out, number, *sequence, *at);
    let is_unusual = *cause != usual_cause(kind);
    let is_uncounted = *is_activity != kind.activity(number, *sequence).is_some();
    let values = fields(balances);
    let [a, b, c, d, e, f, g, h, i] = values.map(|value| !value.is_zero());
    to.byte(form(kind));
    to.flags([stamp.is_some(), is_unusual, a, b, c, d, e, f, g, h, i, is_uncounted]);
    to.number((*sequence).into());
    to.instant(*at);
    values.into_iter().filter(|value| !value.is_zero()).for_each(|value| to.quantity(value));
    stamp.iter().for_each(|stamp| stamp.write(&mut to));
    if is_unusual {
        cause.write(&mut to);
    }
    write_kind(kind, &mut to);
}

/// Reads an entry of the account with this number.
///
/// # Errors
/// The bytes are not an entry, or a newer version wrote them.
pub(crate) fn read(bytes: &[u8], number: ProfileNumber) -> Decoded<Entry> {
    let mut from = Reader::new(bytes, number, "the head of an entry");
    let form = from.byte()?;
    let [is_stamped, is_unusual, is_there @ .., is_uncounted] = from.flags::<12>()?;
    from.sequence = from.sequence_number()?;
    from.at = from.instant()?;
    let balances = read_balances(is_there, &mut from)?;
    let stamp = from.if_set(is_stamped, Binary::read)?;
    let cause = from.if_set(is_unusual, Binary::read)?;
    from.part = "the kind of an entry";
    let kind = read_kind(form, &mut from)?;
    let (sequence, at) = (from.sequence, from.at);
    from.finish()?;
    let cause = cause.unwrap_or_else(|| usual_cause(&kind));
    let is_activity = is_uncounted != kind.activity(number, sequence).is_some();
    Ok(Entry { sequence, at, cause, is_activity, kind, balances, stamp })
}

/// Writes entries of one account, each with its length before it.
#[cfg(any(test, feature = "sqlite"))]
pub(crate) fn write_all(entries: &[Entry], number: ProfileNumber, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.clear();
        write(entry, number, &mut bytes);
        Writer::new(out, number, entry.sequence, entry.at).number(bytes.len() as u64);
        out.extend_from_slice(&bytes);
    }
}

/// Reads entries that were written together, at least one.
///
/// # Errors
/// The bytes are not entries, or a newer version wrote one.
#[cfg(any(test, feature = "sqlite"))]
pub(crate) fn read_all(bytes: &[u8], number: ProfileNumber) -> Decoded<Vec<Entry>> {
    let mut from = Reader::new(bytes, number, "a row of entries");
    let mut entries = Vec::new();
    while entries.is_empty() || !from.rest.is_empty() {
        let length = from.number()?;
        let length = usize::try_from(length).map_err(|_| from.invalid("the length of an entry", length))?;
        entries.push(read(from.bytes(length)?, number)?);
    }
    Ok(entries)
}

/// The usual cause of an entry of this kind, which takes no bytes.
#[inline]
fn usual_cause(kind: &EntryKind) -> Cause {
    match kind {
        EntryKind::Mature(_) | EntryKind::Expire(_) | EntryKind::Lapse(_) => Cause::Clock,
        EntryKind::Issue(issue) => issue.usual_cause(),
        EntryKind::Earn(earned) => Cause::Transaction(earned.transaction),
        EntryKind::Clawback(clawed) => Cause::Transaction(clawed.transaction),
        EntryKind::MergeIn(_) => Cause::Merge,
        _ => Cause::Request,
    }
}

impl Binary for Cause {
    fn write(&self, to: &mut Writer<'_>) {
        match *self {
            Self::Request => to.number(0),
            Self::Clock => to.number(1),
            Self::Merge => to.number(2),
            Self::Transaction(id) => {
                to.number(3);
                to.id(id);
            }
            Self::Return(id) => {
                to.number(4);
                to.id(id);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the cause of an entry";
        match from.number()? {
            0 => Ok(Self::Request),
            1 => Ok(Self::Clock),
            2 => Ok(Self::Merge),
            3 => from.id().map(Self::Transaction),
            4 => from.id().map(Self::Return),
            newer => Err(from.newer(newer)),
        }
    }
}

impl Binary for Stamp {
    fn write(&self, to: &mut Writer<'_>) {
        let is_first_of_many = self.entries != 1;
        to.flags([self.key.is_some(), self.external.is_some(), is_first_of_many, self.row.is_some()]);
        to.bytes(&self.fingerprint.to_le_bytes());
        self.key.iter().for_each(|key| to.text(key.as_str()));
        if let Some(external) = &self.external {
            to.byte(external.sort());
            to.text(external.as_str());
        }
        if is_first_of_many {
            to.number(self.entries.into());
        }
        if let Some(BatchRow { batch, row }) = self.row {
            to.bytes(&batch.to_le_bytes());
            to.number(row.into());
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the stamp of an entry";
        let [has_key, has_external, is_first_of_many, is_row] = from.flags()?;
        let fingerprint = Fingerprint::from_le_bytes(from.array()?);
        let key = from.if_set(has_key, |from| from.parsed::<Key>("an idempotency key"))?;
        let external = from.if_set(has_external, |from| match from.byte()? {
            1 => from.parsed("an external id").map(External::Lot),
            2 => from.parsed("an external id").map(External::Transaction),
            3 => from.parsed("a handle").map(External::RewardDefinition),
            4 => from.parsed("a handle").map(External::PointDefinition),
            newer => Err(from.newer(newer.into())),
        })?;
        let entries = if is_first_of_many { from.small()? } else { 1 };
        let row = from.if_set(is_row, |from| {
            Ok(BatchRow::new(Fingerprint::from_le_bytes(from.array()?), from.small()?))
        })?;
        Ok(Self { key, row, external, fingerprint, entries })
    }
}

/// The balances in the order of the binary form. New ones are added at the end.
#[inline]
fn fields(balances: &Balances) -> [Quantity; 9] {
    [
        balances.reward_balance.into(),
        balances.point_balance.into(),
        balances.reward_pending.into(),
        balances.reward_held.into(),
        balances.point_pending.into(),
        balances.point_held.into(),
        balances.point_debt.into(),
        balances.status_point_balance.into(),
        balances.status_point_pending.into(),
    ]
}

fn read_balances(is_there: [bool; 9], from: &mut Reader<'_>) -> Decoded<Balances> {
    from.part = "the balances of an entry";
    let mut values = [Quantity::ZERO; 9];
    for (value, is_there) in values.iter_mut().zip(is_there) {
        *value = if is_there { from.quantity()? } else { Quantity::ZERO };
    }
    let [rewards, points, rewards_pending, rewards_held, points_pending, points_held, debt, more @ ..] =
        values;
    let [status, status_pending] = more;
    Ok(Balances {
        reward_balance: rewards.as_amount(),
        reward_pending: rewards_pending.as_amount(),
        reward_held: rewards_held.as_amount(),
        point_balance: points.as_points(),
        point_pending: points_pending.as_points(),
        point_held: points_held.as_points(),
        point_debt: debt.as_points(),
        status_point_balance: status.as_points(),
        status_point_pending: status_pending.as_points(),
    })
}

impl Binary for Balances {
    fn write(&self, to: &mut Writer<'_>) {
        let values = fields(self);
        to.flags(values.map(|value| !value.is_zero()));
        values.into_iter().filter(|value| !value.is_zero()).for_each(|value| to.quantity(value));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let is_there = from.flags()?;
        read_balances(is_there, from)
    }
}

#[cfg(test)]
mod tests;
