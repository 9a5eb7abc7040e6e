use super::*;

/// The fast check and the exact sum agree, also where four large parts approach the bound together (rule Q3).
#[test]
fn there_is_room_up_to_the_bound_and_not_beyond() {
    let most = Quantity::MAX_TOTAL.ten_thousandths();
    let sizes = [0, 1, (1 << 60) - 1, 1 << 60, 1 << 61, (1 << 62) - 1, most - 1, most];
    let sizes = sizes.map(|raw| Quantity::from_ten_thousandths(raw).unwrap());
    for issued in sizes {
        for adjusted in sizes.into_iter().flat_map(|size| [Delta::ZERO.up(size), Delta::ZERO.down(size)]) {
            for moved in sizes.into_iter().flat_map(|size| [Delta::ZERO.up(size), Delta::ZERO.down(size)]) {
                let pot = KindTotals { issued, adjusted, moved, ..KindTotals::EMPTY };
                for more in sizes {
                    assert_eq!(pot.has_room_for(more), pot.has_room_exactly(more), "{pot:?} and {more:?}");
                }
            }
        }
    }
    let full = KindTotals { issued: Quantity::MAX_TOTAL, ..KindTotals::EMPTY };
    assert!(full.has_room_for(Quantity::ZERO) && !full.has_room_for(sizes[1]));
}
