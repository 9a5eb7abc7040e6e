//! Ways of calling the ledger as contestants.

use super::{Call, Open, many, single};
use crate::contestants::till::Till;
use crate::contestants::{Contestant, Request, SetUp, Workload};

pub(crate) const CONTESTANTS: [(&str, SetUp); 8] = [
    ("scrip, typed", |workload| calling(workload, |till| single::each(till, single::typed))),
    ("scrip, keyed", |workload| calling(workload, |till| single::each(till, single::keyed))),
    ("scrip, as Request", |workload| calling(workload, |till| single::each(till, single::as_request))),
    ("scrip, keyed, async", |workload| calling(workload, single::awaited)),
    ("scrip, typed, batches", |workload| calling(workload, many::typed)),
    ("scrip, keyed, batches", |workload| calling(workload, many::keyed)),
    ("scrip, mixed, batches", |workload| {
        Box::new(Calling { is_mixed: true, ..Calling::new(workload, many::mixed) })
    }),
    ("scrip, keyed, group", |workload| calling(workload, many::grouped)),
];

fn calling(workload: &Workload, open: Open) -> Box<dyn Contestant> {
    Box::new(Calling::new(workload, open))
}

struct Calling {
    till: Till,
    call: Box<dyn Call>,
    /// Whether some requests issue a reward rather than redeem.
    is_mixed: bool,
    issued: i64,
}

impl Calling {
    fn new(workload: &Workload, open: Open) -> Self {
        let till = Till::set_up(workload);
        let call = open(&till);
        Self { till, call, is_mixed: false, issued: 0 }
    }
}

impl Contestant for Calling {
    fn run(&mut self, requests: &[Request]) {
        let (mut refused, mut again) = (Vec::new(), Vec::new());
        for requests in requests.chunks(self.call.at_once()) {
            self.call.send(&self.till, requests, &mut refused);
            while !refused.is_empty() {
                std::mem::swap(&mut refused, &mut again);
                again.iter().for_each(|request| self.till.top_up(request.profile));
                self.call.send(&self.till, &again, &mut refused);
                again.clear();
            }
        }
        if self.is_mixed {
            let issues = requests.iter().filter(|request| !many::is_redemption(**request));
            self.issued += issues.map(|request| request.cents).sum::<i64>();
        }
    }

    /// The amounts of requests that issued a reward instead count as met.
    fn check(&self, _: &Workload) -> i64 {
        self.till.check() + self.issued
    }
}
