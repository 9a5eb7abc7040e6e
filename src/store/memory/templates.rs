//! What definitions say, as of a version of the catalogue: kept in each shard, so that issues do not all wait for one lock.

use crate::definition::Template;
use crate::id::DefinitionId;

/// In the order of their ids. The one that was asked for last is found without a search, as issues come in runs.
#[derive(Debug, Default)]
pub(super) struct Templates {
    known: Vec<Template>,
    last: usize,
    version: u64,
}

impl Templates {
    /// Whether it is known what a definition says, as of a version of the catalogue.
    #[inline]
    pub(super) fn find(&mut self, id: DefinitionId, version: u64) -> bool {
        self.version == version && (self.is_last(id) || self.search(id))
    }

    /// What the definition says that was found or learned last, if it is this one.
    #[inline]
    pub(super) fn get(&self, id: DefinitionId) -> Option<&Template> {
        self.known.get(self.last).filter(|template| template.definition() == id)
    }

    /// Notes what a definition says, as of a version of the catalogue.
    pub(super) fn learn(&mut self, template: Template, version: u64) {
        if self.version != version {
            self.known.clear();
            self.version = version;
        }
        let id = template.definition();
        self.last = self.known.partition_point(|other| other.definition() < id);
        self.known.insert(self.last, template);
    }

    #[inline]
    fn is_last(&self, id: DefinitionId) -> bool {
        self.get(id).is_some()
    }

    fn search(&mut self, id: DefinitionId) -> bool {
        let found = self.known.binary_search_by_key(&id, Template::definition);
        self.last = found.unwrap_or(self.last);
        found.is_ok()
    }
}
