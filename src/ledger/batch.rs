//! A batch under a key: all of it is looked at before any of it is carried out (rule J5).

use std::collections::HashSet;

use super::asynchronous::AsyncLedger;
use super::unit::{Question, RequestBatch, Run};
use super::{Answer, Error};
use crate::engine::{Action, Asked, repeat};
use crate::ops::KeyedBatch;
use crate::program::Program;
use crate::store::{AsyncStore, Change, Need};

impl<S: AsyncStore> AsyncLedger<S> {
    /// Carries out a batch under its key, in one go, for any profiles. The answers come in the order of the rows; one that
    /// is refused does not stop the next (rule D5), and burns nothing.
    ///
    /// If a profile of the batch knows its key from anything else, every answer is [`Error::KeyReused`], and nothing is done;
    /// nor is it if they cannot all be asked.
    pub async fn run_batch<A: Action>(&mut self, batch: &KeyedBatch<A>) -> Vec<Answer<A, S::Error>> {
        let asked = batch.asked();
        let units = RequestBatch::new(&self.program, asked.iter().copied());
        match check_key(&self.program, &mut self.store, &asked, &units.needs).await {
            Ok(()) => units.run(&mut self.store, &mut self.space).await,
            Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

/// Asks each profile of a batch, once, whether the key is free for it there.
async fn check_key<S: AsyncStore, A: Action>(
    program: &Program,
    store: &mut S,
    asked: &[Asked<'_, A>],
    needs: &[Need],
) -> Result<(), Error<S::Error>> {
    let Some(Asked { at, key: Some(key), row: Some(row), .. }) = asked.first() else { return Ok(()) };
    let mut seen = HashSet::new();
    let mut needs: Vec<Need> = needs
        .iter()
        .filter(|need| seen.insert((need.owner, need.even_merged)))
        .map(|need| Need { key: need.key.clone(), even_merged: need.even_merged, ..Need::of(need.owner) })
        .collect();
    let ask =
        || Question::new(|need, view| Ok(repeat::batch_key(program, *at, (key, row.batch), need, view)?));
    let mut questions: Vec<_> = needs.iter().map(|_| ask()).collect();
    let driven = Run::new(&mut questions, &mut needs, &mut Change::default()).drive(store).await;
    questions.into_iter().try_for_each(|question| question.answer(&driven))
}
