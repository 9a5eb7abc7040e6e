//! The binary form of periods.

use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::time::{Period, PeriodType};

impl Binary for Period {
    fn write(&self, to: &mut Writer<'_>) {
        self.unit.write(to);
        to.number(self.count.into());
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let unit = Binary::read(from)?;
        Ok(Self { count: from.small()?, unit })
    }
}

impl Binary for PeriodType {
    fn write(&self, to: &mut Writer<'_>) {
        to.number(match self {
            Self::Days => 0,
            Self::Weeks => 1,
            Self::Months => 2,
            Self::Years => 3,
            Self::AbsoluteWeek => 4,
            Self::AbsoluteMonth => 5,
            Self::AbsoluteYear => 6,
            Self::AbsoluteDate => 7,
        });
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        match from.number()? {
            0 => Ok(Self::Days),
            1 => Ok(Self::Weeks),
            2 => Ok(Self::Months),
            3 => Ok(Self::Years),
            4 => Ok(Self::AbsoluteWeek),
            5 => Ok(Self::AbsoluteMonth),
            6 => Ok(Self::AbsoluteYear),
            7 => Ok(Self::AbsoluteDate),
            newer => Err(from.newer(newer)),
        }
    }
}
