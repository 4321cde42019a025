//! What is to be done once a transaction is committed, and never when it is not.
//!
//! An act runs from its beginning to its end on one thread, so what it leaves to be done waits there. Of a savepoint that
//! is rolled back nothing stays, nor of an act that is begun again.

use std::cell::RefCell;

/// Something to be done after the commit. It must be quick: on SQLite the writing thread does it.
pub(super) type Deed = Box<dyn FnOnce() + Send>;

thread_local! {
    static WAITING: RefCell<Vec<Deed>> = const { RefCell::new(Vec::new()) };
}

/// Leaves something to be done.
pub(super) fn push(deed: Deed) {
    WAITING.with_borrow_mut(|waiting| waiting.push(deed));
}

/// How much waits already: where a savepoint begins.
pub(super) fn mark() -> usize {
    WAITING.with_borrow(Vec::len)
}

/// Forgets what was left since a mark.
pub(super) fn forget_since(mark: usize) {
    // Dropped outside the borrow: nobody knows what a closure does when it goes.
    let forgotten = WAITING.with_borrow_mut(|waiting| waiting.split_off(mark.min(waiting.len())));
    drop(forgotten);
}

/// Everything that waits, to be done or carried to where the commit is.
pub(super) fn take() -> Vec<Deed> {
    WAITING.take()
}
