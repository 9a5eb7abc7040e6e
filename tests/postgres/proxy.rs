//! A proxy between the store and its server that spoils one answer: that to the next statement with some text. It can also
//! hold a statement back, and write down every statement.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_postgres::Config;

use crate::routing::{Route, route};

/// Whether the server commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server carries it out.
    Committed,
    /// The server rolls back instead.
    RolledBack,
}

/// The answer that the client gets in place of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// None: the connection is closed.
    Cut,
    /// The server's, after a delay.
    Late(Duration),
    /// An error with this code.
    Error(&'static str),
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    text: &'static str,
    outcome: Outcome,
    reply: Reply,
}

/// A statement that is held back.
#[derive(Debug)]
struct Held {
    text: &'static str,
    arrived: oneshot::Sender<()>,
    let_go: oneshot::Receiver<()>,
}

/// A statement that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) text: String,
    /// Its parameters, in binary form.
    pub(crate) parameters: Vec<Option<Vec<u8>>>,
    /// The place of its connection.
    pub(crate) connection: usize,
}

/// A running proxy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxy {
    fault: Arc<Mutex<Option<Fault>>>,
    held: Arc<Mutex<Option<Held>>>,
    /// The numbers and names whose machine is down, in binary form.
    down: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What was sent since it began to write down.
    sent: Arc<Mutex<Option<Vec<Sent>>>>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts one before a database. It must be reached without TLS.
    pub(crate) async fn start(config: &Config) -> (Self, Config) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = config.get_ports()[0];
        let (proxy, at) = (Self::default(), reached_at(config, listener.local_addr().unwrap().port()));
        tokio::spawn({
            let proxy = proxy.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    tokio::spawn(proxy.clone().relay(client, server));
                }
            }
        });
        (proxy, at)
    }

    /// Spoils the answer to the next statement in which a text occurs.
    pub(crate) fn spoil(&self, text: &'static str, outcome: Outcome, reply: Reply) {
        let before = self.fault().replace(Fault { text, outcome, reply });
        assert!(before.is_none(), "no statement had it: {before:?}");
    }

    /// Whether the answer was asked for.
    pub(crate) fn has_struck(&self) -> bool {
        self.fault().is_none()
    }

    fn fault(&self) -> std::sync::MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses every statement about one of these numbers and names from now on, as if its machine were down.
    pub(crate) fn take_down(&self, routes: Vec<Vec<u8>>) {
        *self.down.lock().unwrap() = routes;
    }

    fn is_down(&self, text: &str, parameters: &[Option<Vec<u8>>]) -> bool {
        let down = self.down.lock().unwrap();
        let first = parameters.first().and_then(Option::as_ref);
        first.is_some_and(|first| down.contains(first))
            && matches!(route(text), Ok(Route::Number(0) | Route::Name(0)))
    }

    /// Holds back the next statement in which a text occurs. The first end says that it arrived, the other lets it go.
    pub(crate) fn hold(&self, text: &'static str) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((arrived, has_arrived), (release, let_go)) = (oneshot::channel(), oneshot::channel());
        *self.held.lock().unwrap() = Some(Held { text, arrived, let_go });
        (has_arrived, release)
    }

    /// The statements since this was last asked; none the first time.
    pub(crate) fn take_sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().replace(Vec::new()).unwrap_or_default()
    }

    fn note(&self, sent: Sent) {
        if let Some(all) = &mut *self.sent.lock().unwrap() {
            all.push(sent);
        }
    }

    async fn relay(self, client: TcpStream, server: TcpStream) {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // What is to be done with the answers that are outstanding, the next one first. The start is one.
        let answers = Mutex::new(VecDeque::from([None]));
        // When one way ends, both connections are closed.
        tokio::select! {
            _ = self.requests(from_client, to_server, &answers) => {}
            _ = pass_answers(from_server, to_client, &answers) => {}
        }
    }

    /// Passes on what the client sends, up to each point at which it expects an answer.
    async fn requests(
        &self,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        answers: &Mutex<VecDeque<Option<Reply>>>,
    ) -> io::Result<()> {
        // The first message has no type.
        let length = client.read_i32().await?;
        let mut start = length.to_be_bytes().to_vec();
        read_more(&mut client, &mut start, length - 4).await?;
        server.write_all(&start).await?;
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let mut prepared: HashMap<Vec<u8>, String> = HashMap::new();
        let (mut request, mut carried_out, mut is_down) = (Vec::new(), String::new(), false);
        loop {
            let message = read_message(&mut client).await?;
            request.extend_from_slice(&message);
            let mut words = message[5..].split(|byte| *byte == 0);
            let mut word = || words.next().unwrap_or_default();
            match message[0] {
                b'P' => drop(prepared.insert(word().to_vec(), text(word()))),
                b'B' => {
                    let (portal, statement) = (word(), word());
                    let text = prepared.get(statement).map_or("", String::as_str);
                    carried_out.push_str(text);
                    let parameters = parameters(&message[5 + portal.len() + statement.len() + 2..]);
                    is_down |= self.is_down(text, &parameters);
                    self.note(Sent { text: text.to_owned(), parameters, connection });
                }
                b'Q' => {
                    let text = text(word());
                    carried_out.push_str(&text);
                    self.note(Sent { text, parameters: Vec::new(), connection });
                }
                _ => {}
            }
            if matches!(message[0], b'Q' | b'S') {
                let held = self.held.lock().unwrap().take_if(|held| carried_out.contains(held.text));
                if let Some(Held { arrived, let_go, .. }) = held {
                    arrived.send(()).unwrap();
                    let_go.await.unwrap();
                }
                let mut fault = self.fault().take_if(|fault| carried_out.contains(fault.text));
                if fault.is_some_and(|fault| fault.outcome == Outcome::RolledBack) {
                    request = framed(b'Q', b"ROLLBACK\0");
                }
                if std::mem::take(&mut is_down) {
                    // It fails on the server, too, so that a transaction has failed.
                    request = framed(b'Q', b"SELECT 1 / 0\0");
                    let (text, outcome) = ("", Outcome::RolledBack);
                    fault = Some(Fault { text, outcome, reply: Reply::Error("08006") });
                }
                answers.lock().unwrap().push_back(fault.map(|fault| fault.reply));
                server.write_all(&request).await?;
                request.clear();
                carried_out.clear();
            }
        }
    }
}

/// Passes on what the server answers, or what is to be answered in its place.
async fn pass_answers(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    answers: &Mutex<VecDeque<Option<Reply>>>,
) -> io::Result<()> {
    let mut held = Vec::new();
    loop {
        let message = read_message(&mut server).await?;
        held.extend_from_slice(&message);
        // Ready for the next request: so this was all of the answer.
        if message[0] != b'Z' {
            continue;
        }
        let reply = answers.lock().unwrap().pop_front().flatten();
        match reply {
            Some(Reply::Cut) => return Ok(()),
            Some(Reply::Late(delay)) => tokio::time::sleep(delay).await,
            Some(Reply::Error(code)) => {
                let fields = format!("SERROR\0VERROR\0C{code}\0Mspoiled\0\0");
                held = [framed(b'E', fields.as_bytes()), message].concat();
            }
            None => {}
        }
        client.write_all(&held).await?;
        held.clear();
    }
}

async fn read_message(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let mut message = vec![from.read_u8().await?];
    let length = from.read_i32().await?;
    message.extend_from_slice(&length.to_be_bytes());
    read_more(from, &mut message, length - 4).await?;
    Ok(message)
}

async fn read_more(from: &mut OwnedReadHalf, message: &mut Vec<u8>, length: i32) -> io::Result<()> {
    let start = message.len();
    message.resize(start + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut message[start..]).await?;
    Ok(())
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// The parameters of a statement, after its name.
fn parameters(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    let number = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let mut at = 2 + 2 * number(0);
    let count = number(at);
    at += 2;
    let mut parameters = Vec::new();
    for _ in 0..count {
        let length = i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        at += 4;
        let value = usize::try_from(length).ok().map(|length| bytes[at..at + length].to_vec());
        at += value.as_ref().map_or(0, Vec::len);
        parameters.push(value);
    }
    parameters
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The same database at another port of this machine.
pub(crate) fn reached_at(config: &Config, port: u16) -> Config {
    let mut at = Config::new();
    at.host("127.0.0.1").port(port).user("postgres").dbname(config.get_dbname().unwrap());
    at.ssl_mode(tokio_postgres::config::SslMode::Disable);
    at
}
