//! Dry runs (`?dry_run=true`): the ledger decides, and nothing is written.

use std::sync::Arc;

use axum::response::Response;
use scrip::request::IsRequest;
use scrip::view::Wallet;
use scrip::{Command, ProfileId};

use crate::backend::{Answer, Failure, LedgerAt};
use crate::http::answer;
use crate::http::call::Call;
use crate::http::precondition::TRIES;
use crate::http::problem::Problem;
use crate::shape::preview::PreviewOut;

impl Call {
    /// Carries out a command; in a dry run, it comes back with what that would do.
    pub async fn command<A: IsRequest>(&self, command: Command<A>) -> Answer<A::Outcome>
    where
        A::Outcome: 'static,
    {
        if !self.is_dry_run {
            return self.app.run(command).await;
        }
        let Command { at, key, if_version, request } = command;
        let command = Arc::new(Command { at, key, if_version, request: request.into_request() });
        for _ in 0..TRIES {
            let preview = self.app.backend.preview(Arc::clone(&command)).await?;
            // Only definitions are nobody's, and they have no dry runs.
            let Some(profile) = preview.profile_id else { break };
            let before = self.app.backend.wallet(LedgerAt::Now(at), profile).await?;
            let new = &preview.decision.change.first;
            // The wallet is read after the decision: somebody else may have changed it in between.
            if new
                .first()
                .is_none_or(|first| first.sequence.checked_sub(1) == Some(before.account().sequence()))
            {
                let number = before.account().number();
                let after = Wallet::fold(profile, number, before.written().iter().chain(new), at);
                let after = after.map_err(|corrupt| Failure::Corrupt(corrupt.to_string()))?;
                let catalogue = self.app.catalogue().await?;
                return Err(Failure::DryRun(Box::new(PreviewOut::new(preview, &before, &after, &catalogue))));
            }
        }
        Err(Failure::Contention)
    }

    /// The answer of a dry run that would change nothing of a profile.
    pub async fn unchanged(&self, profile: ProfileId) -> Result<Response, Problem> {
        let balances = self.app.backend.balances(LedgerAt::Now(self.at), profile).await?;
        Ok(answer::ok(&PreviewOut::unchanged(profile.to_string(), balances.into())))
    }
}
