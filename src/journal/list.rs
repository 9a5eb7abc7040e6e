//! Short lists without allocation, as types of their own that hide their representation.

macro_rules! short_list {
    ($(#[$doc:meta])* $name:ident of $each:ident, $inline:literal) => {
        $(#[$doc])*
        #[derive(Debug, Default, PartialEq, Eq)]
        pub struct $name(smallvec::SmallVec<[$each; $inline]>);

        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                // Copied at once: `clone` of a `SmallVec` goes item by item.
                Self(smallvec::SmallVec::from_slice(&self.0))
            }
        }

        impl std::ops::Deref for $name {
            type Target = [$each];

            fn deref(&self) -> &[$each] {
                &self.0
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = &'a $each;
            type IntoIter = std::slice::Iter<'a, $each>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }

        impl FromIterator<$each> for $name {
            fn from_iter<I: IntoIterator<Item = $each>>(all: I) -> Self {
                Self(all.into_iter().collect())
            }
        }

        impl<const N: usize> From<[$each; N]> for $name {
            fn from(all: [$each; N]) -> Self {
                Self(all.as_slice().into())
            }
        }
    };
}

/// Serialises the type as a list.
macro_rules! short_list_in_documents {
    ($name:ident of $each:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer).map(Self)
            }
        }
    };
}

pub(super) use {short_list, short_list_in_documents};
