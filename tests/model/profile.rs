//! Everything there ever was of one profile, in plain lists. What it comes to at some moment is worked out from the
//! beginning each time that somebody asks, in [`super::sight`].

use scrip::definition::{Scope, Terms};
use scrip::id::ExternalId;
use scrip::journal::{Bucket, LotKind};
use scrip::json::Json;
use scrip::program::Activities;
use scrip::time::Period;
use scrip::{DefinitionId, PostTransaction, ProfileId};

use super::calendar::Micros;
pub(crate) use super::cut::{Cut, SINCE};
use super::money::{Exchange, Raw};
use super::owed::Owed;
use super::shares::{Less, Paid};

#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) id: ProfileId,
    /// The number that the store drew for it, once the ledger has told.
    pub(crate) number: Option<u32>,
    /// What counts as activity (rule T9).
    pub(crate) counts: Activities,
    /// The journal, as the rules say that it should read. The first entry has the sequence number 1.
    pub(crate) journal: Vec<Written>,
    /// Every lot each time that it came.
    pub(crate) lots: Vec<Lot>,
    /// All that ever went into a lot or out of it, and what moved past the lots.
    pub(crate) flows: Vec<Flow>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) redemptions: Vec<Redemption>,
    pub(crate) returns: Vec<Return>,
    /// What was sent to others.
    pub(crate) transfers: Vec<Transferred>,
    /// The lots that were extended together.
    pub(crate) extensions: Vec<Vec<usize>>,
    /// Every transaction each time that it was posted, changed or deleted.
    pub(crate) versions: Vec<Version>,
    /// What transactions owe more, or less (rule X5).
    pub(crate) owed: Vec<Owed>,
    /// The profile that it was merged into, by its place, and the entry that says so (rule L2).
    pub(crate) merged: Option<(u32, usize)>,
}

/// A journal entry: when, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) at: Micros,
    pub(crate) what: What,
}

/// What a journal entry tells, by the place in the profile's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Issued(usize),
    Matured(usize, Raw),
    Expired(usize, Raw),
    Lapsed(usize),
    Redeemed(usize),
    Held(usize),
    Captured(usize, usize),
    Released(usize),
    Returned(usize),
    Extended(usize),
    Revoked(usize),
    Adjusted(usize),
    MovedOut(usize),
    MovedIn(usize),
    Transferred(usize),
    Transacted(usize),
    /// A transaction by its id, the points that came into its lot, and what paid a debt.
    EarnedMore(u64, Raw, Raw),
    /// A transaction by its id, the points, what came from its lots, what is owed, and what is short.
    ClawedBack(u64, Raw, Raw, Raw, Raw),
    MergedOut,
    /// With the last activity of the profile that came.
    MergedIn(Option<Micros>),
}

impl What {
    /// Whether it happens by itself (rule T7).
    pub(crate) const fn is_clock(self) -> bool {
        matches!(self, Self::Matured(..) | Self::Lapsed(_) | Self::Expired(..))
    }
}

/// A lot, for as long as it is with the profile.
#[derive(Clone, Debug)]
pub(crate) struct Lot {
    /// Its id, where another profile issued it.
    pub(crate) foreign: Option<u64>,
    /// The number of the entry by which it came.
    pub(crate) sequence: u32,
    pub(crate) kind: LotKind,
    pub(crate) definition: Option<DefinitionId>,
    pub(crate) issued_at: Micros,
    pub(crate) available_at: Micros,
    pub(crate) terms: Terms,
    /// What it may be spent on (rule S2).
    pub(crate) scope: Option<Box<Scope>>,
    /// The last activity before it came, of the profile that it came from (rule T9).
    pub(crate) active_from: Micros,
    pub(crate) external_id: Option<ExternalId>,
    pub(crate) source_type: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) origin: Option<Origin>,
    /// The transaction, by its id, whose own lot it is as long as it is here (rule X5).
    pub(crate) own: Option<u64>,
    /// What can be corrected, each time that it was.
    pub(crate) facts: Vec<Fact>,
    /// The entry by which it was taken back (rule L3).
    pub(crate) revoked: Option<u32>,
    /// The entry by which it went, to whom, and how much with it (rule L2).
    pub(crate) moved: Option<(u32, usize, Raw)>,
}

/// Why a lot came to be, where nobody asked for it by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By a redemption, of what a lot had given (rule R3); and the transaction whose own lot it is.
    Returned(u64, u64, Option<u64>),
    /// By a transaction; so much paid a debt, and was clawed back at once, instead (rules X3 to X5). The lot that it had
    /// before is with a profile that was merged, or was reassigned.
    Earned { sale: u64, paid: Raw, clawed_back: Raw, replaces: Option<u64> },
    /// By a transfer, of what a lot of the sender gave (rule L5).
    Transferred(u64, u64),
}

/// Value that went to another profile in new lots (rule L5).
#[derive(Clone, Debug)]
pub(crate) struct Transferred {
    pub(crate) sequence: u32,
    pub(crate) at: Micros,
    pub(crate) to: usize,
    pub(crate) kind: LotKind,
    /// The lot here, the new one there, and how much.
    pub(crate) items: Vec<(usize, usize, Raw)>,
    pub(crate) meta: Option<Json>,
}

/// What a lot is like from an entry on.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) sequence: u32,
    pub(crate) initial: Raw,
    pub(crate) expires_at: Option<Micros>,
    /// The entry that brought the lot back after it had ended, and its instant: inactivity counts from there.
    pub(crate) anew: Option<(u32, Micros)>,
    pub(crate) meta: Option<Json>,
}

/// Value that went into a lot, or out of it if it is below zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) sequence: u32,
    pub(crate) kind: LotKind,
    pub(crate) lot: Option<usize>,
    pub(crate) way: Way,
    pub(crate) value: Raw,
}

/// Where a flow comes from or goes to (rule J3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Issued,
    Redeemed,
    Adjusted,
    Moved,
    ClawedBack,
    /// Past the lots: earned, and owed before.
    PaidToDebt,
    /// Past the lots: earned, and owed by that very transaction before.
    EarnedAndClawedBack,
    /// Past the lots that are here: of what went along in a merger (rule J3).
    Between(Bucket, Bucket),
}

#[derive(Clone, Debug)]
pub(crate) struct Hold {
    /// Its id, where another profile placed it.
    pub(crate) foreign: Option<u64>,
    pub(crate) sequence: u32,
    pub(crate) at: Micros,
    pub(crate) expires_at: Micros,
    pub(crate) requested: Raw,
    pub(crate) items: Vec<Item>,
    pub(crate) lines: Option<Paid>,
    pub(crate) exchange: Option<Exchange>,
    pub(crate) meta: Option<Json>,
    /// The entry by which it ended other than by its time, and how.
    pub(crate) closed: Option<(u32, Closing)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    Captured(usize),
    Released,
    /// It went to the profile that this one was merged into.
    Moved,
}

#[derive(Clone, Debug)]
pub(crate) struct Redemption {
    pub(crate) sequence: u32,
    pub(crate) at: Micros,
    pub(crate) occurred_at: Option<Micros>,
    pub(crate) requested: Raw,
    pub(crate) items: Vec<Item>,
    /// What of each line they paid, if it says what was bought (rule S5).
    pub(crate) lines: Option<Paid>,
    /// At which rate points paid.
    pub(crate) exchange: Option<Exchange>,
    /// The hold that it captured.
    pub(crate) hold: Option<usize>,
    pub(crate) meta: Option<Json>,
    /// The transaction that it is linked to from an entry on; [`SINCE`] for one that is in another journal.
    pub(crate) links: Vec<(u32, Option<u64>)>,
}

/// What one lot gave: money, and the points for it if it is a lot of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) lot: usize,
    pub(crate) amount: Raw,
    pub(crate) points: Raw,
}

/// A return, or a reversal: also one whose redemption is with a profile that was merged into this one.
#[derive(Clone, Debug)]
pub(crate) struct Return {
    pub(crate) sequence: u32,
    pub(crate) at: Micros,
    pub(crate) redemption_id: u64,
    pub(crate) is_reversal: bool,
    pub(crate) requested: Raw,
    pub(crate) items: Vec<Back>,
    /// What came back of which line, or of whatever was paid last.
    pub(crate) less: Vec<Less>,
    pub(crate) meta: Option<Json>,
}

/// What went back of one lot's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Back {
    pub(crate) lot: u64,
    pub(crate) kind: LotKind,
    pub(crate) amount: Raw,
    pub(crate) points: Raw,
    pub(crate) to: BackTo,
    /// What of it was clawed back at once (rule X5).
    pub(crate) clawed_back: Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackTo {
    Lot,
    Expired,
    Revoked,
    /// A new lot, made by the entry with this number.
    New(u32),
    /// Nowhere: all of it was clawed back.
    ClawedBack,
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The profile that posted the transaction, by its place: this one, or one that was merged into it.
    pub(crate) owner: usize,
    /// The number of the entry that posted the transaction.
    pub(crate) made: u32,
    /// The number of this entry.
    pub(crate) sequence: u32,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
    pub(crate) transacted_at: Micros,
    /// What was asked for, with the fields in it that cannot change.
    pub(crate) said: PostTransaction,
    /// What of its total has come back.
    pub(crate) returned: Raw,
    pub(crate) earned: Option<Earned>,
    /// What came back with this entry, and the points clawed back for that.
    pub(crate) came_back: Option<(Raw, Raw)>,
    /// Whether its external id was given with this entry.
    pub(crate) is_named: bool,
    pub(crate) is_deleted: bool,
    pub(crate) is_void: bool,
    /// Whether it was posted with this entry.
    pub(crate) is_posted: bool,
}

impl Version {
    /// Whether nobody sees it (rules X1 and X6).
    pub(crate) fn is_gone(&self) -> bool {
        self.is_deleted && !self.is_void
    }
}

/// What a transaction earns (rule X3): by the program's rule when it was posted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earned {
    /// Whether the points can be redeemed, as their definition said when the transaction was posted (rule K1).
    pub(crate) kind: LotKind,
    /// How long they last without activity, as it said then (rule T9).
    pub(crate) inactivity: Option<Period>,
    /// Whether they can be transferred, as it said then (rule L5).
    pub(crate) can_move: bool,
    pub(crate) points: Raw,
    /// Its newest lot: the profile that issued it, by its place, and the number of the entry.
    pub(crate) lot: Option<(usize, u32)>,
    /// What of the rest counts as taken, as it had been adjusted away.
    pub(crate) written_off: Raw,
}

impl Lot {
    /// Whether a transaction earned it, directly or not, and it was reassigned since (rule X5).
    pub(crate) fn is_former(&self) -> bool {
        let is_earned = matches!(self.origin, Some(Origin::Earned { .. } | Origin::Returned(_, _, Some(_))));
        is_earned && self.own.is_none()
    }
}

pub(crate) fn total(items: &[Item]) -> Raw {
    items.iter().map(|item| item.amount).sum()
}

impl Profile {
    pub(crate) fn new(id: ProfileId, counts: Activities) -> Self {
        Self {
            id,
            counts,
            number: None,
            journal: Vec::new(),
            lots: Vec::new(),
            flows: Vec::new(),
            holds: Vec::new(),
            redemptions: Vec::new(),
            returns: Vec::new(),
            transfers: Vec::new(),
            extensions: Vec::new(),
            versions: Vec::new(),
            owed: Vec::new(),
            merged: None,
        }
    }

    /// The store draws the number when the first entry is written. What that entry made is named after it.
    pub(crate) fn learn_number(&mut self, number: u32) {
        if self.number.is_some() {
            return;
        }
        self.number = Some(number);
        for lot in &mut self.lots {
            let own = lot.own.as_mut().into_iter();
            let earned = lot.origin.as_mut().and_then(|origin| match origin {
                Origin::Earned { sale, .. } => Some(sale),
                Origin::Returned(..) | Origin::Transferred(..) => None,
            });
            let unnamed = own.chain(earned).filter(|sale| **sale >> 22 == 0);
            unnamed.for_each(|sale| *sale |= u64::from(number) << 22);
        }
    }

    pub(crate) fn last_at(&self) -> Option<Micros> {
        self.journal.last().map(|entry| entry.at)
    }

    pub(crate) fn next_sequence(&self) -> u32 {
        u32::try_from(self.journal.len()).unwrap() + 1
    }

    /// Value goes into a lot, or out of it, with the next entry.
    pub(crate) fn flow(&mut self, lot: usize, way: Way, value: Raw) {
        let kind = self.lots[lot].kind;
        self.flows.push(Flow { sequence: self.next_sequence(), kind, lot: Some(lot), way, value });
    }

    /// Value moves past the lots with the next entry.
    pub(crate) fn flow_past(&mut self, kind: LotKind, way: Way, value: Raw) {
        self.flows.push(Flow { sequence: self.next_sequence(), kind, lot: None, way, value });
    }

    pub(crate) fn take(&mut self, items: &[Item]) {
        for item in items {
            self.flow(item.lot, Way::Redeemed, -item.taken());
        }
    }

    /// Writes what happened by itself since the last entry, each at its own instant (rule T7): at one instant lots
    /// become available, then lots expire, then holds lapse.
    pub(crate) fn write_due(&mut self, at: Micros) {
        let last = self.last_at().unwrap_or(at);
        let is_due = |instant: &Micros| (last + 1..=at).contains(instant);
        let mut due: Vec<Written> = Vec::new();
        let before = self.now(last);
        for (hold, placed) in self.holds.iter().enumerate() {
            if self.is_open(placed, before) && is_due(&placed.expires_at) {
                due.push(Written { at: placed.expires_at, what: What::Lapsed(hold) });
            }
        }
        for lot in 0..self.lots.len() {
            let (available_at, end) = (self.lots[lot].available_at, self.expiry(lot, before));
            let free_at = |at| self.free(lot, Cut { at, ..before });
            let is_over = end.is_some_and(|end| end <= available_at);
            if is_due(&available_at) && !is_over && free_at(available_at) > 0 && self.lives(lot, before) {
                due.push(Written { at: available_at, what: What::Matured(lot, free_at(available_at)) });
            }
            // What a hold lets go at that very instant expires with the hold.
            if let Some(end) = end.filter(is_due)
                && free_at(end - 1) > 0
                && self.lives(lot, before)
            {
                due.push(Written { at: end, what: What::Expired(lot, free_at(end - 1)) });
            }
        }
        // Of holds, the one that was placed first; of the rest it makes no difference.
        let lapse =
            |what: What| if let What::Lapsed(hold) = what { self.hold_id(&self.holds[hold]) } else { 0 };
        due.sort_by_key(|entry| (entry.at, lapse(entry.what), entry.what));
        for entry in due {
            if let What::Lapsed(hold) = entry.what {
                let items = self.holds[hold].items.clone();
                items.iter().for_each(|item| self.let_go(item.lot, item.taken()));
            }
            self.journal.push(entry);
        }
    }

    pub(crate) fn write(&mut self, at: Micros, what: What) {
        self.journal.push(Written { at, what });
    }
}
