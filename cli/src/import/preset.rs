//! The layouts that are known.

use toml::Table;

use crate::failure::Failure;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        /// Each layout's name and map.
        pub const PRESETS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../presets/", $name, ".toml")))),*];
    };
}

presets! {
    "capillary", "fanmaker", "giftcardfactory", "giftup", "leat", "loyaltylion", "omneo", "shopfront", "smile", "yotpo",
}

/// A layout's map, as it is written.
pub fn text(name: &str) -> Result<&'static str, Failure> {
    let found = PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    found.ok_or_else(|| {
        let known: Vec<_> = PRESETS.iter().map(|(name, _)| *name).collect();
        Failure::new(format!("no preset is called {name}; there are {}", known.join(", ")))
    })
}

pub fn table(name: &str) -> Result<Table, Failure> {
    text(name)?.parse().map_err(|error| Failure::of(name, &error))
}
