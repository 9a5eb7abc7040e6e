//! The `with_…` setters of requests, definitions and settings: any of them can be built in one expression.

/// Writes a setter for each line: its documentation, its name, the field with the type it is given in, and what the field
/// becomes.
macro_rules! setters {
    ($type:ident { $($(#[$doc:meta])* $name:ident($field:ident: $given:ty) = $value:expr;)* }) => {
        impl $type {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(self, $field: $given) -> Self {
                Self { $field: $value, ..self }
            })*
        }
    };
}
pub(crate) use setters;
