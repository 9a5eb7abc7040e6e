//! Pictures for the page, as SVG. What is drawn is rounded to pixels; the exact figures stand in the table under each.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{IntoSegmentedCoord as _, SegmentValue};
use plotters::prelude::{
    ChartBuilder, Color as _, DrawingArea, IntoDrawingArea as _, LineSeries, RGBColor, Rectangle, SVGBackend,
};
use scrip::rust_decimal::Decimal;
use scrip::rust_decimal::prelude::ToPrimitive as _;

use crate::failure::Failure;

const SIZE: (u32, u32) = (760, 340);
// They are told apart on white, on black and in print.
const TOTAL: RGBColor = RGBColor(70, 120, 180);
const UP: RGBColor = RGBColor(60, 150, 90);
const DOWN: RGBColor = RGBColor(205, 100, 70);
/// The axes and their text, which the page gives the colour of its own text.
const INK: RGBColor = RGBColor(0, 0, 0);

/// A bar of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub name: String,
    pub from: Decimal,
    pub to: Decimal,
    /// A balance, and no change of one.
    pub is_total: bool,
}

/// Bars beside each other, in their order.
pub fn bars(bars: &[Bar]) -> Result<String, Failure> {
    drawn(|area| {
        let ends = || bars.iter().flat_map(|bar| [bar.from, bar.to]).map(float);
        let (least, most) = (ends().fold(0.0, f64::min), ends().fold(0.0, f64::max));
        let room = ((most - least) * 0.05).max(0.01);
        let bottom = if least < 0.0 { least - room } else { 0.0 };
        // A range of one segment has no width: a single bar stands beside an empty place.
        let last = bars.len().saturating_sub(1).max(1);
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(84)
            .build_cartesian_2d((0..last).into_segmented(), bottom..most + room)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(INK.mix(0.0))
            .bold_line_style(INK.mix(0.15))
            .axis_style(INK)
            .label_style(("sans-serif", 13, &INK))
            .x_labels(bars.len().max(1))
            .x_label_formatter(&|place| match place {
                SegmentValue::CenterOf(place) => {
                    bars.get(*place).map_or_else(String::new, |bar| bar.name.clone())
                }
                _ => String::new(),
            })
            .draw()?;
        let rectangle = |(place, bar): (usize, &Bar)| {
            let color = if bar.is_total {
                TOTAL
            } else if bar.to < bar.from {
                DOWN
            } else {
                UP
            };
            let corners = [
                (SegmentValue::Exact(place), float(bar.from)),
                (SegmentValue::Exact(place + 1), float(bar.to)),
            ];
            let mut drawn = Rectangle::new(corners, color.filled());
            drawn.set_margin(0, 0, 6, 6);
            drawn
        };
        chart.draw_series(bars.iter().enumerate().map(rectangle))?;
        Ok(())
    })
}

/// Curves over the months since issue, as shares in percent: the newer, the stronger.
pub fn curves(curves: &[Vec<Decimal>]) -> Result<String, Failure> {
    drawn(|area| {
        let months = curves.iter().map(Vec::len).max().unwrap_or(0).max(2);
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(84)
            .build_cartesian_2d(0..months - 1, 0.0..100.0)?;
        chart
            .configure_mesh()
            .light_line_style(INK.mix(0.0))
            .bold_line_style(INK.mix(0.15))
            .axis_style(INK)
            .label_style(("sans-serif", 13, &INK))
            .x_labels(months.min(13))
            .x_desc("months since issue")
            .y_desc("redeemed, %")
            .draw()?;
        for (place, curve) in curves.iter().enumerate() {
            let strength = 0.35 + 0.65 * (place + 1) as f64 / curves.len() as f64;
            let points = curve.iter().enumerate().map(|(month, share)| (month, float(*share)));
            let style = TOTAL.mix(strength).stroke_width(2);
            chart.draw_series(LineSeries::new(points, style))?;
        }
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn drawn(draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn std::error::Error>>) -> Result<String, Failure> {
    let mut svg = String::new();
    let failed = |error: &dyn std::error::Error| Failure::of("a picture", error);
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&area).map_err(|error| failed(error.as_ref()))?;
        area.present().map_err(|error| failed(&error))?;
    }
    Ok(svg)
}

fn float(figure: Decimal) -> f64 {
    figure.to_f64().unwrap_or(0.0)
}
