//! The scopes of an account's live lots. Few lots have one, so that a lot itself stays small.

use serde::{Deserialize, Serialize};

use crate::definition::Scope;
use crate::id::LotId;

/// The scopes of the live lots that have one, by lot (rule S2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Scopes(Vec<Scoped>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Scoped {
    lot: LotId,
    scope: Box<Scope>,
}

impl Scopes {
    pub(super) const EMPTY: Self = Self(Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, lot: LotId) -> Option<&Scope> {
        self.place(lot).ok().and_then(|place| self.0.get(place)).map(|scoped| &*scoped.scope)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter().map(|scoped| &*scoped.scope)
    }

    pub(super) fn insert(&mut self, lot: LotId, scope: Scope) {
        let scoped = Scoped { lot, scope: Box::new(scope) };
        match self.place(lot) {
            Ok(place) => self.0.get_mut(place).into_iter().for_each(|known| known.clone_from(&scoped)),
            Err(place) => self.0.insert(place, scoped),
        }
    }

    pub(super) fn remove(&mut self, lot: LotId) {
        if let Ok(place) = self.place(lot) {
            self.0.remove(place);
        }
    }

    fn place(&self, lot: LotId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&lot, |scoped| scoped.lot)
    }
}
