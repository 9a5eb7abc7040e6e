mod contestants;
use contestants::{Contestant, Workload, ledger::OneByOne};
fn main() {
    let w = Workload::new(1000, 3_000_000);
    let mut c = OneByOne::set_up(&w);
    let t = std::time::Instant::now();
    c.run(&w.requests);
    println!("{:?} each", t.elapsed() / 3_000_000);
    std::process::exit(0);
}
