//! What can be wrong with a store: each breaks one promise, and names the cases that find it out.

macro_rules! flaws {
    ($($(#[$doc:meta])* $name:ident => $($case:ident)+;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Flaw {
            $($(#[$doc])* $name,)*
        }

        /// Every flaw, and exactly the cases that fail on it.
        pub const FLAWS: &[(Flaw, &[&str])] = &[$((Flaw::$name, &[$(stringify!($case)),+])),*];
    };
}

flaws! {
    /// What the caller attached is not kept.
    LosesDocuments => entries_come_back_as_written;
    /// Amounts go through a float.
    RoundsAmounts => every_digit_and_every_microsecond_is_kept;
    /// The folded account lags behind, and is not caught up.
    LendsAStaleAccount => a_state_is_the_fold_of_its_journal;
    /// A change that was decided on an old version is taken for a repetition.
    TakesStaleForDone => a_stale_change_is_a_conflict;
    /// A batch of five is loaded before any of it is decided.
    ReadsAhead => a_later_unit_sees_an_earlier_one;
    /// The first account is written though the second has moved on.
    TearsPairs => two_accounts_change_together_or_not_at_all;
    /// A unit that writes nothing takes the next one along.
    RefusalsTakeTheNextAlong => a_batch_settles_each_unit_by_itself;
    /// Keys are not scoped to their profile.
    KeysOfAnybody => a_key_is_found_again;
    /// Keys are looked for in what was there before the batch.
    KeysOfTheBatchUnseen => a_key_counts_within_one_batch;
    /// Names of different sorts are mixed up.
    NamesOfAnySort => a_name_of_the_callers_is_found_again;
    /// The catalogue's index of later entries is not kept.
    ForgetsWhatChanged => the_newest_entry_about_a_thing_is_found;
    /// Numbers are kept in four bits.
    NumbersWrap => numbers_are_drawn_once;
    /// A number that was never drawn leads to the first profile.
    AnybodyForNobody => looking_creates_nothing;
    /// As of an instant leaves out what was written at it.
    PastEndsEarly => the_past_can_be_asked_for;
    /// Profiles are compared without regard to case.
    IgnoresCase => profiles_do_not_mix;
    /// Where a profile's account is, is kept in eight bits.
    PlacesWrap => many_profiles_do_not_mix;
    /// Sequence numbers are sorted as text.
    OrdersByLetters => entries_come_in_their_order;
    /// What is beyond the first page is not read.
    PagesEnd => a_large_account_is_whole;
    /// A handle believes what it once read.
    RemembersForEver => a_handle_sees_what_others_committed;
    /// After a conflict the rest of a batch is given up as one, too.
    ConflictsEndTheBatch => a_conflict_leaves_its_neighbours_alone;
    /// Whoever creates an account does not look whether it has been created meanwhile.
    CreatorsUnchecked => racing_creators_make_one_account;
    /// Redemptions are written whatever happened since they were decided.
    RedemptionsUnchecked => racing_changes_lose_nothing;
    /// Of two accounts only the first is compared.
    SecondUnchecked => racing_pairs_stay_whole;
    /// The key is looked for before the account is read.
    KeysOfAnotherMoment => a_key_raced_for_is_used_once;
    /// The oldest entry about a thing is taken for the newest.
    LatestIsTheOldest =>
        a_redemption_is_not_returned_twice
        an_expired_reward_comes_back_with_what_was_left
        the_last_correction_of_a_reward_counts
        a_sale_is_not_returned_twice
        a_redemption_pays_for_one_sale
        a_late_sale_is_not_paid_twice
        a_merged_profile_gets_its_returns;
    /// The same, of returns of the profile's own redemptions alone.
    ReturnsKeepTheFirst => a_redemption_is_not_returned_twice;
    /// Of the things that an entry is about, only the first is indexed.
    IndexesOneSubject =>
        a_redemption_is_not_returned_twice
        a_return_to_several_lots_is_not_repeated
        an_expired_reward_comes_back_with_what_was_left
        the_last_correction_of_a_reward_counts
        a_hold_ends_once
        a_redemption_pays_for_one_sale
        a_merged_profile_gets_its_returns
        a_batch_finds_what_it_wrote;
    /// Only the first three are.
    IndexesThreeSubjects => a_return_to_several_lots_is_not_repeated;
    /// That a lot expired is listed, and not found by the lot.
    ExpiriesUnindexed => an_expired_reward_comes_back_with_what_was_left;
    /// Of the entries about a thing, only the newest is found.
    AboutIsTheNewest => a_quote_lists_every_expired_reward;
    /// Only the oldest is.
    AboutIsTheOldest => a_quote_lists_every_expired_reward;
    /// Only the newest two are.
    AboutIsThePage => a_quote_lists_every_expired_reward;
    /// The ledger's own name of a lot stays with the entry that first had it.
    LotsKeepTheFirst => the_last_correction_of_a_reward_counts;
    /// That a hold was captured is not found by the hold.
    CapturesUnindexed => a_hold_ends_once;
    /// That part of a sale came back is not found by the sale.
    SaleReturnsUnindexed => a_sale_is_not_returned_twice;
    /// That a sale was paid with a redemption is not found by the redemption.
    LinksUnindexed => a_redemption_pays_for_one_sale;
    /// That a redemption brought a lot back is not found by the lot.
    RedemptionsUnindexed => a_late_sale_is_not_paid_twice;
    /// Nothing is looked up in the journal of the second account.
    SecondJournalUnread => a_merged_profile_gets_its_returns;
    /// Two newcomers in one unit are lent the same number.
    NewcomersShareANumber => two_accounts_change_together_or_not_at_all;
    /// A newcomer who is both accounts of a unit is lent two numbers.
    OneAccountIsTwo => one_account_is_not_two;
    /// A caller's name stays with the entry that first had it.
    NamesKeepTheFirst => a_name_used_anew_is_found_again;
    /// A key stays with the entry that first had it.
    KeysKeepTheFirst => a_key_used_anew_is_found_again;
    /// What a thing became is looked for in what was there before the batch.
    SubjectsOfTheBatchUnseen => a_batch_finds_what_it_wrote;
    /// So is what has a name.
    NamesOfTheBatchUnseen => a_batch_finds_what_it_wrote;
    /// The rows of a batch under a key are not found.
    RowsUnindexed => a_batch_under_a_key_is_found_again;
    /// Definitions are not found by their handles.
    HandlesUnindexed => a_definition_is_found_by_its_handle;
    /// A full page of the feed leaves out the entry after it.
    FeedSkips => the_feed_tells_everything_in_order;
    /// A full page of the feed is taken for one with more after it.
    FullIsMore => the_feed_says_whether_there_is_more;
    /// No page of the feed has more after it.
    NeverMore => the_feed_says_whether_there_is_more;
    /// Each page of profiles but the first leaves one out.
    PagesOfProfilesSkip => all_profiles_are_found;
    /// A position that cannot be read is taken for the start.
    AnyPositionWillDo => a_position_that_is_none_is_an_error;
    /// What falls due at the very instant is not due.
    DueTooLate => what_falls_due_is_found;
    /// What expires at the end of a stretch is not in it.
    StretchEndsEarly => what_expires_is_found;
    /// A lot that is not available yet is not looked at.
    LeavesOutPending => what_expires_is_found;
    /// A hold that lapses in a stretch is not looked at.
    LeavesOutHolds => what_expires_is_found;
    /// Across profiles, names of different sorts are mixed up.
    FindsNamesOfAnySort => a_name_is_found_across_profiles;
    /// Rows that cannot be read are left out.
    SkipsUnreadable => a_row_that_cannot_be_read_is_an_error;
    /// What cannot be read is told as something that may be better the next time.
    MakesLightOfUnreadable => a_row_that_cannot_be_read_is_an_error;
}
