CREATE TABLE scrip_account (
    number INTEGER PRIMARY KEY,
    profile TEXT NOT NULL UNIQUE,
    sequence INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    reward_balance INTEGER NOT NULL,
    reward_pending INTEGER NOT NULL,
    reward_held INTEGER NOT NULL,
    point_balance INTEGER NOT NULL,
    point_pending INTEGER NOT NULL,
    point_held INTEGER NOT NULL,
    point_debt INTEGER NOT NULL,
    status_point_balance INTEGER NOT NULL,
    status_point_pending INTEGER NOT NULL);
CREATE TABLE scrip_activity (
    number INTEGER PRIMARY KEY,
    active_at INTEGER NOT NULL);
CREATE TABLE scrip_definition (
    definition INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    handle TEXT NOT NULL,
    name TEXT NOT NULL,
    is_archived INTEGER NOT NULL);
CREATE TABLE scrip_lot (
    number INTEGER NOT NULL,
    lot INTEGER NOT NULL,
    kind TEXT NOT NULL,
    definition INTEGER,
    external_id TEXT,
    initial INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    held INTEGER NOT NULL,
    standing TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    available_at INTEGER NOT NULL,
    expires_at INTEGER,
    moved_to INTEGER,
    inactivity_period INTEGER,
    inactivity_period_type TEXT,
    timezone TEXT,
    active_from INTEGER,
    PRIMARY KEY (number, lot)) WITHOUT ROWID;
CREATE INDEX scrip_lot_expiry ON scrip_lot (expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;
CREATE TABLE scrip_movement (
    number INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    place INTEGER NOT NULL,
    at INTEGER NOT NULL,
    lot INTEGER,
    kind TEXT NOT NULL,
    flow TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (number, sequence, place)) WITHOUT ROWID;
CREATE TABLE scrip_redemption (
    redemption INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    redeemed_at INTEGER NOT NULL,
    occurred_at INTEGER,
    requested INTEGER NOT NULL,
    total INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    is_reversed INTEGER NOT NULL,
    transaction_id INTEGER,
    hold INTEGER);
CREATE INDEX scrip_redemption_number ON scrip_redemption (number);
CREATE TABLE scrip_redemption_item (
    redemption INTEGER NOT NULL,
    place INTEGER NOT NULL,
    lot INTEGER NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    points INTEGER NOT NULL,
    PRIMARY KEY (redemption, place)) WITHOUT ROWID;
CREATE TABLE scrip_transaction (
    transaction_id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    external_id TEXT,
    redemption INTEGER,
    total INTEGER NOT NULL,
    total_original INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    points_earned INTEGER NOT NULL,
    transacted_at INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL);
CREATE INDEX scrip_transaction_number ON scrip_transaction (number);
CREATE INDEX scrip_transaction_name ON scrip_transaction (external_id) WHERE external_id IS NOT NULL;
