//! The steps, carried out on plain maps, come to what the wallet says.

use std::collections::BTreeMap;

use super::*;
use crate::id::ProfileId;
use crate::value::json;
use crate::view::Wallet;

/// A row of the table of lots, as a store keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    initial: i64,
    remaining: i64,
    held: i64,
    expires_at: Option<i64>,
    standing: &'static str,
    external_id: Option<String>,
}

#[derive(Default)]
struct Tables {
    lots: BTreeMap<LotId, Row>,
    redemptions: BTreeMap<RedemptionId, (i64, i64, bool)>,
    items: BTreeMap<(RedemptionId, u32), Item>,
    transactions: BTreeMap<crate::id::TransactionId, Transaction>,
    balances: Balances,
}

impl Tables {
    fn follow(&mut self, entry: &Entry) {
        let raw = Quantity::ten_thousandths;
        for step in steps(entry) {
            match step {
                Step::Account { balances, .. } => self.balances = balances,
                Step::Definition(_) => panic!("a profile defines nothing"),
                Step::Lot(LotRow { issue, standing, held, external_id }) => {
                    let row = Row {
                        initial: raw(issue.value_initial),
                        remaining: raw(issue.value_remaining),
                        held: raw(held),
                        expires_at: end_micros(issue.expires_at),
                        standing: standing_words(standing).0,
                        external_id: external_id.map(str::to_owned),
                    };
                    self.lots.insert(issue.lot, row);
                }
                Step::Facts(issue) => self.lot(issue.lot).initial = raw(issue.value_initial),
                Step::Take { lot, value, of_held } => {
                    self.lot(lot).remaining -= raw(value);
                    self.lot(lot).held -= if of_held { raw(value) } else { 0 };
                }
                Step::Hold { lot, value } => self.lot(lot).held += raw(value),
                Step::Free { lot, value } => self.lot(lot).held -= raw(value),
                Step::Stands { after } => {
                    let row = self.lot(after.lot);
                    row.remaining = raw(after.remaining);
                    row.expires_at = end_micros(after.expires_at);
                    row.standing = standing_words(after.standing).0;
                    row.held *= i64::from(row.standing != "moved");
                }
                Step::Mature { lot } => self.lot(lot).standing = "usable",
                Step::Redeem { redeemed, .. } => {
                    let total = redeemed.total.ten_thousandths();
                    self.redemptions.insert(redeemed.redemption, (total, 0, false));
                }
                Step::Item { redemption, place, item } => {
                    self.items.insert((redemption, place), item);
                }
                Step::Redemption(state) => {
                    if let Some(row) = self.redemptions.get_mut(&state.id) {
                        (row.1, row.2) = (state.returned.ten_thousandths(), state.is_reversed);
                    }
                }
                Step::Transaction(transaction) => {
                    self.transactions.insert(transaction.id, transaction.clone());
                }
            }
        }
    }

    fn lot(&mut self, id: LotId) -> &mut Row {
        self.lots.get_mut(&id).expect("a lot comes before it changes")
    }
}

fn entries() -> Vec<Entry> {
    json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap()
}

#[test]
fn the_rows_say_what_the_wallet_says() {
    let (mut tables, entries) = (Tables::default(), entries());
    for length in 1..=entries.len() {
        tables.follow(&entries[length - 1]);
        let (alice, number) = (ProfileId::new("alice").unwrap(), ProfileNumber::new(1).unwrap());
        let at = entries[length - 1].at;
        let wallet = Wallet::fold(alice, number, &entries[..length], at).unwrap();
        let rewards = wallet.rewards().into_iter().map(|lot| {
            let (initial, remaining, held) = (lot.value_initial, lot.value_remaining, lot.value_held);
            (lot.id, [initial, remaining, held].map(|q| q.ten_thousandths()), lot.expires_at, lot.external_id)
        });
        let points = wallet.points().into_iter().map(|lot| {
            let (initial, remaining, held) = (lot.value_initial, lot.value_remaining, lot.value_held);
            (lot.id, [initial, remaining, held].map(|q| q.ten_thousandths()), lot.expires_at, lot.external_id)
        });
        let mut seen = 0;
        for (id, values, expires_at, external_id) in rewards.chain(points) {
            let row = tables.lots.get(&id).expect("every lot has a row");
            assert_eq!([row.initial, row.remaining, row.held], values, "{id:?} after entry {length}");
            assert_eq!(row.expires_at, end_micros(expires_at));
            assert_eq!(row.external_id.as_deref(), external_id.as_ref().map(|id| id.as_str()));
            seen += 1;
        }
        assert_eq!(seen, tables.lots.len());
        let redemptions = wallet.redemptions().map(|redemption| {
            let returned = redemption.returned.ten_thousandths();
            (redemption.id, (redemption.total.ten_thousandths(), returned, redemption.is_reversed))
        });
        assert_eq!(tables.redemptions, redemptions.collect());
        let items = wallet
            .redemptions()
            .flat_map(|redemption| (1..).zip(&redemption.items).map(|(n, item)| ((redemption.id, n), *item)));
        assert_eq!(tables.items, items.collect());
        assert_eq!(tables.balances, entries[length - 1].balances);
        for transaction in wallet.transactions() {
            assert_eq!(tables.transactions.get(&transaction.id), Some(transaction));
        }
    }
    let standings: std::collections::BTreeSet<_> = tables.lots.values().map(|lot| lot.standing).collect();
    assert_eq!(standings.into_iter().collect::<Vec<_>>(), ["expired", "moved", "usable"]);
}
