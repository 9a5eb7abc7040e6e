//! The scheduler: whose turn it is, and what goes wrong, by chance from a seed.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::{Amount, AsyncLedger, Define, RewardDefinition};

use super::client::{Desk, client, program, start};
use super::server::{Plant, Server, lock};
use super::store::Connection;

const CLIENTS: u32 = 5;
const OPERATIONS: u32 = 6;
/// More turns than any run takes that makes headway.
const PATIENCE: u32 = 100_000;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs one seed to its end: everybody is done, the storm is over, and the server has crashed once more.
pub fn run(seed: u64, plant: Option<Plant>, tells: bool) -> Result<Arc<Desk>, String> {
    let server = Arc::new(Mutex::new(Server::new(seed, plant, tells)));
    let desk = Arc::new(Desk::new(server));
    define(&desk);
    let storm = 300 + lock(&desk.server).rng.below(3_000) as u32;
    let mut clients: Vec<Option<Task>> = Vec::new();
    for number in 0..CLIENTS {
        clients.push(Some(Box::pin(client(Arc::clone(&desk), number, OPERATIONS))));
    }
    let mut driver = start_group(&desk);
    for tick in 0..PATIENCE {
        if clients.iter().all(Option::is_none) {
            return finish(&desk, driver);
        }
        if tick == storm {
            lock(&desk.server).is_stormy = false;
            lock(&desk.server).tell(|| "the storm is over".to_owned());
        }
        happen(&desk, &mut clients, &mut driver);
        let index = lock(&desk.server).rng.below(u64::from(CLIENTS) + 1) as usize;
        match clients.get_mut(index) {
            Some(client) => {
                if client.as_mut().is_some_and(is_done) {
                    *client = None;
                }
            }
            None => {
                is_done(&mut driver);
            }
        }
    }
    Err(format!("nobody makes headway any more; after {PATIENCE} turns some wait still"))
}

/// What happens by itself.
fn happen(desk: &Arc<Desk>, clients: &mut [Option<Task>], driver: &mut Task) {
    let mut server = lock(&desk.server);
    if server.mishap(400) {
        server.crash();
    }
    if server.rng.one_in(15) {
        server.deliver_late();
    }
    if server.mishap(500) {
        server.tell(|| "the group's process dies".to_owned());
        drop(server);
        *driver = start_group(desk);
        return;
    }
    if server.mishap(1_500) {
        let victim = server.rng.below(clients.len() as u64) as usize;
        server.tell(|| format!("client {victim} dies"));
        drop(server);
        clients[victim] = None;
    }
}

/// A group in place of the one that there was.
fn start_group(desk: &Arc<Desk>) -> Task {
    let connection = Connection { server: Arc::clone(&desk.server), name: "group".to_owned() };
    let ledger = AsyncLedger::new(program(), connection);
    let (group, driver) = GroupCommit::new(ledger, GroupOptions::default().queue(3).batch(2));
    *desk.group.lock().unwrap() = Some(group);
    Box::pin(async move {
        driver.run().await;
    })
}

fn is_done(task: &mut Task) -> bool {
    matches!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()))
}

/// One definition, durable before anything goes wrong.
fn define(desk: &Arc<Desk>) {
    lock(&desk.server).is_stormy = false;
    let connection = Connection { server: Arc::clone(&desk.server), name: "setup".to_owned() };
    let mut ledger = AsyncLedger::new(program(), connection);
    let mut define: Task = Box::pin(async move {
        let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        ten.is_reassignable = true;
        ledger.at(start()).commit(Define::from(ten)).await.unwrap();
    });
    while !is_done(&mut define) {}
    lock(&desk.server).is_stormy = true;
}

/// The group drains and ends; what is still under way arrives or does not; and then the plug is pulled.
fn finish(desk: &Arc<Desk>, mut driver: Task) -> Result<Arc<Desk>, String> {
    lock(&desk.server).is_stormy = false;
    *desk.group.lock().unwrap() = None;
    let mut turns = 0;
    while !is_done(&mut driver) {
        turns += 1;
        if turns > PATIENCE {
            return Err("the group does not end, though nobody has a handle on it".to_owned());
        }
    }
    let mut server = lock(&desk.server);
    while !server.in_flight.is_empty() && !server.rng.one_in(3) {
        server.deliver_late();
    }
    server.crash();
    drop(server);
    Ok(Arc::clone(desk))
}
