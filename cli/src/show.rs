//! `scrip balances` and `scrip statement`: what a person asks about a profile.

use std::fmt::Write as _;

use scrip::journal::{Balances, Entry, ValuedBalances};
use scrip::outcome::{Lot, LotStatus};
use scrip::rust_decimal::Decimal;
use scrip::store::AsOf;
use scrip::view::Wallet;
use scrip::{ProfileId, Program, Timestamp, Zone};

use crate::failure::{Failure, Status, say};
use crate::place::Where;

/// The arguments of the commands.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The profile's id, byte for byte
    profile: ProfileId,
    #[command(flatten)]
    place: Where,
    /// As of this instant: what the ledger said then
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn balances(args: &ShowArgs) -> Result<Status, Failure> {
    let mut ledger = args.place.to_read().await?;
    let balances = match args.as_of {
        Some(at) => ledger.as_of(AsOf::At(at)).balances(args.profile).await?,
        None => ledger.at(args.place.now()?).balances(args.profile).await?,
    };
    if args.json {
        say(&(json(&balances)? + "\n"))?;
    } else {
        say(&balance_table(&balances, ledger.program()))?;
    }
    Ok(Status::Done)
}

pub async fn statement(args: &ShowArgs) -> Result<Status, Failure> {
    let mut ledger = args.place.to_read().await?;
    let wallet = match args.as_of {
        Some(at) => ledger.as_of(AsOf::At(at)).wallet(args.profile).await?,
        None => ledger.at(args.place.now()?).wallet(args.profile).await?,
    };
    if args.json {
        say(&(json(&Statement::of(&wallet))? + "\n"))?;
        return Ok(Status::Done);
    }
    let program = ledger.program();
    let zone = program.settings().timezone;
    let (rewards, points) = (program.settings().currency.minor_unit(), program.settings().point_scale);
    let mut text = format!("{}, at {} in {}\n\n", args.profile, local(zone, wallet.at()), zone.name());
    text += &balance_table(&wallet.balances().valued(program), program);
    text += &lot_table("Rewards", &wallet.rewards(), rewards);
    text += &lot_table("Points", &wallet.points(), points);
    text += &journal_table(&wallet, zone, (rewards, points));
    say(&text)?;
    Ok(Status::Done)
}

fn local(zone: Zone, at: Timestamp) -> String {
    zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// With as many decimals as people write.
fn written(value: impl Into<Decimal>, decimals: u8) -> String {
    format!("{:.*}", usize::from(decimals), value.into())
}

/// A statement as JSON says it.
#[derive(serde::Serialize)]
struct Statement<'a> {
    profile_id: ProfileId,
    at: Timestamp,
    balances: Balances,
    rewards: Vec<scrip::Reward>,
    points: Vec<scrip::PointLot>,
    journal: &'a [Entry],
}

impl<'a> Statement<'a> {
    fn of(wallet: &'a Wallet) -> Self {
        Self {
            profile_id: wallet.profile_id(),
            at: wallet.at(),
            balances: wallet.balances(),
            rewards: wallet.rewards(),
            points: wallet.points(),
            journal: wallet.journal(),
        }
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::of("JSON", &error))
}

fn balance_table(balances: &ValuedBalances, program: &Program) -> String {
    let settings = program.settings();
    let (currency, decimals) = (settings.currency.code(), settings.currency.minor_unit());
    let money = |amount: Decimal| format!("{} {currency}", written(amount, decimals));
    let points = |points: scrip::Points| written(points, settings.point_scale);
    let lines = [
        ("Rewards", money(balances.reward_balance.into())),
        ("Points", points(balances.point_balance)),
        ("Points are worth", money(balances.point_worth.to_decimal())),
        ("Together", money(balances.combined_worth.to_decimal())),
        ("Set aside by holds", money(balances.held_worth.to_decimal())),
        ("Not usable yet", money(balances.pending_worth.to_decimal())),
        ("Points owed", points(balances.point_debt)),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        let _ = writeln!(text, "{name:<20} {value:>20}");
    }
    text
}

fn lot_table<Q: Copy + Into<Decimal>>(title: &str, lots: &[Lot<Q>], decimals: u8) -> String {
    if lots.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{title}\n");
    let _ = writeln!(
        text,
        "{:>18} {:>12} {:>12}  {:<10} {:<20} own id",
        "id", "issued", "left", "status", "usable through"
    );
    for lot in lots {
        let last = lot.expires_local_at().map_or_else(|| "no end".to_owned(), |last| last.to_string());
        let own = lot.external_id.as_ref().map_or("", scrip::id::ExternalId::as_str);
        let (id, status) = (lot.id.get(), status(lot.status));
        let (initial, left) = (written(lot.value_initial, decimals), written(lot.value_remaining, decimals));
        push_line(&mut text, &format!("{id:>18} {initial:>12} {left:>12}  {status:<10} {last:<20} {own}"));
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn status(status: LotStatus) -> String {
    let name = serde_json::to_value(status).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The entries, oldest first, with the available balance after each.
fn journal_table(wallet: &Wallet, zone: Zone, (money, points): (u8, u8)) -> String {
    let mut text = "\nJournal\n".to_owned();
    let _ = writeln!(
        text,
        "{:>5} {:<19} {:<12} {:>14} {:>14}  key",
        "", "when", "what", "rewards after", "points after"
    );
    for entry in wallet.journal() {
        let Balances { reward_balance, point_balance, .. } = entry.balances;
        let (when, what) = (local(zone, entry.at), kind(entry));
        let key = entry.key().map_or_else(String::new, ToString::to_string);
        let (rewards, points) = (written(reward_balance, money), written(point_balance, points));
        let line = format!("{:>5} {when} {what:<12} {rewards:>14} {points:>14}  {key}", entry.sequence);
        push_line(&mut text, &line);
    }
    text
}

/// What kind of entry it is, as JSON names it.
fn kind(entry: &Entry) -> String {
    let value = serde_json::to_value(&entry.kind).ok();
    let name = value.as_ref().and_then(|value| value.as_object()).and_then(|tagged| tagged.keys().next());
    name.map(|name| name.replace('_', " ")).unwrap_or_default()
}
