//! What a good engineer writes in an afternoon: normal tables, and one function that locks a profile and draws.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::Outcome;
use crate::cluster::Cluster;
use crate::contestants::callers::{Latencies, Queue};
use crate::contestants::{LOT_CENTS, LOTS, Workload};

const TABLES: &str = "
    CREATE TABLE profile (id integer PRIMARY KEY, name text UNIQUE, later integer NOT NULL);
    CREATE TABLE lot (
        id bigserial PRIMARY KEY, profile integer NOT NULL, issued integer NOT NULL, remaining integer NOT NULL,
        expires bigint NOT NULL);
    CREATE INDEX lot_order ON lot (profile, expires, id) WHERE remaining > 0;
    CREATE TABLE redemption (
        id bigserial PRIMARY KEY, profile integer NOT NULL, total integer NOT NULL, at timestamptz NOT NULL);
    CREATE TABLE redemption_item (redemption bigint, lot bigint, amount integer, PRIMARY KEY (redemption, lot));

    CREATE FUNCTION redeem(who integer, cents integer) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        one record;
        rest integer := cents;
        part integer;
        made bigint;
    BEGIN
        PERFORM 1 FROM profile WHERE id = who FOR UPDATE;
        IF coalesce((SELECT sum(remaining) FROM lot WHERE profile = who AND remaining > 0), 0) < cents THEN
            INSERT INTO lot (profile, issued, remaining, expires)
                SELECT who, 1000, 1000, 400000000 + p.later + n FROM profile p, generate_series(1, 8) n WHERE id = who;
            UPDATE profile SET later = later + 8 WHERE id = who;
        END IF;
        INSERT INTO redemption (profile, total, at) VALUES (who, cents, now()) RETURNING id INTO made;
        FOR one IN SELECT id, remaining FROM lot WHERE profile = who AND remaining > 0 ORDER BY expires, id LOOP
            EXIT WHEN rest = 0;
            part := least(rest, one.remaining);
            UPDATE lot SET remaining = remaining - part WHERE id = one.id;
            INSERT INTO redemption_item VALUES (made, one.id, part);
            rest := rest - part;
        END LOOP;
        RETURN made;
    END $$;";

/// What was written so far is written back, so that nobody pays for what another one did.
pub(crate) async fn settle(client: &Client) {
    for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
        client.batch_execute(statement).await.unwrap();
    }
}

/// So many clients, one connection each.
pub(crate) async fn run(
    cluster: &Cluster,
    workload: &Arc<Workload>,
    clients: usize,
    time: Duration,
) -> Outcome {
    let config = cluster.database().await;
    let connect = async || {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    };
    let client = connect().await;
    client.batch_execute(TABLES).await.unwrap();
    let profiles = i32::try_from(workload.profiles).unwrap();
    let names = "INSERT INTO profile SELECT n, 'profile-' || n, 0 FROM generate_series(0, $1::integer - 1) n";
    client.execute(names, &[&profiles]).await.unwrap();
    let (mut owners, mut expiries) = (Vec::new(), Vec::new());
    for profile in 0..workload.profiles {
        owners.extend([i32::try_from(profile).unwrap(); LOTS]);
        expiries.extend(workload.expiries(profile));
    }
    let lots = "INSERT INTO lot (profile, issued, remaining, expires)
        SELECT u.profile, 1000, 1000, u.expires FROM unnest($1::integer[], $2::bigint[]) u(profile, expires)";
    client.execute(lots, &[&owners, &expiries]).await.unwrap();
    settle(&client).await;

    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (client, queue) = (connect().await, queue.clone());
        tasks.push(tokio::spawn(async move {
            let redeem =
                client.prepare_typed("SELECT redeem($1, $2)", &[Type::INT4, Type::INT4]).await.unwrap();
            let mut took = Vec::new();
            while let [request] = queue.take(1) {
                let asked = Instant::now();
                let (who, cents) =
                    (i32::try_from(request.profile).unwrap(), i32::try_from(request.cents).unwrap());
                client.query_one(&redeem, &[&who, &cents]).await.unwrap();
                took.push(asked.elapsed());
            }
            took
        }));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.push(task.await.unwrap());
    }
    let took = start.elapsed();
    let (count, cents) = queue.taken();
    let sum = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    let redeemed = sum("SELECT coalesce(sum(total), 0)::bigint FROM redemption").await;
    let items = sum("SELECT coalesce(sum(amount), 0)::bigint FROM redemption_item").await;
    let used = sum("SELECT sum(issued - remaining)::bigint FROM lot").await;
    assert_eq!((redeemed, items, used), (cents, cents, cents), "conservation");
    assert!(sum("SELECT sum(issued)::bigint FROM lot").await >= i64::from(workload.profiles) * 8 * LOT_CENTS);
    (count as f64 / took.as_secs_f64(), Latencies::of(latencies))
}
