use tokio_postgres::error::SqlState;

use super::{CommitFailure, Sent, answered};

/// The meaning of each code for a statement that commits by itself, and for `COMMIT`.
#[test]
fn only_proof_takes_a_commit_out_of_doubt() {
    use CommitFailure::{Conflict, InDoubt, Refused};
    for (code, statement, commit) in [
        ("40001", Conflict, Conflict),
        ("40P01", Conflict, Conflict),
        ("0A000", Refused, InDoubt), // not supported
        ("22003", Refused, InDoubt), // a value out of range
        ("23505", Refused, InDoubt), // a constraint
        ("23514", Refused, InDoubt),
        ("25006", Refused, InDoubt), // a standby
        ("26000", Refused, InDoubt), // not prepared
        ("42501", Refused, InDoubt), // no privilege
        ("42P01", Refused, InDoubt), // no such table
        ("55P03", Refused, InDoubt), // lock_timeout
        ("P0001", Refused, InDoubt), // a trigger
        ("08006", InDoubt, InDoubt), // a worker that is gone
        ("40000", InDoubt, InDoubt),
        ("40002", InDoubt, InDoubt),
        ("40003", InDoubt, InDoubt), // CockroachDB does not know
        ("53100", InDoubt, InDoubt), // the disk is full
        ("53200", InDoubt, InDoubt),
        ("55000", InDoubt, InDoubt),
        ("57014", InDoubt, InDoubt), // cancelled, or statement_timeout
        ("57P01", InDoubt, InDoubt),
        ("58030", InDoubt, InDoubt),
        ("XX000", InDoubt, InDoubt),
        ("", InDoubt, InDoubt),
    ] {
        let code = &SqlState::from_code(code);
        assert_eq!(answered(Sent::Committing, false, code), statement, "{code:?}");
        assert_eq!(answered(Sent::Commit, false, code), commit, "{code:?}");
        // A session that ends may end after its commit.
        assert_eq!(answered(Sent::Committing, true, code), InDoubt, "{code:?}");
        assert_eq!(answered(Sent::Commit, true, code), InDoubt, "{code:?}");
        // Before a commit is sent nothing is in doubt, and a session that ended is worth a retry.
        let uncommitted = if statement == Conflict { Conflict } else { Refused };
        assert_eq!(answered(Sent::Uncommitted, false, code), uncommitted, "{code:?}");
        assert_eq!(answered(Sent::Uncommitted, true, code), Conflict, "{code:?}");
    }
}
