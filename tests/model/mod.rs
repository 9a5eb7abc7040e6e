//! A second ledger: naive, slow and obvious, written from the numbered rules and not from the engine's code. It
//! shares the crate's public types, and none of its decisions.
//!
//! For each command it says beforehand what the engine must answer. Where the rules or the documented precedence
//! leave open which of several rejections comes first, it names them all.
//!
//! To grow: an event is a list in [`profile::Profile`] and a line in [`profile::What`]; what lots, balances and
//! statuses come to is worked out in [`sight`], from the beginning, and nowhere else.

mod again;
mod basket;
pub(crate) mod baskets;
pub(crate) mod calendar;
pub(crate) mod check;
mod correct;
mod cut;
mod define;
mod earn;
pub(crate) mod generate;
mod give_back;
mod hold;
mod inactivity;
pub(crate) mod issue;
mod late;
pub(crate) mod laws;
pub(crate) mod memo;
pub(crate) mod money;
pub(crate) mod owed;
pub(crate) mod plain_store;
pub(crate) mod profile;
pub(crate) mod programs;
mod redeem;
pub(crate) mod resolve;
mod shares;
pub(crate) mod sight;
pub(crate) mod steps;
pub(crate) mod tally;
pub(crate) mod told;
mod transact;
mod transfer;
mod transfer_value;
pub(crate) mod world;

use scrip::outcome::Disposition;
use scrip::program::ProgramSettings;
use scrip::request::Sweep;
use scrip::{Command, Key, ProfileId, Rejection, Request};

use again::followed;
use calendar::{Micros, SECOND};
use define::Catalogue;
use money::{MAX_SINGLE, Raw, smallest};
use profile::Profile;
pub(crate) use redeem::{Plan, plan};

/// The program, the definitions, and every profile that was ever heard of.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) program: ProgramSettings,
    pub(crate) catalogue: Catalogue,
    pub(crate) profiles: Vec<Profile>,
    pub(crate) merges: Vec<Merge>,
    /// Every command that was carried out.
    pub(crate) done: Vec<Done>,
}

/// What went along when a profile was merged.
#[derive(Clone, Debug)]
pub(crate) struct Merge {
    pub(crate) from: usize,
    pub(crate) into: usize,
    /// By their place with the profile that they left.
    pub(crate) lots: Vec<usize>,
    pub(crate) holds: Vec<u64>,
    pub(crate) debt: Raw,
}

/// A command that was carried out, and what it made.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    owner: Owner,
    at: Micros,
    key: Option<Key>,
    /// All rows of the batch that it was one of, and its place among them.
    row: Option<Row>,
    request: Request,
    pub(crate) made: Made,
}

/// A row of a batch under a key, by all rows and its place among them.
pub(crate) type Row = (Vec<Request>, usize);

/// Whose journal, by the place in the list of profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Catalogue,
    Profile(usize),
    /// The number of no profile.
    Nobody,
}

/// What a command made or changed, by the place in the lists of its profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Definition { version: usize },
    Lot { profile: usize, lot: usize },
    Redemption { profile: usize, redemption: usize },
    Transaction { profile: usize, version: usize },
    Hold { profile: usize, hold: usize },
    Returned { profile: usize, back: usize },
    Extended { profile: usize, extension: usize },
    Corrected { profile: usize, lot: usize },
    Moved { profile: usize, lot: usize, to: usize },
    Transferred { profile: usize, transfer: usize },
    Merged { profile: usize, merge: usize },
    Swept { owner: Owner, entries: usize },
}

/// What the engine must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done(Made),
    /// The outcome of an earlier command, by its place in [`Model::done`].
    Again(usize, Disposition),
    /// One of these codes.
    Refused(Vec<&'static str>),
}

/// The steps of the documented precedence of rejections, and within the fields the place of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Identity,
    Field(u8),
    Time,
    Unknown,
    Terms,
    Value,
    Limit,
}

/// What speaks against a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objections(Vec<Objection>);

/// A code, and between which steps it is met.
#[derive(Clone, Copy, Debug)]
struct Objection {
    earliest: Rank,
    latest: Rank,
    code: &'static str,
}

impl Objections {
    pub(crate) fn add(&mut self, rank: Rank, code: &'static str) {
        self.0.push(Objection { earliest: rank, latest: rank, code });
    }

    pub(crate) fn add_if(&mut self, applies: bool, rank: Rank, code: &'static str) {
        if applies {
            self.add(rank, code);
        }
    }

    /// One whose step the documents leave open: its class says one thing, and what it takes to find it another.
    pub(crate) fn add_loosely(&mut self, applies: bool, [earliest, latest]: [Rank; 2], code: &'static str) {
        if applies {
            self.0.push(Objection { earliest, latest, code });
        }
    }

    /// Both.
    pub(crate) fn and(mut self, mut others: Self) -> Self {
        self.0.append(&mut others.0);
        self
    }

    /// A quantity with so many decimals, at most the largest single one (rules Q1, Q3 and Q6).
    fn quantity(&mut self, field: u8, value: Raw, decimals: u8, may_be_zero: bool) {
        self.add_if(value == 0 && !may_be_zero, Rank::Field(field), "not_positive");
        self.add_if(value % smallest(decimals) != 0, Rank::Field(field), "too_many_decimals");
        self.add_if(value > MAX_SINGLE, Rank::Field(field), "amount_too_large");
    }

    /// The codes of which the engine must answer one; `None` if nothing speaks against it.
    ///
    /// At one step, the list of codes says which comes first. Of two things that do not exist, either may be named.
    pub(crate) fn codes(&self) -> Option<Vec<&'static str>> {
        let is_loose = |it: &Objection| it.earliest < it.latest;
        let place = |it: &Objection| match it.latest {
            _ if is_loose(it) => (it.latest, Some(usize::MAX)),
            Rank::Unknown => (it.latest, None),
            _ => (it.latest, Rejection::CODES.iter().position(|code| *code == it.code)),
        };
        let last = self.0.iter().map(place).min()?;
        let is_first = |it: &Objection| is_loose(it) || place(it) == last;
        let possible = self.0.iter().filter(|objection| is_first(objection) && objection.earliest <= last.0);
        Some(possible.map(|objection| objection.code).collect())
    }
}

impl Model {
    pub(crate) fn new(program: ProgramSettings) -> Self {
        Self {
            program,
            catalogue: Catalogue::default(),
            profiles: Vec::new(),
            merges: Vec::new(),
            done: Vec::new(),
        }
    }

    /// What the engine must answer to a command; carries it out if it is to be.
    pub(crate) fn run(&mut self, command: &Command<Request>) -> Verdict {
        self.run_row(command, None)
    }

    /// The same, of a row of a batch.
    pub(crate) fn run_row(&mut self, command: &Command<Request>, row: Option<Row>) -> Verdict {
        // A key is looked for in one journal, so it must be said whose.
        let is_anybody = command.key.is_some() && followed(&command.request).is_some();
        let Some(first) = self.owner(&command.request).filter(|_| !is_anybody) else {
            return Verdict::Refused(vec!["missing_field"]);
        };
        // Old keys and names are repeated where they are (rule L2).
        let asked = self.chain(first, &command.request);
        match self.repetition(&asked, command, row.as_ref()) {
            // The documents put the key first, but a request that names its definition badly cannot be looked up.
            Some(Verdict::Refused(mut codes)) => {
                codes.extend(issue::badly_named(&command.request));
                return Verdict::Refused(codes);
            }
            Some(again) => return again,
            None => {}
        }
        let owner = *asked.last().unwrap();
        match self.carry_out(owner, command) {
            // It writes nothing of its own, so nothing remembers it.
            Ok(made @ Made::Swept { .. }) => Verdict::Done(made),
            Ok(made) => {
                let (key, request) = (command.key.clone(), command.request.clone());
                let at = self.last_at(owner).unwrap();
                self.done.push(Done { owner, at, key, row, request, made });
                Verdict::Done(made)
            }
            Err(objections) => Verdict::Refused(objections.codes().unwrap()),
        }
    }

    fn carry_out(&mut self, owner: Owner, command: &Command<Request>) -> Result<Made, Objections> {
        let at = command.at.micros();
        match &command.request {
            Request::Define(request) => self.define(&request.0, at),
            Request::Redefine(request) => self.redefine(request, at),
            Request::ArchiveDefinition(request) => self.archive(request.id, at),
            Request::IssueReward(request) => self.issue(request.into(), owner.profile(), at),
            Request::IssuePoints(request) => self.issue(request.into(), owner.profile(), at),
            Request::Redeem(request) => self.redeem(request, owner.profile(), at),
            Request::PlaceHold(request) => self.place_hold(request, owner.profile(), at),
            Request::CaptureHold(request) => self.capture(request, owner, at),
            Request::ReleaseHold(request) => self.release(request.hold_id, owner, at),
            Request::ReturnRedemption(request) => self.return_redemption(request, owner, at),
            Request::ReverseRedemption(request) => self.reverse(request, owner, at),
            Request::Extend(request) => self.extend(request, owner.profile(), at),
            Request::Revoke(request) => self.revoke(request.id, owner, at),
            Request::Adjust(request) => self.adjust(request, owner, at),
            Request::Reassign(request) => self.reassign(request, owner, at),
            Request::Transfer(request) => self.transfer(request, owner.profile(), at),
            Request::MergeProfiles(request) => self.merge(request, owner.profile(), at),
            Request::Sweep(_) => self.sweep(owner, at),
            Request::PostTransaction(request) => self.post(request, owner.profile(), at),
            Request::UpdateTransaction(request) => self.update(request, owner.profile(), at),
            Request::DeleteTransaction(request) => self.delete(request.transaction_id, owner, at),
            Request::ReturnTransaction(request) => self.return_sale(request, owner, at),
            other => panic!("the model does not know {other:?}"),
        }
    }

    /// Whose journal a request is about at first; `None` if it does not say.
    pub(crate) fn owner(&mut self, request: &Request) -> Option<Owner> {
        let profile = match request {
            Request::Define(_) | Request::Redefine(_) | Request::ArchiveDefinition(_) => {
                return Some(Owner::Catalogue);
            }
            Request::IssueReward(request) => request.profile_id,
            Request::IssuePoints(request) => request.profile_id,
            Request::Redeem(request) => request.profile_id?,
            Request::PlaceHold(request) => request.profile_id?,
            Request::CaptureHold(request) => return Some(self.numbered(request.hold_id.number().get())),
            Request::ReleaseHold(request) => return Some(self.numbered(request.hold_id.number().get())),
            Request::ReturnRedemption(request) => {
                return Some(self.numbered(request.redemption_id.number().get()));
            }
            Request::ReverseRedemption(request) => {
                return Some(self.numbered(request.redemption_id.number().get()));
            }
            Request::Extend(request) => request.profile_id,
            request if followed(request).is_some() => {
                return Some(self.numbered(followed(request)?.number().get()));
            }
            Request::Revoke(request) => request.profile_id?,
            Request::Adjust(request) => request.profile_id?,
            Request::Reassign(request) => request.from?,
            Request::Transfer(request) => request.from,
            Request::MergeProfiles(request) => request.profile_id,
            Request::Sweep(Sweep::ProfileId(profile)) => *profile,
            Request::Sweep(Sweep::Number(number)) => return Some(self.numbered(number.get())),
            Request::PostTransaction(request) => request.profile_id,
            Request::UpdateTransaction(request) => request.transaction.profile_id,
            Request::DeleteTransaction(request) => {
                return Some(self.numbered(request.transaction_id.number().get()));
            }
            Request::ReturnTransaction(request) => {
                return Some(self.numbered(request.transaction_id.number().get()));
            }
            other => panic!("the model does not know {other:?}"),
        };
        Some(Owner::Profile(self.profile(profile)))
    }

    /// Where a request is looked for, one after the other; where it is carried out comes last. What is asked of a merged
    /// profile is answered by the other, and a lot that went is followed unless the request says whose it must be.
    fn chain(&self, first: Owner, request: &Request) -> Vec<Owner> {
        let mut chain = vec![first];
        let stays = matches!(request, Request::MergeProfiles(_) | Request::Sweep(_));
        let mut followed = followed(request);
        while let Some(Owner::Profile(profile)) = chain.last().copied().filter(|_| !stays) {
            let account = &self.profiles[profile];
            let went = followed
                .and_then(|lot| account.lots[account.lot_with(lot.get())?].moved)
                .map(|(_, to, _)| to);
            // What stayed behind in a merger is with nobody who could be asked.
            followed = followed.filter(|_| went.is_some());
            let Some(next) = went.or(account.merged.map(|(_, into)| into)) else { break };
            chain.push(Owner::Profile(next));
        }
        chain
    }

    /// The place of a profile. Any id is a profile, with nothing in it at first.
    pub(crate) fn profile(&mut self, id: ProfileId) -> usize {
        self.profiles.iter().position(|profile| profile.id == id).unwrap_or_else(|| {
            self.profiles.push(Profile::new(id, self.program.activity));
            self.profiles.len() - 1
        })
    }

    fn numbered(&self, number: u32) -> Owner {
        let place = self.profiles.iter().position(|profile| profile.number == Some(number));
        match place {
            Some(place) => Owner::Profile(place),
            // The catalogue's own number, in whose journal there are no transactions.
            None if number == 0 => Owner::Catalogue,
            None => Owner::Nobody,
        }
    }

    /// Rule T6: the time at which a request is decided.
    pub(crate) fn decided_at(&self, owner: Owner, at: Micros) -> Option<Micros> {
        let tolerance = Micros::from(self.program.time_tolerance_seconds) * SECOND;
        match self.last_at(owner) {
            Some(last) if at < last - tolerance => None,
            Some(last) => Some(at.max(last)),
            None => Some(at),
        }
    }

    pub(crate) fn last_at(&self, owner: Owner) -> Option<Micros> {
        match owner {
            Owner::Catalogue => self.catalogue.last_at(),
            Owner::Profile(profile) => self.profiles[profile].last_at(),
            Owner::Nobody => None,
        }
    }
}

impl Owner {
    fn profile(self) -> usize {
        match self {
            Self::Profile(profile) => profile,
            other => panic!("{other:?} has no wallet"),
        }
    }
}
