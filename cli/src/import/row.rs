//! A row as the request that it stands for.

use scrip::id::{ExternalId, Handle};
use scrip::rust_decimal::Decimal;
use scrip::time::{Until, When};
use scrip::{
    Amount, DefinitionId, IssuePoints, IssueReward, Points, ProfileId, Program, Request, Zone, json,
};

use super::date::Pattern;
use super::map::{By, DateCell, EmptyDate, EmptyValue, Map, ValueCell};
use super::slip::Slip;
use super::source::{Column, Record, Rows};
use super::survey::Survey;
use super::value;
use crate::failure::Failure;

/// What a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Rewards,
    Points,
}

/// What a row says.
#[derive(Clone, Debug)]
pub struct Row {
    pub profile: ProfileId,
    pub definition: Named,
    pub initial: Option<Decimal>,
    pub remaining: Option<Decimal>,
    pub issued_at: Option<When>,
    pub available_at: Option<When>,
    pub expires_at: Option<Until>,
    pub zone: Option<Zone>,
    meta: Option<json::Json>,
}

/// A definition as a row names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Id(DefinitionId),
    Handle(Handle),
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::Handle(handle) => handle.fmt(f),
        }
    }
}

/// Reads rows by a map.
pub struct RowReader<'m> {
    map: &'m Map,
    kind: Kind,
    decimals: u8,
    currency: &'static str,
    profile: Vec<Column>,
    definition: Option<Column>,
    currency_column: Option<Column>,
    initial: Option<ValueColumns<'m>>,
    remaining: Option<ValueColumns<'m>>,
    issued_at: Option<DateColumn<'m>>,
    available_at: Option<DateColumn<'m>>,
    expires_at: Option<DateColumn<'m>>,
    zone_column: Option<Column>,
    zone: Option<Zone>,
    meta: Vec<Column>,
}

struct ValueColumns<'m> {
    cell: &'m ValueCell,
    column: Column,
    plus: Option<Column>,
    minus: Option<Column>,
}

struct DateColumn<'m> {
    cell: &'m DateCell,
    column: Column,
    pattern: Pattern,
}

impl<'m> RowReader<'m> {
    pub fn new(
        map: &'m Map,
        kind: Kind,
        program: &Program,
        rows: &Rows,
        survey: &Survey,
    ) -> Result<Self, Failure> {
        let optional = |name: Option<&str>| name.map(|name| rows.column(name)).transpose();
        let values =
            |cell: &'m Option<ValueCell>| cell.as_ref().map(|cell| ValueColumns::new(cell, rows)).transpose();
        let dates = |cell: &'m Option<DateCell>| {
            let column = |cell: &'m DateCell| DateColumn::new(cell, rows, survey);
            cell.as_ref().map(column).transpose()
        };
        let (zone, settings) = (map.timezone.as_ref(), program.settings());
        let constant = zone.and_then(|zone| zone.constant.as_deref()).map(|name| {
            name.parse().map_err(|error: scrip::time::TimeError| Failure::of("the map: timezone", &error))
        });
        Ok(Self {
            map,
            kind,
            decimals: match kind {
                Kind::Rewards => settings.currency.minor_unit(),
                Kind::Points => settings.point_scale,
            },
            currency: settings.currency.code(),
            profile: map
                .profile
                .column
                .names()
                .iter()
                .map(|name| rows.column(name))
                .collect::<Result<_, _>>()?,
            definition: optional(map.definition.column.as_deref())?,
            currency_column: optional(map.currency.as_ref().map(|cell| cell.column.as_str()))?,
            initial: values(&map.value_initial)?,
            remaining: values(&map.value_remaining)?,
            issued_at: dates(&map.issued_at)?,
            available_at: dates(&map.available_at)?,
            expires_at: dates(&map.expires_at)?,
            zone_column: optional(zone.and_then(|zone| zone.column.as_deref()))?,
            zone: constant.transpose()?,
            meta: map.meta.iter().map(|name| rows.column(name)).collect::<Result<_, _>>()?,
        })
    }

    pub fn read(&self, record: &Record) -> Result<Row, Slip> {
        if let Some(slip) = &record.slip {
            return Err(slip.clone());
        }
        self.check_currency(record)?;
        let zone = self.zone(record)?;
        Ok(Row {
            profile: self.profile(record)?,
            definition: self.definition(record)?,
            initial: self.initial.as_ref().map_or(Ok(None), |columns| columns.read(record, self))?,
            remaining: self.remaining.as_ref().map_or(Ok(None), |columns| columns.read(record, self))?,
            issued_at: self.issued_at.as_ref().map_or(Ok(None), |column| column.when(record))?,
            available_at: self.available_at.as_ref().map_or(Ok(None), |column| column.when(record))?,
            expires_at: self.expires_at.as_ref().map_or(Ok(None), |column| column.until(record))?,
            zone,
            meta: self.meta(record)?,
        })
    }

    fn check_currency(&self, record: &Record) -> Result<(), Slip> {
        let Some(column) = &self.currency_column else { return Ok(()) };
        let cell = record.cell(column);
        if cell.trim().eq_ignore_ascii_case(self.currency) {
            return Ok(());
        }
        let message = format!("`{cell}` is not {}, which this ledger is in", self.currency);
        Err(Slip::new("other_currency", message).at(&column.name))
    }

    fn profile(&self, record: &Record) -> Result<ProfileId, Slip> {
        let cells = self.profile.iter().map(|column| (column, record.cell(column)));
        let said =
            cells.map(|(column, cell)| (column, cell.trim().to_owned())).find(|(_, cell)| !cell.is_empty());
        let Some((column, text)) = said else {
            let slip = Slip::new("missing", "says whose it is, and is empty");
            return Err(self.profile.first().map_or(slip.clone(), |column| slip.at(&column.name)));
        };
        let text = if self.map.profile.lowercase { text.to_lowercase() } else { text };
        ProfileId::new(&text)
            .map_err(|error| Slip::new("bad_profile", format!("`{text}` {error}")).at(&column.name))
    }

    fn definition(&self, record: &Record) -> Result<Named, Slip> {
        let form = &self.map.definition;
        let name = self.definition.as_ref().map_or("definition", |column| column.name.as_str());
        let text = match (&self.definition, &form.constant) {
            (Some(column), _) => record.cell(column).trim().to_owned(),
            (None, constant) => constant.clone().unwrap_or_default(),
        };
        let text = form.values.get(&text).unwrap_or(&text);
        let wrong =
            |error: &dyn std::error::Error| Slip::new("bad_definition", format!("`{text}` {error}")).at(name);
        match form.by {
            By::Handle => Handle::new(text).map(Named::Handle).map_err(|error| wrong(&error)),
            By::Id => {
                let id = text.parse::<u64>().map_err(|error| wrong(&error))?;
                DefinitionId::new(id).map(Named::Id).map_err(|error| wrong(&error))
            }
        }
    }

    fn zone(&self, record: &Record) -> Result<Option<Zone>, Slip> {
        let Some(column) = &self.zone_column else { return Ok(self.zone) };
        match record.cell(column).trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|error: scrip::time::TimeError| {
                Slip::new("bad_timezone", error.to_string()).at(&column.name)
            }),
        }
    }

    fn meta(&self, record: &Record) -> Result<Option<json::Json>, Slip> {
        let said = self.meta.iter().map(|column| (column.name.clone(), record.cell(column)));
        let said: serde_json::Map<_, _> = said
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, cell)| (name, cell.as_ref().into()))
            .collect();
        if said.is_empty() {
            return Ok(None);
        }
        let text = serde_json::Value::Object(said).to_string();
        json::Json::new(&text).map(Some).map_err(|error| Slip::new("bad_meta", error.to_string()))
    }

    /// The request that a row stands for.
    pub fn request(&self, row: &Row, external_id: ExternalId) -> Result<Request, Slip> {
        Ok(match self.kind {
            Kind::Rewards => {
                let mut issue = match &row.definition {
                    Named::Id(id) => IssueReward::new(row.profile, *id),
                    Named::Handle(handle) => IssueReward::by_handle(row.profile, handle.clone()),
                };
                issue.value_initial = self.quantity::<Amount>("value_initial", row.initial)?;
                issue.value_remaining = self.quantity::<Amount>("value_remaining", row.remaining)?;
                (issue.issued_at, issue.available_at) = (row.issued_at, row.available_at);
                (issue.expires_at, issue.timezone) = (row.expires_at, row.zone);
                (issue.external_id, issue.meta) = (Some(external_id), row.meta.clone());
                issue.into()
            }
            Kind::Points => {
                let mut issue = match &row.definition {
                    Named::Id(id) => IssuePoints::new(row.profile, *id),
                    Named::Handle(handle) => IssuePoints::by_handle(row.profile, handle.clone()),
                };
                issue.value_initial = self.quantity::<Points>("value_initial", row.initial)?;
                issue.value_remaining = self.quantity::<Points>("value_remaining", row.remaining)?;
                (issue.issued_at, issue.available_at) = (row.issued_at, row.available_at);
                (issue.expires_at, issue.timezone) = (row.expires_at, row.zone);
                (issue.external_id, issue.meta) = (Some(external_id), row.meta.clone());
                issue.into()
            }
        })
    }

    fn quantity<Q>(&self, field: &str, value: Option<Decimal>) -> Result<Option<Q>, Slip>
    where
        Q: TryFrom<Decimal, Error = scrip::value::AmountError>,
    {
        let column = self.map.column_of(field).unwrap_or(field);
        value
            .map(Q::try_from)
            .transpose()
            .map_err(|error| Slip::new(error.code(), error.to_string()).at(column))
    }
}

impl<'m> ValueColumns<'m> {
    fn new(cell: &'m ValueCell, rows: &Rows) -> Result<Self, Failure> {
        let optional = |name: &Option<String>| name.as_ref().map(|name| rows.column(name)).transpose();
        Ok(Self {
            cell,
            column: rows.column(&cell.column)?,
            plus: optional(&cell.plus)?,
            minus: optional(&cell.minus)?,
        })
    }

    fn read(&self, record: &Record, by: &RowReader<'_>) -> Result<Option<Decimal>, Slip> {
        let one = |column: &Column| {
            value::read(&record.cell(column), &by.map.values, by.decimals)
                .map_err(|slip| slip.at(&column.name))
        };
        let also = |column: &Option<Column>| {
            let value = column.as_ref().map(one).transpose()?.flatten();
            Ok::<_, Slip>(value.unwrap_or(Decimal::ZERO))
        };
        let value = match (one(&self.column)?, self.cell.empty) {
            (Some(value), _) => value,
            (None, EmptyValue::Zero) => Decimal::ZERO,
            (None, EmptyValue::Unsaid) => return Ok(None),
            (None, EmptyValue::Refused) => {
                return Err(Slip::new("missing", "is a value, and is empty").at(&self.column.name));
            }
        };
        let (plus, minus) = (also(&self.plus)?, also(&self.minus)?);
        let sum = value.checked_add(plus).and_then(|sum| sum.checked_sub(minus));
        match sum {
            Some(sum) if sum.is_sign_negative() && !sum.is_zero() => {
                Err(Slip::new("negative", format!("{value} less {minus} is below zero"))
                    .at(&self.column.name))
            }
            Some(sum) => Ok(Some(sum)),
            None => Err(Slip::new("amount_too_large", "is too large").at(&self.column.name)),
        }
    }
}

impl<'m> DateColumn<'m> {
    fn new(cell: &'m DateCell, rows: &Rows, survey: &Survey) -> Result<Self, Failure> {
        let column = rows.column(&cell.column)?;
        let pattern = survey.pattern(&cell.column).cloned();
        let pattern =
            pattern.ok_or_else(|| Failure::new(format!("the column {} has no pattern", cell.column)))?;
        Ok(Self { cell, column, pattern })
    }

    fn moment(&self, record: &Record) -> Result<Option<super::date::Moment>, Slip> {
        let cell = record.cell(&self.column);
        match (cell.trim(), self.cell.empty) {
            ("", EmptyDate::Refused) => {
                Err(Slip::new("missing", "is a date, and is empty").at(&self.column.name))
            }
            ("", _) => Ok(None),
            (text, _) => self.pattern.read(text).map(Some).map_err(|slip| slip.at(&self.column.name)),
        }
    }

    fn when(&self, record: &Record) -> Result<Option<When>, Slip> {
        Ok(self.moment(record)?.map(super::date::Moment::when))
    }

    fn until(&self, record: &Record) -> Result<Option<Until>, Slip> {
        match (self.moment(record)?, self.cell.empty) {
            (Some(moment), _) => {
                moment.until(self.cell.last).map(Some).map_err(|slip| slip.at(&self.column.name))
            }
            (None, EmptyDate::Never) => Ok(Some(Until::Never)),
            (None, _) => Ok(None),
        }
    }
}
