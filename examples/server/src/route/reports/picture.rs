//! Bars as SVG. What is drawn is rounded to pixels; the exact figure stands over each bar.

use std::fmt::Write as _;

use scrip::value::Sum;

const SLOT: i128 = 76;
const EDGE: i128 = 20;
/// The room for the bars, and for the title above and the names below.
const TALL: i128 = 240;
const ABOVE: i128 = 60;
const BELOW: i128 = 40;
// They are told apart on white, on black and in print.
const TOTAL: &str = "#4678b4";
const UP: &str = "#3c965a";
const DOWN: &str = "#cd6446";

/// A bar of a picture.
#[derive(Clone, Debug)]
pub struct Bar {
    name: String,
    from: Sum,
    to: Sum,
    /// What stands over it.
    figure: Sum,
    color: &'static str,
}

impl Bar {
    /// From nothing to an amount.
    pub fn total(name: &str, sum: Sum) -> Self {
        Self { name: name.to_owned(), from: Sum::ZERO, to: sum, figure: sum, color: TOTAL }
    }

    /// From one amount to another.
    pub fn change(name: String, from: Sum, to: Sum) -> Self {
        let color = if to < from { DOWN } else { UP };
        Self { name, from, to, figure: to.minus(from), color }
    }
}

/// Bars beside each other, in their order. Names and title are plain words.
pub fn bars(title: &str, bars: &[Bar]) -> String {
    let count = i128::try_from(bars.len()).unwrap_or_default().max(7);
    let (wide, tall) = (count * SLOT + 2 * EDGE, ABOVE + TALL + BELOW);
    let ends = || bars.iter().flat_map(|bar| [bar.from, bar.to]).chain([Sum::ZERO]).map(Sum::ten_thousandths);
    let (low, high) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
    let scale = (high - low).max(1);
    let y = |sum: Sum| ABOVE + (high - sum.ten_thousandths()) * TALL / scale;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {tall}\" width=\"{wide}\" height=\"{tall}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" text-anchor=\"middle\">\n<title>{title}</title>\n\
         <rect width=\"{wide}\" height=\"{tall}\" fill=\"white\"/>\n\
         <text x=\"{EDGE}\" y=\"24\" font-size=\"15\" text-anchor=\"start\">{title}</text>\n"
    );
    for (place, bar) in (0..).zip(bars) {
        let left = EDGE + place * SLOT;
        let (top, bottom) = (y(bar.from.max(bar.to)), y(bar.from.min(bar.to)));
        let (middle, inner, high) = (left + SLOT / 2, SLOT - 12, (bottom - top).max(1));
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{top}\" width=\"{inner}\" height=\"{high}\" fill=\"{}\"/>\
             <text x=\"{middle}\" y=\"{}\">{}</text><text x=\"{middle}\" y=\"{}\">{}</text>",
            left + 6,
            bar.color,
            top - 5,
            bar.figure,
            ABOVE + TALL + 20,
            bar.name,
        );
    }
    if bars.is_empty() {
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">Nothing yet.</text>", wide / 2, ABOVE + TALL / 2);
    }
    let base = y(Sum::ZERO);
    let _ = writeln!(svg, "<path d=\"M {EDGE} {base} H {}\" stroke=\"black\"/>\n</svg>", wide - EDGE);
    svg
}
