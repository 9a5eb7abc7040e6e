//! The rejections: why the rules refuse a request, each with a code, numbers and the rule.
//!
//! Precedence, if several apply: first whether the request repeats another (its key, its external id), then its fields in
//! the order of their documentation, then time (rule T6, for both accounts if there are two), then whether what it names
//! exists, then terms and policies, then missing value, and last an account's limits. [`Rejection::class`] gives the step.

mod code;
mod field;
mod reason;
mod refusal;

pub use code::RejectionClass;
pub use field::Field;
pub use reason::Rejection;
pub use refusal::{KeyReused, Refusal};
