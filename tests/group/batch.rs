//! Batches under a key, by group commit (rule J5).

use scrip::ledger::{Answer, GroupOptions};
use scrip::request::KeyedBatch;
use scrip::{Amount, Error, IssueReward};

use super::gate::{Broken, Gate, Turn};
use super::{Group, balance, finish, memory, now, profile, start};

/// The answers to a batch, while the store takes these turns.
fn send(
    group: &Group,
    gate: &Gate,
    batch: KeyedBatch<IssueReward>,
    turns: &[Turn],
) -> Vec<Answer<IssueReward, Broken>> {
    let pending = group.commit_batch(batch);
    for turn in turns {
        gate.pass(*turn);
    }
    pending.wait().unwrap()
}

#[test]
fn a_batch_under_a_key_is_done_once() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let batch = |key: &str, numbers: &[usize]| {
        let rows = numbers.iter().map(|number| IssueReward::new(profile(*number), ten));
        KeyedBatch::new(now(), key.parse().unwrap(), rows)
    };
    // One run asks whether the key is free, the other carries the rows out.
    for _ in 0..2 {
        let answers = send(&group, &gate, batch("k", &[0, 1]), &[Turn::Run, Turn::Run]);
        assert!(answers.iter().all(Result::is_ok));
    }
    (0..2).for_each(|number| assert_eq!(balance(&store, number), Amount::from(10)));
    let codes = send(&group, &gate, batch("k", &[1, 0]), &[Turn::Run]);
    let codes: Vec<_> = codes.into_iter().map(|answer| answer.unwrap_err().code()).collect();
    assert_eq!(codes, ["key_reused"; 2]);
    // A store that fails when it is asked has done nothing; one that is inside a transaction may have.
    let failed = send(&group, &gate, batch("failed", &[2, 3]), &[Turn::Fail]);
    assert!(failed.iter().all(|answer| matches!(answer, Err(Error::Store(_)))));
    let staged = send(&group, &gate, batch("staged", &[4]), &[Turn::Run, Turn::Stage]);
    assert!(matches!(staged[..], [Err(Error::InDoubt)]));
    finish(group, driver);
    (2..4).for_each(|number| assert_eq!(balance(&store, number), Amount::ZERO));
}
