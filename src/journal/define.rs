//! Defining, redefining and archiving the definitions that lots are issued from (rules D1 to D3).

use crate::definition::{Defined, Definition, PointDefinition, RewardDefinition};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::time::Until;

pub(super) fn effects<'a>(defined: &'a Defined, tell: &mut impl FnMut(Effect<'a>)) {
    tell(Effect::Define(defined));
}

impl Binary for Defined {
    fn write(&self, to: &mut Writer<'_>) {
        let is_other = to.is_other(self.id);
        let is_point = matches!(self.definition, Definition::Point(_));
        to.flags([is_other, is_point, self.is_archived]);
        if is_other {
            to.id(self.id);
        }
        to.instant(self.created_at);
        to.instant(self.updated_at);
        match &self.definition {
            Definition::Reward(reward) => reward.write(to),
            Definition::Point(point) => point.write(to),
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a definition";
        let [is_other, is_point, is_archived] = from.flags()?;
        Ok(Self {
            id: from.made(is_other)?,
            is_archived,
            created_at: from.instant()?,
            updated_at: from.instant()?,
            definition: if is_point {
                Definition::Point(Binary::read(from)?)
            } else {
                Definition::Reward(Binary::read(from)?)
            },
        })
    }
}

impl Binary for RewardDefinition {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { period, absolute_expiry, extend_days, timezone, max_value, scope, meta, .. } = self;
        to.flags([
            self.is_assignable,
            self.is_reassignable,
            self.is_extendable,
            self.is_published,
            max_value.is_some(),
            period.is_some(),
            absolute_expiry.is_some(),
            extend_days.is_some(),
            timezone.is_some(),
            meta.is_some(),
            scope.is_some(),
        ]);
        to.text(self.handle.as_str());
        to.text(&self.name);
        to.quantity(self.value);
        to.text(self.reward_type.as_str());
        max_value.inspect(|value| to.quantity(*value));
        period.inspect(|count| to.number((*count).into()));
        self.period_type.write(to);
        absolute_expiry.inspect(|until| until.write(to));
        extend_days.inspect(|days| to.number((*days).into()));
        timezone.inspect(|zone| to.text(zone.name()));
        meta.iter().for_each(|meta| to.json(meta));
        to.texts(&self.tags);
        optional_texts(
            [
                &self.description,
                &self.short_description,
                &self.long_description,
                &self.terms_conditions,
                &self.earn_instructions,
                &self.internal_notes,
                &self.icon,
                &self.image_url,
            ],
            to,
        );
        scope.iter().for_each(|scope| scope.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a reward definition";
        let [
            is_assignable,
            is_reassignable,
            is_extendable,
            is_published,
            has_max,
            has_period,
            has_expiry,
            has_extend_days,
            has_zone,
            has_meta,
            has_scope,
        ] = from.flags()?;
        let mut definition = Self {
            is_assignable,
            is_reassignable,
            is_extendable,
            is_published,
            ..Self::new(from.parsed("a handle")?, from.text()?, from.amount()?)
        };
        definition.reward_type = from.parsed("a type of reward")?;
        definition.max_value = from.if_set(has_max, Reader::amount)?;
        definition.period = from.if_set(has_period, Reader::small)?;
        definition.period_type = Binary::read(from)?;
        definition.absolute_expiry = from.if_set(has_expiry, Binary::read)?;
        definition.extend_days = from.if_set(has_extend_days, Reader::small)?;
        definition.timezone = from.if_set(has_zone, |from| from.parsed("an IANA time zone"))?;
        definition.meta = from.if_set(has_meta, Reader::json)?;
        definition.tags = from.texts()?;
        [
            definition.description,
            definition.short_description,
            definition.long_description,
            definition.terms_conditions,
            definition.earn_instructions,
            definition.internal_notes,
            definition.icon,
            definition.image_url,
        ] = read_optional_texts(from)?;
        definition.scope = from.if_set(has_scope, Binary::read)?;
        Ok(definition)
    }
}

impl Binary for PointDefinition {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { value, period, absolute_expiry, extend_days, timezone, meta, .. } = self;
        to.flags([
            self.is_assignable,
            self.is_reassignable,
            self.is_extendable,
            value.is_some(),
            period.is_some(),
            absolute_expiry.is_some(),
            extend_days.is_some(),
            timezone.is_some(),
            meta.is_some(),
            !self.is_redeemable,
            self.inactivity_period.is_some(),
        ]);
        to.text(self.handle.as_str());
        to.text(&self.name);
        value.inspect(|value| to.quantity(*value));
        period.inspect(|count| to.number((*count).into()));
        self.period_type.write(to);
        absolute_expiry.inspect(|until| until.write(to));
        extend_days.inspect(|days| to.number((*days).into()));
        timezone.inspect(|zone| to.text(zone.name()));
        meta.iter().for_each(|meta| to.json(meta));
        to.texts(&self.tags);
        optional_texts([&self.description, &self.notes], to);
        self.inactivity_period.inspect(|count| {
            to.number((*count).into());
            self.inactivity_period_type.write(to);
        });
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a point definition";
        let [
            is_assignable,
            is_reassignable,
            is_extendable,
            has_value,
            has_period,
            has_expiry,
            has_extend_days,
            has_zone,
            has_meta,
            is_status,
            can_lapse,
        ] = from.flags()?;
        let mut definition = Self {
            is_assignable,
            is_reassignable,
            is_extendable,
            is_redeemable: !is_status,
            ..Self::new(from.parsed("a handle")?, from.text()?)
        };
        definition.value = from.if_set(has_value, Reader::points)?;
        definition.period = from.if_set(has_period, Reader::small)?;
        definition.period_type = Binary::read(from)?;
        definition.absolute_expiry = from.if_set(has_expiry, Binary::read)?;
        definition.extend_days = from.if_set(has_extend_days, Reader::small)?;
        definition.timezone = from.if_set(has_zone, |from| from.parsed("an IANA time zone"))?;
        definition.meta = from.if_set(has_meta, Reader::json)?;
        definition.tags = from.texts()?;
        [definition.description, definition.notes] = read_optional_texts(from)?;
        if can_lapse {
            definition.inactivity_period = Some(from.small()?);
            definition.inactivity_period_type = Binary::read(from)?;
        }
        Ok(definition)
    }
}

impl Binary for Until {
    fn write(&self, to: &mut Writer<'_>) {
        match self {
            Self::Never => to.number(0),
            Self::Instant(end) => {
                to.number(1);
                to.instant(*end);
            }
            Self::Local(local) => {
                to.number(2);
                to.text(&local.to_string());
            }
            Self::Day(day) => {
                to.number(2);
                to.text(&day.to_string());
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        match from.number()? {
            0 => Ok(Self::Never),
            1 => from.instant().map(Self::Instant),
            2 => from.parsed("a local time or day"),
            newer => Err(from.newer(newer)),
        }
    }
}

fn optional_texts<const N: usize>(texts: [&Option<String>; N], to: &mut Writer<'_>) {
    to.flags(texts.map(Option::is_some));
    texts.into_iter().flatten().for_each(|text| to.text(text));
}

fn read_optional_texts<const N: usize>(from: &mut Reader<'_>) -> Decoded<[Option<String>; N]> {
    let flags: [bool; N] = from.flags()?;
    let mut texts = [const { None }; N];
    for (text, flag) in texts.iter_mut().zip(flags) {
        *text = from.if_set(flag, Reader::string)?;
    }
    Ok(texts)
}
