//! What a random case is made of: steps that mean something whatever came before them. A step names "the third lot"
//! or "just before the next expiry", and [`super::resolve`] makes a command of that when its turn comes.

use scrip::PeriodType;
use scrip::journal::LotKind;
use scrip::program::ProgramSettings;
use scrip::request::Strategy;

use super::calendar::Micros;

/// A program, the definitions that it begins with, and what happens then.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) program: ProgramSettings,
    pub(crate) start: Micros,
    pub(crate) definitions: Vec<Template>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) wait: Wait,
    pub(crate) key: Option<u8>,
    pub(crate) ask: Ask,
}

/// One of a list, by its place modulo the length.
pub(crate) type Pick = u16;

/// How much later it is, or for this one request earlier.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    Micros(Micros),
    /// To so many ticks after (or before) one of the next instants at which a lot becomes available or expires.
    Edge(Pick, Micros),
    /// The request's clock is so many ticks behind, and the next one's is not.
    Late(Micros),
    /// As far behind the account's last entry as the program tolerates, and so many ticks later (rule T6).
    AtTolerance(Micros),
}

#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Define(Template),
    Redefine(Pick, Template),
    Archive(Pick),
    Issue(Issue),
    Redeem(Redeem),
    /// For so many seconds.
    Hold(Redeem, Option<u32>),
    /// Part of it, for what was bought in the end.
    Capture(Pick, Option<Wish>, Option<Bought>),
    Release(Pick),
    Return(Back),
    Reverse(Pick),
    Extend(Extend),
    Revoke(Pick, bool),
    Adjust(Adjust),
    /// To a profile; whether it says whose it must be.
    Reassign(Pick, u8, bool),
    Transfer(Transfer),
    Merge(u8, u8),
    /// Of a profile, by its number or by its name.
    Sweep(u8, bool),
    Post(Sale),
    /// With whether it is void from now on.
    Update(Pick, Sale, bool),
    Delete(Pick),
    ReturnSale(Pick, Wish),
    /// The same command again; with other content if it has room for any.
    Repeat {
        which: Pick,
        again: Again,
        changed: bool,
    },
}

/// When and how a command comes again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Again {
    /// As it was.
    AsBefore,
    /// Now, and without its key.
    Unkeyed,
    /// One that has a key, now.
    Keyed,
    /// One that has a key, so many ticks after the key's window has passed (rule J5).
    AtKeyWindow(Micros),
}

/// A quantity, at the scale of the currency or of the points.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Money {
    Whole(u32),
    Smallest(u32),
    /// One decimal too many, where there can be.
    TooFine(u32),
    Zero,
    Largest,
    TooLarge,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// So many ticks from now.
    Instant(Micros),
    /// So many days from today, at one of the odd times of [`super::resolve::TIMES`].
    Local(i64, u8),
    /// The last second of the year 9999.
    Last,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Never,
    At(Time),
    /// So many days from today.
    Day(i64),
    /// When another lot expires.
    With(Pick),
}

/// What a reward may be spent on: tags as bits, and a least spend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scoped {
    pub(crate) only: u8,
    pub(crate) except: u8,
    pub(crate) minimum: Option<u32>,
}

/// What is bought: what each line costs, with its tags as bits; and the tags of all of them.
#[derive(Clone, Debug)]
pub(crate) struct Bought {
    pub(crate) lines: Vec<(Money, u8)>,
    pub(crate) tags: u8,
    /// Whether the request says what the basket is worth, in the right way or in another.
    pub(crate) says_total: Option<bool>,
}

#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) kind: LotKind,
    pub(crate) handle: u8,
    pub(crate) value: Option<Money>,
    pub(crate) max_value: Option<Money>,
    pub(crate) period: Option<(u32, PeriodType)>,
    /// Of points.
    pub(crate) inactivity: Option<(u32, PeriodType)>,
    pub(crate) absolute_expiry: Option<End>,
    pub(crate) zone: Option<u8>,
    pub(crate) scope: Option<Scoped>,
    pub(crate) extend_days: Option<u32>,
    pub(crate) is_assignable: bool,
    pub(crate) is_extendable: bool,
    pub(crate) is_reassignable: bool,
}

/// How a definition is named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Id,
    Handle,
    Both,
    Neither,
    /// The id of one of the other kind.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Issue {
    pub(crate) profile: u8,
    pub(crate) kind: LotKind,
    pub(crate) definition: (Pick, Named),
    pub(crate) initial: Option<Money>,
    pub(crate) remaining: Option<Money>,
    pub(crate) issued_at: Option<Time>,
    pub(crate) available_at: Option<Time>,
    pub(crate) expires_at: Option<End>,
    pub(crate) zone: Option<u8>,
    pub(crate) scope: Option<Scoped>,
    pub(crate) external: Option<u8>,
    pub(crate) note: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    Fixed(Money),
    /// All that there is for the strategies, of the hold or to give back, and so many minor units more or less.
    All(i64),
    /// Half of it.
    Half,
}

#[derive(Clone, Debug)]
pub(crate) struct Redeem {
    pub(crate) profile: Option<u8>,
    pub(crate) strategies: Vec<Strategy>,
    pub(crate) amount: Wish,
    pub(crate) strict: bool,
    pub(crate) basket: Option<Money>,
    pub(crate) bought: Option<Bought>,
    pub(crate) occurred: Option<Ago>,
    pub(crate) note: Option<u8>,
}

/// How long ago a redemption happened that is sent late.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ago {
    Micros(i64),
    /// At the window's end, and so many ticks later.
    AtWindow(i64),
    /// At one of the moments when something happened, the last first, and so many ticks later.
    Edge(u16, i64),
}

/// A return of part of a redemption: an amount, or some of its lines.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    pub(crate) which: Pick,
    pub(crate) amount: Wish,
    pub(crate) lines: Vec<(Pick, Option<Wish>)>,
    pub(crate) strict: bool,
    pub(crate) note: Option<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Extend {
    pub(crate) profile: u8,
    pub(crate) lots: Vec<Pick>,
    pub(crate) days: Option<u32>,
    pub(crate) until: Option<End>,
}

#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) from: u8,
    pub(crate) to: u8,
    pub(crate) kind: LotKind,
    pub(crate) value: Wish,
    pub(crate) lots: Vec<Pick>,
    pub(crate) note: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Adjust {
    pub(crate) which: Pick,
    pub(crate) initial: Option<Money>,
    pub(crate) remaining: Option<Wish>,
    pub(crate) expires_at: Option<End>,
    pub(crate) note: Option<u8>,
    /// Whether it says whose it must be.
    pub(crate) says_whose: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    /// One of the profile's own redemptions.
    Own(Pick),
    /// One of another profile's.
    Foreign(Pick),
    /// An id that names nothing.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Original {
    Fixed(Money),
    /// The total of the linked redemption, and so many minor units more or less.
    Redeemed(i64),
}

#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub(crate) profile: u8,
    pub(crate) total: Money,
    pub(crate) original: Option<Original>,
    pub(crate) link: Option<Link>,
    pub(crate) transacted_at: Option<Time>,
    pub(crate) zone: Option<u8>,
    pub(crate) external: Option<u8>,
    pub(crate) note: Option<u8>,
}
