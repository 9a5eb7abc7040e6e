//! The projected tables and their columns.
//!
//! Everything is by the profile's number: a lot that moved has a row with each profile that ever had it, and only the
//! newest has value in it. A released migration prints these tables, so a column that is added later needs a step of its
//! own.

/// A table that people query.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
    pub(crate) indexes: &'static [Index],
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) role: Role,
    pub(crate) is_optional: bool,
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// A whole number below 2<sup>31</sup>.
    Number,
    /// The id of a record, below 2<sup>53</sup>.
    Id,
    /// Money or points, in ten-thousandths.
    Quantity,
    /// Microseconds since 1970 in UTC.
    Instant,
    Flag,
    Text,
}

/// The role of a column in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Part of what identifies a row.
    Key,
    /// The profile that a row belongs to, where the key identifies the row without it. A database that is spread by
    /// profile has it in the key; any other has an index of it.
    Profile,
    /// The same, for a table that has it only where it is in the key.
    ProfileInKey,
    /// The name by which a row is looked up. No two rows have the same.
    Name,
    /// Anything else.
    Value,
}

/// An index of a table, by one column.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) column: &'static str,
    /// Which rows are in it.
    pub(crate) condition: &'static str,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Column {
    const fn key(name: &'static str, kind: Type) -> Self {
        Self::value(name, kind).role(Role::Key)
    }

    const fn value(name: &'static str, kind: Type) -> Self {
        Self { name, kind, role: Role::Value, is_optional: false }
    }

    const fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

/// All of them, in the order in which they are created.
pub(crate) const ALL: [&Table; 8] =
    [&ACCOUNT, &ACTIVITY, &DEFINITION, &LOT, &MOVEMENT, &REDEMPTION, &REDEMPTION_ITEM, &TRANSACTION];

/// A profile, with its balances after its last entry.
pub(crate) static ACCOUNT: Table = Table {
    name: "account",
    columns: &[
        Column::key("number", Type::Number),
        Column::value("profile", Type::Text).role(Role::Name),
        // Of its last entry.
        Column::value("sequence", Type::Number),
        Column::value("last_at", Type::Instant),
        Column::value("reward_balance", Type::Quantity),
        Column::value("reward_pending", Type::Quantity),
        Column::value("reward_held", Type::Quantity),
        Column::value("point_balance", Type::Quantity),
        Column::value("point_pending", Type::Quantity),
        Column::value("point_held", Type::Quantity),
        Column::value("point_debt", Type::Quantity),
        Column::value("status_point_balance", Type::Quantity),
        Column::value("status_point_pending", Type::Quantity),
    ],
    indexes: &[],
};

/// The last activity of a profile, which keeps its points from lapsing.
pub(crate) static ACTIVITY: Table = Table {
    name: "activity",
    columns: &[Column::key("number", Type::Number), Column::value("active_at", Type::Instant)],
    indexes: &[],
};

/// A definition, in its newest version.
pub(crate) static DEFINITION: Table = Table {
    name: "definition",
    columns: &[
        Column::key("definition", Type::Id),
        // `reward` or `point`.
        Column::value("kind", Type::Text),
        Column::value("handle", Type::Text),
        Column::value("name", Type::Text),
        Column::value("is_archived", Type::Flag),
    ],
    indexes: &[],
};

/// A reward or a lot of points, at one of the profiles that had it.
pub(crate) static LOT: Table = Table {
    name: "lot",
    columns: &[
        Column::key("number", Type::Number),
        Column::key("lot", Type::Id),
        // `reward`, `point`, or `status` for points that cannot be redeemed.
        Column::value("kind", Type::Text),
        Column::value("definition", Type::Id).optional(),
        Column::value("external_id", Type::Text).optional(),
        Column::value("initial", Type::Quantity),
        // Held value included.
        Column::value("remaining", Type::Quantity),
        Column::value("held", Type::Quantity),
        // `usable`, `pending`, `expired`, `revoked` or `moved`.
        Column::value("standing", Type::Text),
        Column::value("issued_at", Type::Instant),
        Column::value("available_at", Type::Instant),
        // The exclusive end; nothing for never. A lot that lapses may end before.
        Column::value("expires_at", Type::Instant).optional(),
        // The number of the profile that it went to.
        Column::value("moved_to", Type::Number).optional(),
        // The period without activity after which it lapses, and the zone that counts its days; nothing, if it does not.
        Column::value("inactivity_period", Type::Number).optional(),
        // `days`, `weeks`, `months` or `years`.
        Column::value("inactivity_period_type", Type::Text).optional(),
        Column::value("timezone", Type::Text).optional(),
        // The start of that period, unless the profile was active since.
        Column::value("active_from", Type::Instant).optional(),
    ],
    indexes: &[Index {
        name: "expiry",
        column: "expires_at",
        condition: "remaining > 0 AND expires_at IS NOT NULL",
    }],
};

/// A change of what a customer owns, by an entry: what the liability roll-forward adds up.
pub(crate) static MOVEMENT: Table = Table {
    name: "movement",
    columns: &[
        Column::key("number", Type::Number),
        // Of its entry.
        Column::key("sequence", Type::Number),
        // From 1.
        Column::key("place", Type::Number),
        Column::value("at", Type::Instant),
        Column::value("lot", Type::Id).optional(),
        // `reward`, `point` or `status`.
        Column::value("kind", Type::Text),
        // `issued`, `earned`, `redeemed` and so on.
        Column::value("flow", Type::Text),
        // Below zero for what went out.
        Column::value("value", Type::Quantity),
    ],
    indexes: &[],
};

/// A redemption, with its later changes.
pub(crate) static REDEMPTION: Table = Table {
    name: "redemption",
    columns: &[
        Column::value("number", Type::Number).role(Role::Profile),
        Column::key("redemption", Type::Id),
        Column::value("redeemed_at", Type::Instant),
        // When it happened, if it was sent late.
        Column::value("occurred_at", Type::Instant).optional(),
        Column::value("requested", Type::Quantity),
        Column::value("total", Type::Quantity),
        Column::value("returned", Type::Quantity),
        Column::value("is_reversed", Type::Flag),
        // The transaction that it is linked to.
        Column::value("transaction_id", Type::Id).optional(),
        // The hold that it captured.
        Column::value("hold", Type::Id).optional(),
    ],
    indexes: &[],
};

/// The amount that one lot gave to a redemption.
pub(crate) static REDEMPTION_ITEM: Table = Table {
    name: "redemption_item",
    columns: &[
        Column::value("number", Type::Number).role(Role::ProfileInKey),
        Column::key("redemption", Type::Id),
        // From 1, in the order of use.
        Column::key("place", Type::Number),
        Column::value("lot", Type::Id),
        // `reward` or `point`.
        Column::value("kind", Type::Text),
        Column::value("amount", Type::Quantity),
        Column::value("points", Type::Quantity),
    ],
    indexes: &[],
};

/// A purchase.
pub(crate) static TRANSACTION: Table = Table {
    name: "transaction",
    columns: &[
        Column::value("number", Type::Number).role(Role::Profile),
        Column::key("transaction_id", Type::Id),
        Column::value("external_id", Type::Text).optional(),
        // The redemption that it is linked to.
        Column::value("redemption", Type::Id).optional(),
        Column::value("total", Type::Quantity),
        Column::value("total_original", Type::Quantity),
        Column::value("returned", Type::Quantity),
        Column::value("points_earned", Type::Quantity),
        Column::value("transacted_at", Type::Instant),
        // Of one that is void as well.
        Column::value("is_deleted", Type::Flag),
        Column::value("created_at", Type::Instant),
        Column::value("updated_at", Type::Instant),
    ],
    indexes: &[Index { name: "name", column: "external_id", condition: "external_id IS NOT NULL" }],
};
