//! How books are written, for each program that reads them.

use std::fmt::Write as _;

use chrono::NaiveDate;

use crate::id::ProfileNumber;
use crate::value::Sum;

/// The program that reads the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BookFormat {
    /// Beancount, whose `bean-check` checks the balances.
    Beancount,
    /// hledger, whose `check` checks the balances.
    Hledger,
    /// CSV: a row for each line of a posting, and for each balance.
    Csv,
}

/// One line of a posting: positive is a debit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) account: &'a str,
    pub(super) amount: Sum,
    pub(super) commodity: &'a str,
    pub(super) decimals: u8,
}

impl Line<'_> {
    /// With as many decimals as the commodity has, and more only if there are more.
    fn figure(&self) -> String {
        let mut amount = self.amount.to_decimal();
        if amount.scale() < u32::from(self.decimals) {
            amount.rescale(self.decimals.into());
        }
        amount.to_string()
    }
}

impl BookFormat {
    pub(super) fn head(
        self,
        first: NaiveDate,
        accounts: &[&str],
        commodities: [&str; 2],
        is_new: bool,
    ) -> String {
        let mut text = String::new();
        match self {
            Self::Csv => text.push_str("day,entry,reason,account,amount,commodity\n"),
            _ if !is_new => {}
            Self::Beancount => {
                accounts.iter().for_each(|account| line(&mut text, format_args!("{first} open {account}")));
            }
            Self::Hledger => {
                commodities.iter().for_each(|name| line(&mut text, format_args!("commodity {name}")));
                accounts.iter().for_each(|account| line(&mut text, format_args!("account {account}")));
            }
        }
        text
    }

    /// A posting, named by the entry that it is of.
    pub(super) fn transaction(
        self,
        day: NaiveDate,
        (number, sequence): (ProfileNumber, u32),
        reasons: &[&str],
        lines: &[Line<'_>],
        text: &mut String,
    ) {
        let (entry, reason) = (format!("{}-{sequence}", number.get()), reasons.join(", "));
        match self {
            Self::Beancount => line(text, format_args!("\n{day} * \"{reason}\" ^{entry}")),
            Self::Hledger => line(text, format_args!("\n{day} * ({entry}) {reason}")),
            Self::Csv => {}
        }
        for of in lines {
            let (account, figure, commodity) = (of.account, of.figure(), of.commodity);
            match self {
                Self::Beancount => line(text, format_args!("  {account}  {figure} {commodity}")),
                Self::Hledger => line(text, format_args!("    {account}  {figure} {commodity}")),
                Self::Csv => {
                    let reason = reasons.join(" ");
                    line(text, format_args!("{day},{entry},{reason},{account},{figure},{commodity}"));
                }
            }
        }
    }

    /// The balances at the end of a day.
    pub(super) fn balance(self, day: NaiveDate, lines: &[Line<'_>], text: &mut String) {
        // Beancount checks a balance where its day begins.
        let next = day.succ_opt().unwrap_or(day);
        match self {
            Self::Beancount => text.push('\n'),
            Self::Hledger => line(text, format_args!("\n{day} * balances")),
            Self::Csv => {}
        }
        for of in lines {
            let (account, figure, commodity) = (of.account, of.figure(), of.commodity);
            match self {
                Self::Beancount => {
                    line(text, format_args!("{next} balance {account}  {figure} ~ 0 {commodity}"))
                }
                Self::Hledger => {
                    line(text, format_args!("    {account}  0 {commodity} = {figure} {commodity}"))
                }
                Self::Csv => line(text, format_args!("{day},,balance,{account},{figure},{commodity}")),
            }
        }
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}
