//! Isolating units that cannot be read, so that the other units of a work succeed.

use std::ops::Range;

use super::StoreError;

/// The groups of units that are left to run. A group that meets corrupt data is run again in halves, until the unit that
/// cannot be read is alone.
#[derive(Debug)]
pub(crate) struct Apart<E> {
    /// The groups to run, the next one last.
    left: Vec<Range<usize>>,
    unread: Result<(), E>,
}

impl<E: StoreError> Apart<E> {
    /// Groups of units, in order.
    pub(crate) fn new(groups: impl DoubleEndedIterator<Item = Range<usize>>) -> Self {
        Self { left: groups.rev().collect(), unread: Ok(()) }
    }

    /// The next group to run.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        self.left.pop()
    }

    /// A group failed, and nothing of it was written: it is [split](Self::split), if data is corrupt.
    ///
    /// # Errors
    /// Anything but corrupt data ends the work.
    pub(crate) fn failed(&mut self, units: Range<usize>, error: E) -> Result<(), E> {
        if !error.is_corruption() {
            return Err(error);
        }
        self.split(units, error);
        Ok(())
    }

    /// Queues both halves of a group that failed, unless it is a single unit.
    pub(crate) fn split(&mut self, units: Range<usize>, error: E) {
        if units.len() > 1 {
            let middle = units.start.midpoint(units.end);
            // In order, as a later unit sees an earlier one's change.
            self.left.extend([middle..units.end, units.start..middle]);
        } else if self.unread.is_ok() {
            self.unread = Err(error);
        }
    }

    /// Ends the work.
    ///
    /// # Errors
    /// The first unit that could not be read. The others were run.
    pub(crate) fn end(self) -> Result<(), E> {
        self.unread
    }
}
