//! The code of each rejection, and its step in the precedence, in the order of the precedence.

use super::Rejection;

/// The step of the precedence at which a rejection stands.
///
/// Precedence, if several apply: first whether the request repeats another (its key, its external id), then its fields in
/// the order of their documentation, then time (rule T6, for both accounts if there are two), then whether what it names
/// exists, then terms and policies, then missing value, and last an account's limits. [`Rejection::class`] gives the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RejectionClass {
    /// It repeats another request, with other content.
    Identity,
    /// One of its fields cannot be.
    Field,
    /// It comes too late to be that early.
    Time,
    /// It names what does not exist.
    Unknown,
    /// The terms of a definition or lot, or the program's policies, forbid it.
    Terms,
    /// There is not enough value.
    Value,
    /// A limit of the account is reached.
    Limit,
}

macro_rules! table {
    ($($variant:ident => $code:literal, $class:ident;)*) => {
        impl Rejection {
            /// Every code there is, in the order of the precedence.
            pub const CODES: &'static [&'static str] = &[$($code),*];

            /// A stable code for programs to act on.
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)*
                }
            }

            /// The step of the precedence at which it stands.
            pub const fn class(&self) -> RejectionClass {
                match self {
                    $(Self::$variant { .. } => RejectionClass::$class,)*
                }
            }
        }
    };
}

table! {
    ExternalIdConflict => "external_id_conflict", Identity;
    HandleTaken => "handle_taken", Identity;
    VersionChanged => "version_changed", Identity;
    Missing => "missing_field", Field;
    Contradiction => "contradiction", Field;
    TextLength => "text_length", Field;
    TooMany => "too_many", Field;
    DuplicateLine => "duplicate_line", Field;
    LinesAboveTotal => "lines_above_total", Field;
    NotPositive => "not_positive", Field;
    TooManyDecimals => "too_many_decimals", Field;
    AmountTooLarge => "amount_too_large", Field;
    BasketDiffers => "basket_differs", Field;
    NoEnd => "no_end", Field;
    CalendarPeriod => "calendar_period", Field;
    BadStrategies => "bad_strategies", Field;
    TimeReversed => "time_reversed", Time;
    OccurredAtInFuture => "occurred_at_in_future", Time;
    TooLate => "too_late", Time;
    UnknownDefinition => "unknown_definition", Unknown;
    UnknownRedemption => "unknown_redemption", Unknown;
    UnknownTransaction => "unknown_transaction", Unknown;
    UnknownLot => "unknown_lot", Unknown;
    UnknownHold => "unknown_hold", Unknown;
    DefinitionArchived => "definition_archived", Terms;
    NotAssignable => "not_assignable", Terms;
    AboveMaxValue => "above_max_value", Terms;
    ScopeWidened => "scope_widened", Terms;
    RemainingAboveInitial => "remaining_above_initial", Terms;
    TimeOutOfRange => "time_out_of_range", Terms;
    NeverUsable => "never_usable", Terms;
    NoExchangeRate => "no_exchange_rate", Terms;
    BasketRequired => "basket_required", Terms;
    BelowMinimumSpend => "below_minimum_spend", Terms;
    CapExceeded => "cap_exceeded", Terms;
    AboveBasket => "above_basket", Terms;
    ExternalIdFixed => "external_id_fixed", Terms;
    TransactionVoid => "transaction_void", Terms;
    LinesRequired => "lines_required", Terms;
    RedemptionReversed => "redemption_reversed", Terms;
    RedemptionLinked => "redemption_linked", Terms;
    RedemptionAboveTotal => "redemption_above_total", Terms;
    RedemptionReturned => "redemption_returned", Terms;
    ReversalWindowOver => "reversal_window_over", Terms;
    HoldCaptured => "hold_captured", Terms;
    HoldReleased => "hold_released", Terms;
    HoldLapsed => "hold_lapsed", Terms;
    SameProfile => "same_profile", Terms;
    AlreadyMerged => "already_merged", Terms;
    LotRevoked => "lot_revoked", Terms;
    NotExtendable => "not_extendable", Terms;
    NotReassignable => "not_reassignable", Terms;
    NeverExpires => "never_expires", Terms;
    Shortens => "shortens", Terms;
    LotExpired => "lot_expired", Terms;
    TransferLimit => "transfer_limit", Terms;
    NothingLeft => "nothing_left", Value;
    LotHeld => "lot_held", Value;
    CaptureAboveHold => "capture_above_hold", Value;
    ReturnAboveRedemption => "return_above_redemption", Value;
    ReturnAboveLine => "return_above_line", Value;
    ReturnAboveTransaction => "return_above_transaction", Value;
    TotalBelowReturned => "total_below_returned", Value;
    InsufficientValue => "insufficient_value", Value;
    AccountTotalExceeded => "account_total_exceeded", Limit;
    JournalFull => "journal_full", Limit;
}

impl Rejection {
    /// The field of the request that it is about, by its name in JSON; `None` where it is about none of them.
    pub fn field(&self) -> Option<&str> {
        Some(match self {
            Self::Missing { field }
            | Self::NoEnd { field }
            | Self::CalendarPeriod { field }
            | Self::Contradiction { field, .. }
            | Self::TextLength { field, .. }
            | Self::TooMany { field, .. }
            | Self::NotPositive { field }
            | Self::TooManyDecimals { field, .. }
            | Self::AmountTooLarge { field, .. }
            | Self::TimeOutOfRange { field }
            | Self::NeverUsable { field, .. }
            | Self::UnknownDefinition { field }
            | Self::DefinitionArchived { field, .. }
            | Self::NotAssignable { field, .. }
            | Self::AboveMaxValue { field, .. }
            | Self::RedemptionAboveTotal { field, .. }
            | Self::UnknownLot { field, .. }
            | Self::NothingLeft { field, .. }
            | Self::LotRevoked { field, .. }
            | Self::NotReassignable { field, .. }
            | Self::LotExpired { field, .. }
            | Self::LotHeld { field, .. }
            | Self::InsufficientValue { field, .. }
            | Self::AccountTotalExceeded { field } => field,
            Self::ExternalIdConflict { .. } | Self::ExternalIdFixed { .. } => "external_id",
            Self::HandleTaken { .. } => "handle",
            Self::RemainingAboveInitial { .. } => "value_remaining",
            Self::BadStrategies | Self::NoExchangeRate => "strategies",
            Self::TimeReversed { .. } => "at",
            Self::OccurredAtInFuture { .. } | Self::TooLate { .. } => "occurred_at",
            Self::BasketRequired | Self::BasketDiffers { .. } => "basket_total",
            Self::BelowMinimumSpend { .. } => "basket_total",
            Self::DuplicateLine { .. } | Self::ReturnAboveLine { .. } => "lines",
            Self::LinesAboveTotal | Self::LinesRequired => "lines",
            Self::ScopeWidened { .. } => "scope",
            Self::TransferLimit { .. } => "value",
            Self::CapExceeded { .. }
            | Self::AboveBasket { .. }
            | Self::CaptureAboveHold { .. }
            | Self::ReturnAboveRedemption { .. }
            | Self::ReturnAboveTransaction { .. } => "amount",
            Self::TotalBelowReturned { .. } => "total",
            Self::UnknownRedemption { .. }
            | Self::RedemptionReversed { .. }
            | Self::RedemptionLinked { .. }
            | Self::RedemptionReturned { .. }
            | Self::ReversalWindowOver { .. } => "redemption_id",
            Self::UnknownTransaction { .. } | Self::TransactionVoid { .. } => "transaction_id",
            Self::UnknownHold { .. }
            | Self::HoldCaptured { .. }
            | Self::HoldReleased { .. }
            | Self::HoldLapsed { .. } => "hold_id",
            Self::NotExtendable { .. } | Self::NeverExpires { .. } => "ids",
            Self::Shortens { .. } => "extend_date",
            Self::SameProfile | Self::AlreadyMerged => "profile_id",
            Self::VersionChanged { .. } | Self::JournalFull => return None,
        })
    }
}
