//! What all endpoints share: reading a call, answering it, and saying no.

pub mod answer;
pub mod around;
pub mod body;
pub mod call;
pub mod list;
pub mod problem;
