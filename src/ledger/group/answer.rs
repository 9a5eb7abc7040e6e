//! An answer on its way from the driver to the caller that waits for it, on a thread or in a task.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::engine::Receipt;
use crate::ledger::Error;

/// Where one answer is put, once.
pub(super) struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    Empty(Option<Waker>),
    Full(T),
    Taken,
}

impl<T> Slot<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::Empty(None))))
    }

    // Nothing that could panic runs while it is locked.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, value: T) {
        let before = std::mem::replace(&mut *self.lock(), State::Full(value));
        // Not while it is locked: a waker runs code of the host's.
        if let State::Empty(Some(waker)) = before {
            waker.wake();
        }
    }

    /// The answer, once; pending for ever after.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<T> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Full(value) => Poll::Ready(value),
            State::Empty(_) => {
                *state = State::Empty(Some(context.waker().clone()));
                Poll::Pending
            }
            State::Taken => Poll::Pending,
        }
    }
}

type Send1<T, E> = Box<dyn FnOnce(Result<T, Error<E>>) + Send>;

/// The other end: answers exactly once, whatever happens to it.
pub(super) struct Reply<T, E> {
    send: Option<Send1<T, E>>,
    is_sent_to_store: bool,
}

impl<T, E> Reply<T, E> {
    pub(super) fn new(send: impl FnOnce(Result<T, Error<E>>) + Send + 'static) -> Self {
        Self { send: Some(Box::new(send)), is_sent_to_store: false }
    }

    /// From now on it cannot be said that nothing was done.
    pub(super) const fn sent_to_store(&mut self) {
        self.is_sent_to_store = true;
    }

    pub(super) fn answer(mut self, answer: Result<T, Error<E>>) {
        if let Some(send) = self.send.take() {
            send(answer);
        }
    }
}

impl<T: 'static, E: Send + Sync + 'static> Reply<T, E>
where
    Result<T, Error<E>>: Send,
{
    /// A reply into a slot.
    pub(super) fn into(slot: &Arc<Slot<Result<T, Error<E>>>>) -> Self {
        let slot = Arc::clone(slot);
        Self::new(move |answer| slot.put(answer))
    }
}

/// The caller gets an answer even if the driver ends early, by a panic of the store, say.
impl<T, E> Drop for Reply<T, E> {
    fn drop(&mut self) {
        let error = if self.is_sent_to_store { Error::InDoubt } else { Error::Closed };
        if let Some(send) = self.send.take() {
            send(Err(error));
        }
    }
}

/// The answer to a caller who knows of no transaction: if the store is inside one, it may yet be rolled back.
pub(super) fn durable<O, E>(answer: Result<Receipt<O>, Error<E>>) -> Result<Receipt<O>, Error<E>> {
    match answer {
        Ok(receipt) if receipt.is_staged => Err(Error::InDoubt),
        answer => answer,
    }
}

/// Blocks the thread until a future is ready.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}
