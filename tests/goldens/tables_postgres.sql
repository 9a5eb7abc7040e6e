CREATE TABLE scrip.account (
    number integer PRIMARY KEY,
    profile text NOT NULL,
    sequence integer NOT NULL,
    last_at bigint NOT NULL,
    reward_balance bigint NOT NULL,
    reward_pending bigint NOT NULL,
    reward_held bigint NOT NULL,
    point_balance bigint NOT NULL,
    point_pending bigint NOT NULL,
    point_held bigint NOT NULL,
    point_debt bigint NOT NULL,
    status_point_balance bigint NOT NULL,
    status_point_pending bigint NOT NULL);
CREATE INDEX account_profile ON scrip.account (profile);
CREATE TABLE scrip.activity (
    number integer PRIMARY KEY,
    active_at bigint NOT NULL);
CREATE TABLE scrip.definition (
    definition bigint PRIMARY KEY,
    kind text NOT NULL,
    handle text NOT NULL,
    name text NOT NULL,
    is_archived boolean NOT NULL);
CREATE TABLE scrip.lot (
    number integer NOT NULL,
    lot bigint NOT NULL,
    kind text NOT NULL,
    definition bigint,
    external_id text,
    initial bigint NOT NULL,
    remaining bigint NOT NULL,
    held bigint NOT NULL,
    standing text NOT NULL,
    issued_at bigint NOT NULL,
    available_at bigint NOT NULL,
    expires_at bigint,
    moved_to integer,
    inactivity_period integer,
    inactivity_period_type text,
    timezone text,
    active_from bigint,
    PRIMARY KEY (number, lot));
CREATE INDEX lot_expiry ON scrip.lot (expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;
CREATE TABLE scrip.movement (
    number integer NOT NULL,
    sequence integer NOT NULL,
    place integer NOT NULL,
    at bigint NOT NULL,
    lot bigint,
    kind text NOT NULL,
    flow text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (number, sequence, place));
CREATE TABLE scrip.redemption (
    number integer NOT NULL,
    redemption bigint NOT NULL,
    redeemed_at bigint NOT NULL,
    occurred_at bigint,
    requested bigint NOT NULL,
    total bigint NOT NULL,
    returned bigint NOT NULL,
    is_reversed boolean NOT NULL,
    transaction_id bigint,
    hold bigint,
    PRIMARY KEY (number, redemption));
CREATE TABLE scrip.redemption_item (
    number integer NOT NULL,
    redemption bigint NOT NULL,
    place integer NOT NULL,
    lot bigint NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    points bigint NOT NULL,
    PRIMARY KEY (number, redemption, place));
CREATE TABLE scrip.transaction (
    number integer NOT NULL,
    transaction_id bigint NOT NULL,
    external_id text,
    redemption bigint,
    total bigint NOT NULL,
    total_original bigint NOT NULL,
    returned bigint NOT NULL,
    points_earned bigint NOT NULL,
    transacted_at bigint NOT NULL,
    is_deleted boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (number, transaction_id));
CREATE INDEX transaction_name ON scrip.transaction (external_id) WHERE external_id IS NOT NULL;
