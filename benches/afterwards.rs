//! What holding, capturing and returning cost, beside redeeming, in the same run on the same requests.
//!
//! `cargo bench --bench afterwards` prints a table: nanoseconds for each request of the workload, and how many redemptions
//! that is. Before a figure is printed, every account has been checked to add up, and what is redeemed net of what came
//! back to be what was asked for. `cargo bench --bench redeem -- table` has it among the rest.

#[allow(dead_code)] // Other benches use the rest.
mod contestants;
#[allow(dead_code)]
mod jobs;

fn main() {
    jobs::table::print();
}
