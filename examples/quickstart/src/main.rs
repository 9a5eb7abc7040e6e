//! A birthday reward from its definition to the sale: define, issue, redeem, link; and what happens to value afterwards.
//!
//! `cargo run -p quickstart`
//!
//! The JSON bodies are those of a rewards API as shops know it; a program that does not speak JSON uses the same types
//! directly, as the second half shows.

use std::error::Error;

use scrip::chrono::NaiveDateTime;
use scrip::outcome::Quote;
use scrip::program::{Earn, ExpiredReturn, ProgramSettings};
use scrip::request::Strategy;
use scrip::time::Until;
use scrip::value::ExchangeRate;
use scrip::view::Catalogue;
use scrip::{
    Amount, CaptureHold, Define, IssueReward, Ledger, LedgerAt, MemoryStore, PeriodType, PlaceHold, Points,
    PostTransaction, ProfileId, Program, Redeem, Redemption, ReturnRedemption, ReturnTransaction, Reward,
    RewardDefinition, Timestamp, Zone, json,
};

/// Step 1: a template for rewards.
const DEFINITION: &str = r#"{
    "name": "Birthday Reward",
    "handle": "birthday-reward",
    "value": 10,
    "type": "birthday",
    "period": 30,
    "description": "Birthday reward valid for 30 days",
    "short_description": "$10 off for your birthday",
    "long_description": "<p>Enjoy $10 off your next purchase. Valid for 30 days.</p>",
    "terms_conditions": "Valid once per birthday period",
    "earn_instructions": "Automatically issued on your birthday",
    "is_assignable": true,
    "is_reassignable": false,
    "is_extendable": false,
    "tags": ["birthday"]
}"#;

/// Step 2: one of them for a customer.
const ISSUE: &str = r#"{
    "reward_definition_id": 6,
    "profile_id": "customer-42",
    "value_initial": 10,
    "value_remaining": 10,
    "issued_at": "2025-06-15 00:00:00",
    "expires_at": "2025-07-15 23:59:59",
    "timezone": "Australia/Melbourne"
}"#;

/// Step 3: the customer pays with it.
const REDEEM: &str = r#"{
    "strategies": ["rewards"],
    "amount": 10
}"#;

/// Step 4: what was bought.
const TRANSACTION: &str = r#"{
    "profile_id": "customer-42",
    "total": 89.95,
    "total_original": 99.95,
    "redemption_id": 158,
    "transacted_at": "2025-06-15 14:32:00",
    "external_id": "ORDER-10334",
    "items": [{"sku": "SHOE-42", "price": 99.95}]
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let program = Program::new("AUD", "Australia/Melbourne")?;
    let mut ledger = Ledger::new(program, MemoryStore::new());
    // The ledger has no clock. This is when the customer stands at the till.
    let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    // Any text is a profile.
    let customer = ProfileId::new("customer-42")?;

    let definition: RewardDefinition = json::read(DEFINITION.as_bytes())?;
    let birthday = till.commit(Define::from(definition))?;
    println!("1. Defined `{}`: id {}.", birthday.definition.handle(), birthday.id);

    let mut issue: IssueReward = json::read(ISSUE.as_bytes())?;
    issue.reward_definition_id = Some(birthday.id);
    let reward = till.commit(issue)?;
    println!("2. Issued reward {} to {}: {}.", reward.id, reward.profile_id, describe(&reward));
    print_balances(&mut till, customer)?;

    let redeem: Redeem = json::read(REDEEM.as_bytes())?;
    let redemption = till.commit(redeem.with_profile(customer))?;
    println!("3. Redeemed: redemption {}.", redemption.id);
    print_items(&redemption);
    print_balances(&mut till, customer)?;

    let mut sale: PostTransaction = json::read(TRANSACTION.as_bytes())?;
    sale.redemption_id = Some(redemption.id);
    let sale = till.commit(sale)?;
    let order = sale.external_id.as_ref().map_or("a sale", |id| id.as_str());
    println!(
        "4. Linked to {order}: ${:.2} of ${:.2} paid, transaction {}.",
        sale.total, sale.total_original, sale.id
    );

    two_rewards(till, customer, birthday.id)?;
    afterwards()
}

/// A second customer's visit, in Rust alone: a redemption that spans two rewards, and its quote.
fn two_rewards(
    mut till: LedgerAt<'_, MemoryStore>,
    customer: ProfileId,
    birthday: scrip::DefinitionId,
) -> Result<(), Box<dyn Error>> {
    println!("\nTwo more rewards, and a redemption that needs both:");
    // As the definition says: $10, to the end of the 30th local day.
    till.commit(IssueReward::new(customer, birthday))?;
    till.commit(IssueReward::new(customer, birthday).with_expiry("2025-06-30".parse::<Until>()?))?;
    let catalogue = till.catalogue()?;
    for reward in till.wallet(customer)?.rewards() {
        println!("   reward {}: {}, {}", reward.id, name(&catalogue, &reward), describe(&reward));
    }

    let redeem = Redeem::strict(customer, "12.50".parse()?);
    print_quote(&till.quote(&redeem)?);
    let redemption = till.commit(redeem)?;
    println!("   Redeemed: redemption {}.", redemption.id);
    print_items(&redemption);
    print_balances(&mut till, customer)?;
    if let Some(next) = till.next_expiry(customer)? {
        println!("   Next to expire: ${:.2} at {}.", next.amount, local(next.expires_at)?);
    }
    // More than there is: refused, with the numbers, and nothing is changed.
    if let Err(refusal) = till.commit(Redeem::strict(customer, Amount::from(50))) {
        println!("   Refused, with the code `{}`: {refusal}.", refusal.code());
    }
    Ok(())
}

/// What happens to value afterwards, in a program with points and a grace period for refunds.
fn afterwards() -> Result<(), Box<dyn Error>> {
    let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?)
        .with_exchange_rate(ExchangeRate::new(Points::from(100), Amount::from(10))?)
        .with_expired_return(ExpiredReturn::GraceDays(7))
        .with_earn(Earn::new(Points::from(1), Amount::from(1)));
    let mut ledger = Ledger::new(Program::try_from(settings)?, MemoryStore::new());
    let customer = ProfileId::new("bob")?;
    let mut june = ledger.at("2025-06-15T12:00:00+10:00".parse()?);
    let ten = RewardDefinition::new("ten".parse()?, "Ten dollars", Amount::from(10))
        .valid_for(1, PeriodType::Weeks);
    let ten = june.commit(Define::from(ten))?.id;

    println!("\nA hold, captured in part:");
    june.commit(IssueReward::new(customer, ten))?;
    let hold = june.commit(PlaceHold::strict(customer, Amount::from(8)))?;
    println!(
        "   Held ${:.2} until {}; ${:.2} can be redeemed.",
        hold.total,
        local(hold.expires_at)?,
        hold.balances.reward_balance
    );
    let redemption = june.commit(CaptureHold::part(hold.id, "5.50".parse()?))?;
    println!(
        "   Captured ${:.2}; the rest is back: ${:.2}.",
        redemption.total, redemption.balances.reward_balance
    );

    println!("\nA refund, after the reward has expired:");
    let mut july = ledger.at("2025-07-10T12:00:00+10:00".parse()?);
    println!("   Balance: ${:.2}.", july.balances(customer)?.reward_balance);
    let refund = july.commit(ReturnRedemption::strict(redemption.id, "5.50".parse()?))?;
    println!("   Returned ${:.2} as a new reward: ${:.2}.", refund.total, refund.balances.reward_balance);
    if let Some(next) = july.next_expiry(customer)? {
        println!("   It is good for seven days, until {}.", local(next.expires_at)?);
    }

    println!("\nA purchase that earns points, and comes back in two steps:");
    let sale = july.commit(PostTransaction::new(customer, "80.00".parse()?))?;
    println!("   Earned: {} points.", july.balances(customer)?.point_balance);
    july.commit(Redeem::strict(customer, Amount::from(5)).with_strategies([Strategy::Points]))?;
    println!("   Paid $5.00 with 50 of them: {} left.", july.balances(customer)?.point_balance);
    for amount in ["20.00", "60.00"] {
        let back = july.commit(ReturnTransaction::new(sale.id, amount.parse()?))?;
        let balances = july.balances(customer)?;
        println!(
            "   ${amount} came back, and with it {} points: {} left, {} owed.",
            back.points_clawed_back, balances.point_balance, balances.point_debt
        );
    }
    Ok(())
}

/// An instant as a clock in the shop shows it.
fn local(at: Timestamp) -> Result<NaiveDateTime, Box<dyn Error>> {
    Ok("Australia/Melbourne".parse::<Zone>()?.local(at))
}

fn describe(reward: &Reward) -> String {
    let until = reward.expires_local_at().map_or("for ever".to_owned(), |last| format!("until {last}"));
    format!("${:.2} of ${:.2} left, {until}", reward.value_remaining, reward.value_initial)
}

fn name<'a>(catalogue: &'a Catalogue, reward: &Reward) -> &'a str {
    let defined = reward.definition_id.and_then(|id| catalogue.get(id));
    defined.map_or("a reward", |defined| defined.definition.name())
}

fn print_balances(till: &mut LedgerAt<'_, MemoryStore>, customer: ProfileId) -> Result<(), Box<dyn Error>> {
    let balances = till.balances(customer)?;
    println!("   Balance: ${:.2}.", balances.reward_balance);
    Ok(())
}

fn print_items(redemption: &Redemption) {
    for item in &redemption.items {
        println!("   reward {} paid ${:.2}", item.lot, item.amount);
    }
}

fn print_quote(quote: &Quote) {
    println!("   Quote for ${:.2}:", quote.requested);
    for item in &quote.items {
        println!("     reward {} would pay ${:.2}", item.lot, item.amount);
    }
    for unused in &quote.unused {
        println!("     reward {} would not: {:?}", unused.lot, unused.reason);
    }
}
