//! The items of a purchase that serve as its lines.

use scrip::json::Json;
use scrip::request::Line;
use scrip::{Amount, json};
use serde::Deserialize;

/// What an item must say to be a line. Whatever else it says is kept as sent.
#[derive(Deserialize)]
struct Item {
    id: String,
    tags: Vec<String>,
    amount: Option<Amount>,
    price: Option<Amount>,
    quantity: Option<Amount>,
}

/// The lines that items are, if all of them carry an id, tags, and an amount or else a price and a quantity.
pub fn lines(items: &Json) -> Option<Vec<Line>> {
    let items: Vec<Item> = json::read(items.as_str().as_bytes()).ok()?;
    items.into_iter().map(line).collect()
}

fn line(item: Item) -> Option<Line> {
    let amount = match (item.amount, item.price, item.quantity) {
        (Some(amount), ..) => amount,
        (None, Some(price), Some(quantity)) => {
            let charged = price.to_decimal().checked_mul(quantity.to_decimal())?;
            charged.normalize().to_string().parse().ok()?
        }
        _ => return None,
    };
    Some(Line::new(item.id, amount).with_tags(item.tags))
}
