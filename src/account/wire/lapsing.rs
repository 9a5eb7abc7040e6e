//! The binary form of the lots that lapse for inactivity.

use super::{LotReader, LotWriter};
use crate::account::lapsing::{Chain, Clock, Lapsing, LapsingLot, Missed};
use crate::journal::Inactivity;
use crate::journal::LotKind;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of};
use crate::time::Expiry;

impl LotWriter<'_> {
    pub(super) fn lapsing(&mut self, lapsing: &Lapsing) {
        self.to.list(&lapsing.clocks);
        self.to.number(lapsing.chains.len() as u64);
        for Chain { kind, clock, lots } in &lapsing.chains {
            self.to.flags([kind.is_points(), *kind == LotKind::Status]);
            self.to.number(*clock as u64);
            self.to.number(lots.len() as u64);
            for LapsingLot { lot, from, .. } in lots {
                self.lot(lot);
                self.to.step(*from, &mut self.ends);
            }
        }
    }
}

impl LotReader<'_> {
    pub(super) fn lapsing(&mut self) -> Decoded<Lapsing> {
        self.from.part = "the lots of an account that lapse";
        let mut lapsing = Lapsing { clocks: self.from.list()?, chains: Vec::new() };
        for _ in 0..self.from.number()? {
            let [is_points, is_status] = self.from.flags()?;
            let number = self.from.number()?;
            let place = usize::try_from(number).ok();
            let known = place.and_then(|place| Some((place, lapsing.clocks.get(place)?)));
            let (clock, known) = known.ok_or_else(|| self.from.invalid("a period and zone", number))?;
            let mut chain = Chain { kind: kind_of(is_points, is_status), clock, lots: Default::default() };
            for _ in 0..self.from.number()? {
                let lot = self.lot()?;
                let from = self.from.step(&mut self.ends)?;
                let end = Inactivity::new(known.period, known.timezone, from).end();
                chain.lots.push_back(LapsingLot { lot, from, end });
            }
            lapsing.chains.push(chain);
        }
        Ok(lapsing)
    }
}

impl Binary for Clock {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { period, timezone, end, began, missed } = self;
        to.flags([end.is_some(), began.is_some()]);
        period.write(to);
        to.text(timezone.name());
        end.iter().for_each(|end| write_end(*end, to));
        began.iter().for_each(|began| to.instant(*began));
        to.list(missed);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let [has_end, has_begun] = from.flags()?;
        let (period, timezone) = (Binary::read(from)?, from.parsed("an IANA time zone")?);
        let (end, began) = (from.if_set(has_end, read_end)?, from.if_set(has_begun, Reader::instant)?);
        Ok(Self { period, timezone, end, began, missed: from.list()? })
    }
}

impl Binary for Missed {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.began.is_some()]);
        if let Some((from, end)) = self.began {
            to.instant(from);
            write_end(end, to);
        }
        to.instant(self.next);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let [has_begun] = from.flags()?;
        let began = from.if_set(has_begun, |from| Ok((from.instant()?, read_end(from)?)))?;
        Ok(Self { began, next: from.instant()? })
    }
}

fn write_end(end: Expiry, to: &mut Writer<'_>) {
    to.flags([end == Expiry::NEVER]);
    to.end(end);
}

fn read_end(from: &mut Reader<'_>) -> Decoded<Expiry> {
    let [is_never] = from.flags()?;
    from.end(is_never)
}
