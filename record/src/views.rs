//! What is looked at between the requests, and at the end.

use std::io;

use serde_json::Value;

use crate::chance::Chance;
use crate::clock::{DAY, instant};
use crate::face::Seen;
use crate::generate::spell;
use crate::run::Run;

/// What a redemption would take.
pub fn quote(run: &mut Run<'_>, redeem: &Value, at: i64, chance: &mut Chance) -> io::Result<()> {
    let redeem = spell(redeem, chance);
    let quote = run.face.quote(at, &redeem);
    run.see("quote", "", &format!("{redeem} at {}", instant(at)), &quote)
}

/// The newest profiles, and the events.
pub fn some(run: &mut Run<'_>, chance: &mut Chance) -> io::Result<()> {
    let past = chance.between(run.start, run.now);
    let swept = if chance.percent(30) { run.face.sweep_all(run.now) } else { Vec::new() };
    each(run, "sweep_all", "", &swept)?;
    let newest = run.known.profiles.len().saturating_sub(6);
    let newest = run.known.profiles[newest..].to_vec();
    for profile in newest {
        for seen in [Seen::Now(run.now), Seen::Now(run.now + DAY), Seen::At(past)] {
            balances(run, &profile, seen)?;
        }
        let own: Vec<u64> =
            run.known.lots.iter().filter(|lot| lot.profile == profile).map(|lot| lot.id).collect();
        let few = &own[own.len().saturating_sub(3)..];
        let lots = run.face.lots(&profile, run.now, few);
        run.see("lots", &profile, &format!("{few:?}"), &lots)?;
        let (_, request) = run.maker(chance).of_kind("redeem");
        let redeem = spell(&request["redeem"], chance);
        let quote = run.face.quote(run.now, &redeem);
        run.see("quote", &profile, &redeem, &quote)?;
    }
    let events = run.face.events(run.now);
    each(run, "event", "", &events)
}

/// Everything, as it stands and as it was.
pub fn all(run: &mut Run<'_>, chance: &mut Chance) -> io::Result<()> {
    for profile in run.known.profiles.clone() {
        let (past, sequence) = (chance.between(run.start, run.now), chance.between(0, 60));
        let entry = Seen::After(u32::try_from(sequence).unwrap_or(0));
        for seen in [Seen::Now(run.now), Seen::Now(run.now + 30 * DAY), Seen::At(past), entry] {
            balances(run, &profile, seen)?;
            let is_past = matches!(seen, Seen::At(_));
            let next = run.face.next_expiry(&profile, seen);
            run.see("next_expiry", &said(&profile, seen), "", &next)?;
            if is_past || matches!(seen, Seen::Now(at) if at == run.now) {
                wallet(run, &profile, seen)?;
            }
        }
        let journal = run.face.journal(&profile, run.now);
        each(run, "journal", &profile, &journal)?;
    }
    let past = chance.between(run.start, run.now);
    for seen in [Seen::Now(run.now), Seen::At(past)] {
        let catalogue = run.face.catalogue(seen);
        each(run, "catalogue", &said("", seen), &catalogue)?;
    }
    let entries = run.face.catalogue_journal();
    each(run, "catalogue_journal", "", &entries)?;
    let events = run.face.events(run.now);
    each(run, "event", "last", &events)?;
    let events = run.face.paged_events(run.now);
    each(run, "paged_event", "", &events)?;
    for order in 0..10 {
        let name = format!("order {order}");
        let profiles = run.face.with_transaction(&name, run.now);
        run.see("with_transaction", &name, "", &profiles)?;
    }
    Ok(())
}

fn balances(run: &mut Run<'_>, profile: &str, seen: Seen) -> io::Result<()> {
    let balances = run.face.balances(profile, seen);
    run.see("balances", &said(profile, seen), "", &balances)
}

fn wallet(run: &mut Run<'_>, profile: &str, seen: Seen) -> io::Result<()> {
    let wallet = run.face.wallet(profile, seen);
    for (place, (kind, is)) in wallet.iter().enumerate() {
        run.see(kind, &format!("{} #{place}", said(profile, seen)), "", is)?;
    }
    Ok(())
}

fn each(run: &mut Run<'_>, kind: &str, name: &str, lines: &[String]) -> io::Result<()> {
    for (place, line) in lines.iter().enumerate() {
        run.see(kind, &format!("{name} #{place}"), "", line)?;
    }
    Ok(())
}

fn said(profile: &str, seen: Seen) -> String {
    match seen {
        Seen::Now(at) => format!("{profile} at {}", instant(at)),
        Seen::At(at) => format!("{profile} as of {}", instant(at)),
        Seen::After(sequence) => format!("{profile} after entry {sequence}"),
    }
}
