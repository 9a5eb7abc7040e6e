//! What all endpoints share: reading a call, answering it, and saying no.

pub mod answer;
pub mod around;
pub mod body;
pub mod call;
pub mod code;
pub mod cursor;
pub mod json;
pub mod known;
mod linger;
pub mod list;
mod origin;
pub mod precondition;
pub mod problem;
#[cfg(test)]
mod tests;
