use super::field::{Field, listed};
use crate::id::{DefinitionId, ExternalId, HoldId, LotId, RedemptionId, TransactionId};
use crate::journal::External;
use crate::time::{TimeError, Timestamp};
use crate::value::{Amount, Quantity};
use serde::{Deserialize, Serialize};

/// A request that the rules do not allow. Nothing was changed by it.
/// [`Rejection::code`] is stable and for programs; the text is for people and names the field and the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rejection {
    /// The external id was used before, for something else (rules [D5](crate::guide::rules#d5) and [X2](crate::guide::rules#x2)).
    #[error("external_id: `{}` was used before with other content (rule {})", external.as_str(), external.rule())]
    ExternalIdConflict {
        /// The id.
        external: External,
        /// What was made with it at first, by its id.
        first: u64,
    },
    /// The handle belongs to another definition (rule [D1](crate::guide::rules#d1)).
    #[error("handle: `{}` belongs to definition {first} (rule D1)", external.as_str())]
    HandleTaken {
        /// The handle.
        external: External,
        /// The definition that it belongs to.
        first: DefinitionId,
    },
    /// Something was written to the account since the request was made for it (rule J6).
    #[error("the account has {found} entries, and the request was made for {expected} (rule J6)")]
    VersionChanged {
        /// How many entries the request was made for.
        expected: u32,
        /// How many there are.
        found: u32,
    },
    /// A field that this request needs was left out.
    #[error("{field}: is required")]
    Missing {
        /// The field of the request.
        field: Field,
    },
    /// A date was wanted, and this says never (rules [T4](crate::guide::rules#t4) and [L1](crate::guide::rules#l1)).
    #[error("{field}: must be a date; for no end, leave it out (rule T4)")]
    NoEnd {
        /// The field of the request.
        field: Field,
    },
    /// A period to the end of a calendar week, month or year, where one is counted (rule [T9](crate::guide::rules#t9)).
    #[error("{field}: must be days, weeks, months or years (rule T9)")]
    CalendarPeriod {
        /// The field of the request.
        field: Field,
    },
    /// Two fields were given of which only one can hold.
    #[error("{field}: cannot be given together with {other}")]
    Contradiction {
        /// The field of the request.
        field: Field,
        /// The other field.
        other: Field,
    },
    /// A field that names something is of a length that the ledger does not keep.
    #[error("{field}: must be 1 to {max} bytes long")]
    TextLength {
        /// The field of the request.
        field: Field,
        /// The most bytes.
        max: usize,
    },
    /// A list is longer than the ledger keeps (rule [S1](crate::guide::rules#s1)).
    #[error("{field}: may have at most {max} entries (rule S1)")]
    TooMany {
        /// The field of the request.
        field: Field,
        /// The most that there may be.
        max: usize,
    },
    /// Two lines have the same id (rule [S1](crate::guide::rules#s1)).
    #[error("lines: the id `{line}` appears twice (rule S1)")]
    DuplicateLine {
        /// The id.
        line: String,
    },
    /// The lines of a transaction add up to more than its total (rule [K2](crate::guide::rules#k2)).
    #[error("lines: they add up to more than the total (rule K2)")]
    LinesAboveTotal,
    /// The basket's total is not the sum of its lines (rule [S1](crate::guide::rules#s1)).
    #[error("basket_total: {basket_total} is not the {lines} that the lines add up to (rule S1)")]
    BasketDiffers {
        /// The total.
        basket_total: Amount,
        /// The sum of the lines.
        lines: Amount,
    },
    /// A quantity is zero where value would move (rule [Q6](crate::guide::rules#q6)).
    #[error("{field}: must be above zero (rule Q6)")]
    NotPositive {
        /// The field of the request.
        field: Field,
    },
    /// A quantity has more decimals than the currency or the points (rules [Q1](crate::guide::rules#q1) and [Q4](crate::guide::rules#q4)).
    #[error("{field}: {value} has more than {allowed} decimals, and amounts are never rounded (rule Q1)")]
    TooManyDecimals {
        /// The field of the request.
        field: Field,
        /// What it says.
        value: Quantity,
        /// How many decimals there may be.
        allowed: u8,
    },
    /// A quantity is above the largest single amount (rule [Q3](crate::guide::rules#q3)).
    #[error("{field}: {value} is above 1000000000000 (rule Q3)")]
    AmountTooLarge {
        /// The field of the request.
        field: Field,
        /// What it says.
        value: Quantity,
    },
    /// More is left of a lot than it had at first (rule [D2](crate::guide::rules#d2)).
    #[error("value_remaining: {remaining} is above value_initial {initial} (rule D2)")]
    RemainingAboveInitial {
        /// What is left.
        remaining: Quantity,
        /// What it had.
        initial: Quantity,
    },
    /// A time or period leads to no instant that the ledger can hold (rule [T1](crate::guide::rules#t1)).
    #[error("{field}: {}", TimeError::OutOfRange)]
    TimeOutOfRange {
        /// The field of the request.
        field: Field,
    },
    /// The lot would expire before it becomes available (rule [D7](crate::guide::rules#d7)).
    #[error("{field}: the lot would expire before it becomes available at {available_at} (rule D7)")]
    NeverUsable {
        /// The field of the request.
        field: Field,
        /// When it would become available.
        available_at: Timestamp,
    },
    /// The list of strategies is empty, or names one twice (rule [C3](crate::guide::rules#c3)).
    #[error("strategies: must name rewards, points or both, each once (rule C3)")]
    BadStrategies,
    /// The request's time is before the account's last entry, by more than the tolerance (rule [T6](crate::guide::rules#t6)).
    #[error("at: {at} is before the account's last entry at {last} (rule T6)")]
    TimeReversed {
        /// The request's time.
        at: Timestamp,
        /// The last entry's.
        last: Timestamp,
    },
    /// It is said to have happened after the instant of the decision (rule [T10](crate::guide::rules#t10)).
    #[error("occurred_at: {occurred_at} is after {at} (rule T10)")]
    OccurredAtInFuture {
        /// When it is said to have happened.
        occurred_at: Timestamp,
        /// The instant of the decision.
        at: Timestamp,
    },
    /// It happened longer ago than the program lets be sent late (rule [T10](crate::guide::rules#t10)).
    #[error(
        "occurred_at: {occurred_at} is before {earliest}, the earliest that can still be sent (rule T10)"
    )]
    TooLate {
        /// When it happened.
        occurred_at: Timestamp,
        /// The earliest that it may have happened.
        earliest: Timestamp,
    },
    /// There is no such definition, or it is of the other kind (rule [D2](crate::guide::rules#d2)).
    #[error("{field}: there is no such definition (rule D2)")]
    UnknownDefinition {
        /// The field that names it.
        field: Field,
    },
    /// There is no such redemption of this profile (rule [X1](crate::guide::rules#x1)).
    #[error("redemption_id: {redemption} is not a redemption of this profile (rule X1)")]
    UnknownRedemption {
        /// The id.
        redemption: RedemptionId,
    },
    /// There is no such transaction of this profile (rule [X1](crate::guide::rules#x1)).
    #[error("transaction_id: {transaction} is not a transaction of this profile (rule X1)")]
    UnknownTransaction {
        /// The id.
        transaction: TransactionId,
    },
    /// The transaction has another external id, which stays (rule [X6](crate::guide::rules#x6)).
    #[error("external_id: transaction {transaction} has `{external_id}`, which stays (rule X6)")]
    ExternalIdFixed {
        /// The transaction.
        transaction: TransactionId,
        /// The external id that it has.
        external_id: ExternalId,
    },
    /// The transaction is void (rule [X6](crate::guide::rules#x6)).
    #[error("transaction_id: {transaction} is void (rule X6)")]
    TransactionVoid {
        /// The id.
        transaction: TransactionId,
    },
    /// The definition was archived (rule [D3](crate::guide::rules#d3)).
    #[error("{field}: definition {definition} is archived (rule D3)")]
    DefinitionArchived {
        /// The field of the request.
        field: Field,
        /// The definition.
        definition: DefinitionId,
    },
    /// The definition is not assignable (rule [D2](crate::guide::rules#d2)).
    #[error("{field}: definition {definition} is not assignable (rule D2)")]
    NotAssignable {
        /// The field of the request.
        field: Field,
        /// The definition.
        definition: DefinitionId,
    },
    /// The value is above the definition's `max_value` (rule [D2](crate::guide::rules#d2)).
    #[error("{field}: {value} is above the definition's max_value {max} (rule D2)")]
    AboveMaxValue {
        /// The field of the request.
        field: Field,
        /// The value.
        value: Quantity,
        /// The definition's most.
        max: Quantity,
    },
    /// The program has no exchange rate, so points cannot pay (rule [Q4](crate::guide::rules#q4)).
    #[error("strategies: points cannot pay without an exchange rate (rule Q4)")]
    NoExchangeRate,
    /// The program has a minimum spend or a share, and the request does not say what the basket is worth (rule [C6](crate::guide::rules#c6)).
    #[error("basket_total: is required by the program's minimum spend or share (rule C6)")]
    BasketRequired,
    /// The basket is below the program's minimum spend (rule [C6](crate::guide::rules#c6)).
    #[error("basket_total: {basket} is below the minimum spend of {minimum} (rule C6)")]
    BelowMinimumSpend {
        /// What the basket is worth.
        basket: Amount,
        /// The least that it must be.
        minimum: Amount,
    },
    /// The amount is above what the program lets one redemption take (rule [C6](crate::guide::rules#c6)).
    #[error("amount: {requested} is above the cap of {cap} (rule C6)")]
    CapExceeded {
        /// What was asked for.
        requested: Amount,
        /// The most that can be taken.
        cap: Amount,
    },
    /// The amount is above what the lines cost together (rule [S1](crate::guide::rules#s1)).
    #[error("amount: {requested} is above the {basket} that the lines add up to (rule S1)")]
    AboveBasket {
        /// What was asked for.
        requested: Amount,
        /// The sum of the lines.
        basket: Amount,
    },
    /// The scope would let the reward pay more than its definition does (rule [S2](crate::guide::rules#s2)).
    #[error("scope: may only narrow that of definition {definition} (rule S2)")]
    ScopeWidened {
        /// The definition.
        definition: DefinitionId,
    },
    /// The redemption was reversed (rule [X1](crate::guide::rules#x1)).
    #[error("redemption_id: {redemption} was reversed (rule X1)")]
    RedemptionReversed {
        /// The redemption.
        redemption: RedemptionId,
    },
    /// The redemption is linked to another transaction (rule [X1](crate::guide::rules#x1)).
    #[error("redemption_id: {redemption} is linked to transaction {transaction} (rule X1)")]
    RedemptionLinked {
        /// The redemption.
        redemption: RedemptionId,
        /// The transaction.
        transaction: TransactionId,
    },
    /// The redemption took more than the purchase would have cost (rule [X1](crate::guide::rules#x1)).
    #[error("{field}: the redemption took {redeemed}, more than total_original {total_original} (rule X1)")]
    RedemptionAboveTotal {
        /// The field of the request.
        field: Field,
        /// What it took, less what was returned.
        redeemed: Amount,
        /// What the purchase would have cost.
        total_original: Amount,
    },
    /// There is no such lot of this profile (rule [L1](crate::guide::rules#l1)).
    #[error("{field}: {} not among the lots of this profile (rule L1)", listed(lots))]
    UnknownLot {
        /// The field of the request.
        field: Field,
        /// The lots.
        lots: Vec<LotId>,
    },
    /// There is no such hold of this profile (rule [H3](crate::guide::rules#h3)).
    #[error("hold_id: {hold} is not a hold of this profile (rule H3)")]
    UnknownHold {
        /// The hold.
        hold: HoldId,
    },
    /// The hold was captured before (rule [H3](crate::guide::rules#h3)).
    #[error("hold_id: {hold} was captured before (rule H3)")]
    HoldCaptured {
        /// The hold.
        hold: HoldId,
    },
    /// The hold was released before (rule [H3](crate::guide::rules#h3)).
    #[error("hold_id: {hold} was released before (rule H3)")]
    HoldReleased {
        /// The hold.
        hold: HoldId,
    },
    /// The hold's time was over (rule [H3](crate::guide::rules#h3)).
    #[error("hold_id: {hold} lapsed (rule H3)")]
    HoldLapsed {
        /// The hold.
        hold: HoldId,
    },
    /// The capture is of more than is held (rule [H2](crate::guide::rules#h2)).
    #[error("amount: {requested} is above the {held} that is held (rule H2)")]
    CaptureAboveHold {
        /// What was asked for.
        requested: Amount,
        /// What is held.
        held: Amount,
    },
    /// The return is of more than is left of the redemption (rule [R2](crate::guide::rules#r2)).
    #[error("amount: {requested} is above the {left} that can still be returned (rule R2)")]
    ReturnAboveRedemption {
        /// What was asked for.
        requested: Amount,
        /// What is left.
        left: Amount,
    },
    /// The return is of more than is left of a line (rules [S5](crate::guide::rules#s5) and [K2](crate::guide::rules#k2)).
    #[error("lines: more is returned of line `{line}` than the {left} that is left of it (rules S5 and K2)")]
    ReturnAboveLine {
        /// The line.
        line: String,
        /// What is left of it.
        left: Amount,
    },
    /// The transaction earned by its lines, so a return or a lower total must say which (rule [K2](crate::guide::rules#k2)).
    #[error("lines: are required, as the transaction earned by its lines (rule K2)")]
    LinesRequired,
    /// Part of the redemption was returned before, so it cannot be reversed (rule [R4](crate::guide::rules#r4)).
    #[error("redemption_id: {returned} of redemption {redemption} was returned before (rule R4)")]
    RedemptionReturned {
        /// The redemption.
        redemption: RedemptionId,
        /// What was returned.
        returned: Amount,
    },
    /// It is too late to reverse the redemption (rule [R4](crate::guide::rules#r4)).
    #[error("redemption_id: {redemption} could be reversed until {until} (rule R4)")]
    ReversalWindowOver {
        /// The redemption.
        redemption: RedemptionId,
        /// The last instant at which it could be.
        until: Timestamp,
    },
    /// The return is of more than is left of the purchase (rule [X4](crate::guide::rules#x4)).
    #[error("amount: {requested} is above the {left} that can still be returned (rule X4)")]
    ReturnAboveTransaction {
        /// What was asked for.
        requested: Amount,
        /// What is left.
        left: Amount,
    },
    /// The new total is below what was returned (rule [X6](crate::guide::rules#x6)).
    #[error("total: {total} is below the {returned} that was returned (rule X6)")]
    TotalBelowReturned {
        /// The new total.
        total: Amount,
        /// What was returned.
        returned: Amount,
    },
    /// The terms of the lots do not allow to extend them (rule [L1](crate::guide::rules#l1)).
    #[error("ids: {} not extendable (rule L1)", listed(lots))]
    NotExtendable {
        /// The lots.
        lots: Vec<LotId>,
    },
    /// The lots never expire (rule [L1](crate::guide::rules#l1)).
    #[error("ids: {} without an expiry (rule L1)", listed(lots))]
    NeverExpires {
        /// The lots.
        lots: Vec<LotId>,
    },
    /// The date is before the lots' expiry, and extending never shortens (rule [L1](crate::guide::rules#l1)).
    #[error("extend_date: {} already valid for longer (rule L1)", listed(lots))]
    Shortens {
        /// The lots.
        lots: Vec<LotId>,
    },
    /// Nothing is left of the lots (rule [L1](crate::guide::rules#l1)).
    #[error("{field}: {} empty (rule L1)", listed(lots))]
    NothingLeft {
        /// The field of the request.
        field: Field,
        /// The lots.
        lots: Vec<LotId>,
    },
    /// The lots were taken back by the shop (rule [L3](crate::guide::rules#l3)).
    #[error("{field}: {} revoked (rule L3)", listed(lots))]
    LotRevoked {
        /// The field of the request.
        field: Field,
        /// The lots.
        lots: Vec<LotId>,
    },
    /// The terms of the lot do not allow to move it to another profile (rule [L2](crate::guide::rules#l2)).
    #[error("{field}: {lot} is not reassignable (rule L2)")]
    NotReassignable {
        /// The field of the request.
        field: Field,
        /// The lot.
        lot: LotId,
    },
    /// The lot has expired, so there is nothing to move (rule [L2](crate::guide::rules#l2)).
    #[error("{field}: {lot} has expired (rule L2)")]
    LotExpired {
        /// The field of the request.
        field: Field,
        /// The lot.
        lot: LotId,
    },
    /// Part of the lot is held, and held value stays where it is (rule [L4](crate::guide::rules#l4)).
    #[error("{field}: {held} of {lot} is held (rule L4)")]
    LotHeld {
        /// The field of the request.
        field: Field,
        /// The lot.
        lot: LotId,
        /// What of it is held.
        held: Quantity,
    },
    /// Both profiles are the same (rule [L2](crate::guide::rules#l2)).
    #[error("profile_id: must be another profile (rule L2)")]
    SameProfile,
    /// The profile was merged into another before (rule [L2](crate::guide::rules#l2)).
    #[error("profile_id: was merged into another profile before (rule L2)")]
    AlreadyMerged,
    /// There is less value than was asked for, or none (rule [C4](crate::guide::rules#c4)).
    #[error("{field}: {requested} was requested and {available} is available (rule C4)")]
    InsufficientValue {
        /// The field of the request.
        field: Field,
        /// What was asked for.
        requested: Quantity,
        /// What there is for the strategies, or of the lots, that were named.
        available: Quantity,
    },
    /// The sender may not transfer so much on one day (rule [L5](crate::guide::rules#l5)).
    #[error("value: {requested} is above the {left} that can be transferred today (rule L5)")]
    TransferLimit {
        /// What was asked for.
        requested: Quantity,
        /// What is left of the program's limit.
        left: Quantity,
    },
    /// The account's total would leave its bounds (rule [Q3](crate::guide::rules#q3)).
    #[error("{field}: the account would hold more than 900000000000000 (rule Q3)")]
    AccountTotalExceeded {
        /// The field of the request.
        field: Field,
    },
    /// The account's journal has no numbers left (a little over four million).
    #[error("the account's journal is full (rule J1)")]
    JournalFull,
}
