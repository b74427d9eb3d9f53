//! M3, M4, V5: what was recorded is sent in order and once, whatever the network, the storage and the tabs do.

mod bench;

use bench::check;

#[test]
fn m3_drafts_of_a_topic_go_one_after_the_other_in_the_order_recorded() {
    check(
        "0 a open
         0 a record k1
         0 a record k2
         0 a record x1 on event:x
         1 a accepted 1
         2 a accepted 3
         3 a accepted 2
         3 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a = kept k2
         0.000 a = kept x1
         0.000 a sends x1 new #2
         1.000 a = acknowledged k1
         1.000 a removes k1
         1.000 a sends k2 new #3
         2.000 a = acknowledged k2
         2.000 a removes k2
         3.000 a = acknowledged x1
         3.000 a removes x1
         store:",
    );
}

#[test]
fn m4_a_lost_answer_is_asked_for_again_under_the_same_key() {
    check(
        "0 a open
         0 a record k1
         1 a failed 1
         2 a failed 2
         3 a accepted 1
         9 a accepted 3",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         1.015 a sends k1 new #2
         2.007 a sends k1 new #3
         9.000 a = acknowledged k1
         9.000 a removes k1",
    );
}

#[test]
fn v5_a_request_that_says_nothing_is_given_up_and_one_that_moves_is_not() {
    check(
        "0 a open
         0 a record k1 files 1
         10 a progress 1
         24 a progress 1
         40 wait",
        "0.000 a = kept k1
         0.000 a uploads k1/0 #1
         39.000 a aborts #1
         39.015 a uploads k1/0 #2",
    );
}

#[test]
fn m3_what_went_with_the_old_network_is_not_waited_for_on_the_new_one() {
    check(
        "0 a open
         0 a record k1
         1 a connected
         5 a connected
         8 a connected
         20 a accepted 2",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         7.000 a aborts #1
         7.015 a sends k1 new #2
         20.000 a = acknowledged k1
         20.000 a removes k1",
    );
}

#[test]
fn m3_nothing_is_tried_offline_and_everything_at_once_when_the_network_is_back() {
    check(
        "0 a open
         0 a offline
         0 a record k1
         0 a record k2
         600 a online
         600.1 a accepted 1
         600.2 a accepted 2",
        "0.000 a = kept k1
         0.000 a = kept k2
         600.000 a sends k1 new #1
         600.100 a = acknowledged k1
         600.100 a removes k1
         600.100 a sends k2 new #2
         600.200 a = acknowledged k2
         600.200 a removes k2",
    );
}

#[test]
fn v5_hearing_the_server_shortens_a_backoff_but_not_the_pause_that_it_names() {
    check(
        "0 a open
         0 a record k1
         0.1 a failed 1
         0.101 a connected
         0.3 a failed 2 retry 60
         1 a connected
         2 a online
         61 a failed 3 retry 9000
         361 wait
         362 a now",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.101 a sends k1 new #2
         60.300 a sends k1 new #3
         361.000 a sends k1 new #4",
    );
}

#[test]
fn m3_somebody_who_asks_for_it_now_does_not_wait() {
    check(
        "0 a open
         0 a record k1
         1 a failed 1 retry 60
         2 a now",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         2.000 a sends k1 new #2",
    );
}

#[test]
fn m3_a_refused_draft_is_parked_alone_and_can_be_edited() {
    check(
        "0 a open
         0 a record k1
         0 a record k2
         1 a refused 1 invalid
         1 a shows
         1 store
         2 a accepted 2
         3 a edit k1 better
         4 a accepted 3
         4 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a = kept k2
         1.000 a writes k1
         1.000 a sends k2 new #2
         a: k1 parked invalid, k2 sending tried
         store: k1! new, k2 new
         2.000 a = acknowledged k2
         2.000 a removes k2
         3.000 a writes k1
         3.000 a sends k1 better #3
         4.000 a = acknowledged k1
         4.000 a removes k1
         store:",
    );
}

#[test]
fn m3_a_parked_draft_is_tried_again_or_given_up() {
    check(
        "0 a open
         0 a record k1
         0 a record k2
         1 a refused 1 forbidden
         2 a refused 2 forbidden
         3 a retry k2
         4 a accepted 3
         5 a discard k1
         5 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a = kept k2
         1.000 a writes k1
         1.000 a sends k2 new #2
         2.000 a writes k2
         3.000 a writes k2
         3.000 a sends k2 new #3
         4.000 a = acknowledged k2
         4.000 a removes k2
         5.000 a = gone k1
         5.000 a removes k1
         store:",
    );
}

#[test]
fn m4_what_the_server_may_have_is_told_from_what_it_cannot_have() {
    check(
        "0 a open
         0 a record k1
         0 a record k2
         1 a offline
         1 a failed 1
         1 a shows
         2 a online
         3 a refused 2 invalid
         3 a shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a = kept k2
         a: k1 waiting tried, k2 waiting
         2.000 a sends k1 new #2
         3.000 a writes k1
         3.000 a sends k2 new #3
         a: k1 parked invalid, k2 sending tried",
    );
}

#[test]
fn m4_an_edit_of_what_had_arrived_is_a_conflict_that_somebody_sees() {
    check(
        "0 a open
         0 a record k1
         1 a failed 1
         1 a edit k1 other
         2 a refused 2 keyReused
         2 a shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         1.000 a writes k1
         1.000 a sends k1 other #2
         2.000 a writes k1
         a: k1 parked keyReused tried",
    );
}

#[test]
fn m4_what_is_decided_while_a_draft_is_on_its_way_waits_for_the_answer() {
    check(
        "0 a open
         0 a record k1
         0 a record k2
         0.5 a discard k1
         1 a accepted 1
         1.5 a edit k2 better
         2 a failed 2
         3 a accepted 3
         3 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a = kept k2
         1.000 a = acknowledged k1
         1.000 a = too late for k1
         1.000 a removes k1
         1.000 a sends k2 new #2
         2.000 a writes k2
         2.015 a sends k2 better #3
         3.000 a = acknowledged k2
         3.000 a removes k2
         store:",
    );
}

#[test]
fn m3_files_go_before_their_draft_and_only_once() {
    check(
        "0 a open
         0 a record k1 files 2
         1 a uploaded 1 u1
         1 a crash
         5 a open
         6 a uploaded 1 u2
         6 store
         7 a failed 2
         9 a accepted 3
         9 store",
        "0.000 a = kept k1
         0.000 a uploads k1/0 #1
         1.000 a writes k1
         1.000 a uploads k1/1 #2
         5.000 a uploads k1/1 #1
         6.000 a writes k1
         6.000 a sends k1+u1+u2 new #2
         store: k1+u1+u2 new
         7.015 a sends k1+u1+u2 new #3
         9.000 a = acknowledged k1
         9.000 a removes k1
         store:",
    );
}

#[test]
fn m3_files_that_the_server_has_no_more_are_uploaded_anew_once() {
    check(
        "0 a open
         0 a record k1 files 1
         1 a uploaded 1 u1
         2 a refused 2 invalid field uploadId
         3 a uploaded 3 u2
         4 a refused 4 invalid field uploadId
         4 a shows",
        "0.000 a = kept k1
         0.000 a uploads k1/0 #1
         1.000 a writes k1
         1.000 a sends k1+u1 new #2
         2.000 a writes k1
         2.000 a uploads k1/0 #3
         3.000 a writes k1
         3.000 a sends k1+u2 new #4
         4.000 a writes k1
         a: k1 parked invalid",
    );
}

#[test]
fn m3_drafts_survive_a_crash_in_every_state() {
    // Waiting behind another, on its way, parked; each is what it was, and what was on its way goes again.
    check(
        "0 a open
         0 a record k1
         0 a record k2
         0 a record k3
         1 a refused 1 invalid
         2 a crash
         2 store
         4 a open
         4 a shows
         5 a accepted 1
         6 a accepted 2
         6 a shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a = kept k2
         0.000 a = kept k3
         1.000 a writes k1
         1.000 a sends k2 new #2
         store: k1! new, k2 new, k3 new
         4.000 a sends k2 new #1
         a: k1 parked invalid, k2 sending tried, k3 waiting
         5.000 a = acknowledged k2
         5.000 a removes k2
         5.000 a sends k3 new #2
         6.000 a = acknowledged k3
         6.000 a removes k3
         a: k1 parked invalid",
    );
}

#[test]
fn m4_a_crash_after_the_acknowledgement_sends_again_and_is_answered_again() {
    check(
        "0 a open
         0 a record k1
         0.5 store closed
         1 a accepted 1
         1 a shows
         1 a crash
         2 store works
         2 store
         5 a open
         6 a accepted 1
         6 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         1.000 a = not kept: Closed
         1.000 a = acknowledged k1
         a:
         store: k1 new
         5.000 a sends k1 new #1
         6.000 a = acknowledged k1
         6.000 a removes k1
         store:",
    );
}

#[test]
fn m4_of_two_tabs_one_sends() {
    check(
        "0 a open
         0 b open
         0 a record k1
         0 b record k2
         1 a accepted 1
         1 b shows
         2 a accepted 2
         2 b shows
         2 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 b = kept k2
         1.000 a = acknowledged k1
         1.000 a removes k1
         1.000 a sends k2 new #2
         1.000 b = gone k1
         b: k2 waiting
         2.000 a = acknowledged k2
         2.000 a removes k2
         2.000 b = gone k2
         b:
         store:",
    );
}

#[test]
fn m4_a_tab_that_dies_holds_up_the_others_for_one_lease() {
    check(
        "0 a open
         0 b open
         0 a record k1
         2 a crash
         6 b accepted 1
         6 store",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         5.000 b sends k1 new #1
         6.000 b = acknowledged k1
         6.000 b removes k1
         store:",
    );
}

#[test]
fn m4_a_tab_that_leaves_holds_up_nobody() {
    check(
        "0 a open
         0 b open
         0 a record k1
         1 a leave
         3 b accepted 1
         4 a back
         4 a shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         1.000 a aborts #1
         3.000 b sends k1 new #1
         3.000 b = acknowledged k1
         3.000 b removes k1
         4.000 a = gone k1
         a:",
    );
}

#[test]
fn m4_a_tab_that_slept_over_its_lease_takes_nothing_back() {
    // The other one has sent the draft and the next; what the first one was told comes too late to matter.
    check(
        "0 a open
         0 b open
         0 a record k1
         0 a leave
         0 b record k2
         1 b accepted 1
         2 b accepted 2
         3 a accepted 1
         3 a back
         3 store
         3 a shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         0.000 a aborts #1
         0.000 b = kept k2
         0.000 b sends k1 new #1
         1.000 b = acknowledged k1
         1.000 b removes k1
         1.000 b sends k2 new #2
         2.000 b = acknowledged k2
         2.000 b removes k2
         3.000 a = gone k1
         store:
         a:",
    );
}

#[test]
fn m4_another_tab_edits_a_parked_draft() {
    check(
        "0 a open
         0 b open
         0 a record k1
         1 a refused 1 invalid
         2 b shows
         2 b edit k1 better
         2 a shows
         3 b accepted 1
         3 a shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         1.000 a writes k1
         b: k1 parked invalid
         2.000 b writes k1
         2.000 b sends k1 better #1
         a: k1 waiting
         3.000 b = acknowledged k1
         3.000 b removes k1
         3.000 a = gone k1
         a:",
    );
}

#[test]
fn m4_what_another_tab_is_sending_is_edited_when_it_has_been_answered() {
    check(
        "0 a open
         0 b open
         0 a record k1
         1 b discard k1
         1 b shows
         1.5 a accepted 1
         9 b shows",
        "0.000 a = kept k1
         0.000 a sends k1 new #1
         b: k1 waiting
         1.500 a = acknowledged k1
         1.500 a removes k1
         1.500 b = gone k1
         1.500 b = too late for k1
         b:",
    );
}

#[test]
fn m3_a_storage_that_is_full_is_told_and_drafts_go_all_the_same() {
    check(
        "0 a open
         0 a offline
         0 a record k1
         1 store full
         1 a record k2
         1 a record k3
         1 a shows
         2 a online
         3 a accepted 1
         4 a accepted 2
         4.5 store works
         6.5 wait
         6.5 a shows
         7 store
         7 a accepted 3
         7 store",
        "0.000 a = kept k1
         1.000 a = not kept: Full
         a: k1 waiting, k2 waiting unkept, k3 waiting unkept
         2.000 a sends k1 new #1
         3.000 a = acknowledged k1
         3.000 a removes k1
         3.000 a sends k2 new #2
         4.000 a = acknowledged k2
         4.000 a sends k3 new #3
         6.000 a = kept k3
         6.000 a = kept again
         a: k3 sending tried
         store: k3 new
         7.000 a = acknowledged k3
         7.000 a removes k3
         store:",
    );
}

#[test]
fn m3_without_a_storage_the_tab_sends_from_memory_in_order() {
    check(
        "0 store closed
         0 a open
         0 a record k1
         0 a record k2
         1 a refused 1 invalid
         2 a accepted 2
         3 a edit k1 better
         9 a accepted 3
         9 a shows",
        "0.000 a = not kept: Closed
         0.000 a sends k1 new #1
         1.000 a sends k2 new #2
         2.000 a = acknowledged k2
         3.000 a sends k1 better #3
         9.000 a = acknowledged k1
         a:",
    );
}

#[test]
fn m3_what_was_decided_while_the_storage_failed_is_written_when_it_works() {
    check(
        "0 a open
         0 a offline
         0 a record k1
         0 a record k2
         0 a record k3
         1 store closed
         1 a discard k1
         1 a edit k2 better
         1 a shows
         3 a shows
         4 store works
         4 store
         8 a online
         8 store
         9 a accepted 1
         9 a shows",
        "0.000 a = kept k1
         0.000 a = kept k2
         0.000 a = kept k3
         1.000 a = not kept: Closed
         1.000 a = gone k1
         a: k2 waiting, k3 waiting
         a: k2 waiting, k3 waiting
         store: k1 new, k2 new, k3 new
         6.000 a = kept again
         6.000 a removes k1
         6.000 a writes k2
         8.000 a sends k2 better #1
         store: k2 better, k3 new
         9.000 a = acknowledged k2
         9.000 a removes k2
         9.000 a sends k3 new #2
         a: k3 sending tried",
    );
}

#[test]
fn m4_only_the_author_sends_and_who_is_unknown_sends_nothing() {
    check(
        "0 a open
         0 a author nobody
         0 a record k1 by ada
         0 a record k2
         1 a author visitor
         1 a shows
         2 a accepted 1
         3 a author ada
         4 a refused 2 unauthenticated
         4 a shows
         9 a author ada
         9 a accepted 3",
        "0.000 a = kept k1
         0.000 a = kept k2
         1.000 a sends k2 new #1
         a: k1 of another, k2 sending tried
         2.000 a = acknowledged k2
         2.000 a removes k2
         3.000 a sends k1 new #2
         4.000 a = sign in
         a: k1 waiting tried
         9.000 a sends k1 new #3
         9.000 a = acknowledged k1
         9.000 a removes k1",
    );
}

#[test]
fn m4_the_same_draft_is_recorded_once() {
    check(
        "0 a open
         0 a offline
         0 a record k1
         0 a record k1
         0 store",
        "0.000 a = kept k1
         store: k1 new",
    );
}

#[test]
fn m3_a_long_upload_keeps_its_lease() {
    check(
        "0 a open
         0 b open
         0 a record k1 files 1
         9 a progress 1
         20 a progress 1
         30 a uploaded 1 u1
         31 a accepted 2
         31 store",
        "0.000 a = kept k1
         0.000 a uploads k1/0 #1
         30.000 a writes k1
         30.000 a sends k1+u1 new #2
         31.000 a = acknowledged k1
         31.000 a removes k1
         31.000 b = gone k1
         store:",
    );
}
