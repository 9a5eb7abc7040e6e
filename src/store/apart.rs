//! How one account that cannot be read harms no neighbour.

use std::ops::Range;

use super::StoreError;

/// Units of a work that are run together, and apart where one of them meets what cannot be read: so that it does its
/// neighbours no harm.
#[derive(Debug)]
pub(crate) struct Apart<E> {
    /// The units to run, the next ones last.
    left: Vec<Range<usize>>,
    unread: Result<(), E>,
}

impl<E: StoreError> Apart<E> {
    /// Of groups of units, in their order.
    pub(crate) fn new(groups: impl DoubleEndedIterator<Item = Range<usize>>) -> Self {
        Self { left: groups.rev().collect(), unread: Ok(()) }
    }

    /// The units to run next, together.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        self.left.pop()
    }

    /// Hears that units which were run together failed and nothing of them is written. They are run in halves, and these
    /// in halves, until the one that cannot be read stands alone.
    ///
    /// # Errors
    /// It is another kind of error: it ends the work.
    pub(crate) fn failed(&mut self, units: Range<usize>, error: E) -> Result<(), E> {
        if !error.is_corruption() {
            return Err(error);
        }
        if units.len() > 1 {
            let middle = units.start.midpoint(units.end);
            // In their order, as a later unit sees an earlier one's change.
            self.left.extend([middle..units.end, units.start..middle]);
        } else if self.unread.is_ok() {
            self.unread = Err(error);
        }
        Ok(())
    }

    /// Ends the work.
    ///
    /// # Errors
    /// The first unit that could not be read. The others went their way.
    pub(crate) fn end(self) -> Result<(), E> {
        self.unread
    }
}
