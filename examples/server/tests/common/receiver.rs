//! A receiver of webhooks in the test's own process: it checks every signature, keeps what it hears, and answers as it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// The secrets, and the bytes that they stand for.
pub const SECRET: (&str, &[u8]) = ("whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", b"0123456789abcdefghijklmn");
pub const OLDER_SECRET: (&str, &[u8]) =
    ("whsec_YW4gb2xkZXIgc2VjcmV0IG9mIDI3IGJ5dGVz", b"an older secret of 27 bytes");

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A webhook that arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    pub id: String,
    pub timestamp: i64,
    pub signatures: String,
    pub path: String,
    /// As it came.
    pub text: String,
    pub at: Instant,
    /// Whether it was done with, and so answered with success, if the receiver lived to answer.
    pub is_taken: bool,
}

impl Heard {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn profile(&self) -> String {
        self.body()["data"]["profile_id"].as_str().unwrap().to_owned()
    }
}

/// How a webhook is answered.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    Status(u16),
    /// 503, and when to come again, in seconds.
    Busy(u16),
    /// Late.
    Slow(Duration),
}

type Answers = Arc<Mutex<Box<dyn Fn(&Heard) -> Reply + Send>>>;

type Keys = Arc<Mutex<Vec<Vec<u8>>>>;

/// A running receiver. What it heard outlives it.
pub struct Receiver {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    faults: Arc<Mutex<Vec<String>>>,
    answers: Answers,
    /// The bytes of the secrets.
    keys: Keys,
    is_dead: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Receiver {
    pub fn start() -> Self {
        let answers: Answers = Arc::new(Mutex::new(Box::new(|_| Reply::Status(204))));
        let mut receiver = Self {
            address: "127.0.0.1:0".parse().unwrap(),
            heard: Arc::default(),
            faults: Arc::default(),
            answers,
            keys: Arc::new(Mutex::new([SECRET, OLDER_SECRET].map(|(_, key)| key.to_vec()).to_vec())),
            is_dead: Arc::new(AtomicBool::new(true)),
            open: Arc::default(),
        };
        receiver.revive();
        receiver
    }

    /// Listens, again at the same place.
    pub fn revive(&mut self) {
        let listener = TcpListener::bind(self.address).unwrap();
        self.address = listener.local_addr().unwrap();
        self.is_dead = Arc::default();
        let (is_dead, open) = (Arc::clone(&self.is_dead), Arc::clone(&self.open));
        let (heard, faults) = (Arc::clone(&self.heard), Arc::clone(&self.faults));
        let (answers, keys) = (Arc::clone(&self.answers), Arc::clone(&self.keys));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if is_dead.load(Ordering::SeqCst) {
                    return;
                }
                open.lock().unwrap().push(stream.try_clone().unwrap());
                let (is_dead, answers) = (Arc::clone(&is_dead), Arc::clone(&answers));
                let (heard, faults, keys) = (Arc::clone(&heard), Arc::clone(&faults), Arc::clone(&keys));
                thread::spawn(
                    move || {
                        while serve(&stream, &heard, &faults, &answers, &keys, &is_dead).is_some() {}
                    },
                );
            }
        });
    }

    /// Ends at once: whoever waits for an answer gets none.
    pub fn kill(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // The thread that accepts looks up once more.
        let _ = TcpStream::connect(self.address);
        while TcpStream::connect(self.address).is_ok() {
            thread::yield_now();
        }
    }

    /// From now on everything is signed with this secret alone.
    pub fn expect(&self, secret: &str) {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        *self.keys.lock().unwrap() = vec![key];
    }

    pub fn answer(&self, answers: impl Fn(&Heard) -> Reply + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// Everything that was heard, doubles too. Nothing of it was badly signed.
    #[track_caller]
    pub fn heard(&self) -> Vec<Heard> {
        assert_eq!(*self.faults.lock().unwrap(), Vec::<String>::new());
        self.heard.lock().unwrap().clone()
    }

    /// Waits until this many different events were taken, and tells them in the order in which each was taken first.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Heard> {
        let since = Instant::now();
        loop {
            let events = firsts(&self.heard());
            if events.len() >= count {
                assert_eq!(events.len(), count, "more was heard than happened: {events:?}");
                return events;
            }
            assert!(since.elapsed() < PATIENCE, "only {} of {count} were taken: {events:?}", events.len());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if !self.is_dead.load(Ordering::SeqCst) {
            self.kill();
        }
    }
}

/// The first of each event that was taken, as a receiver keeps it that drops doubles. A double is the same to the byte.
pub fn firsts(heard: &[Heard]) -> Vec<Heard> {
    let (mut ids, mut texts) = (BTreeSet::new(), BTreeMap::new());
    for one in heard {
        let first = texts.entry(&one.id).or_insert(&one.text);
        assert_eq!(*first, &one.text, "{} came with another body", one.id);
    }
    heard.iter().filter(|one| one.is_taken && ids.insert(one.id.clone())).cloned().collect()
}

/// The options of a server that tells a receiver; the secrets are in a file of the folder.
pub fn options(folder: &Path, address: SocketAddr) -> Vec<String> {
    let path = folder.join("secrets");
    std::fs::write(&path, format!("{}\n{}\n", SECRET.0, OLDER_SECRET.0)).unwrap();
    vec![
        "--webhook".to_owned(),
        format!("crm=http://{address}/hooks"),
        "--webhook-secret-file".to_owned(),
        format!("crm={}", path.display()),
    ]
}

/// Answers one call; `None`, if there is none any more.
fn serve(
    stream: &TcpStream,
    heard: &Mutex<Vec<Heard>>,
    faults: &Mutex<Vec<String>>,
    answers: &Answers,
    keys: &Keys,
    is_dead: &AtomicBool,
) -> Option<()> {
    let one = read(stream)?;
    if let Err(fault) = check(&one, &keys.lock().unwrap()) {
        faults.lock().unwrap().push(fault);
    }
    let reply = answers.lock().unwrap()(&one);
    // It is done with what it hears, and then it answers: in between it may be killed.
    let is_taken = matches!(reply, Reply::Status(200..=299) | Reply::Slow(_));
    heard.lock().unwrap().push(Heard { is_taken, ..one });
    let status = match reply {
        Reply::Status(status) => format!("{status} Said\r\n"),
        Reply::Busy(seconds) => format!("503 Busy\r\nRetry-After: {seconds}\r\n"),
        Reply::Slow(time) => {
            thread::sleep(time);
            "204 Late\r\n".to_owned()
        }
    };
    if is_dead.load(Ordering::SeqCst) {
        return None;
    }
    (&mut &*stream).write_all(format!("HTTP/1.1 {status}Content-Length: 0\r\n\r\n").as_bytes()).ok()
}

fn read(stream: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers) = (String::new(), BTreeMap::new());
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    assert_eq!(headers["content-type"], "application/json");
    Some(Heard {
        id: headers.get("webhook-id")?.clone(),
        timestamp: headers.get("webhook-timestamp")?.parse().ok()?,
        signatures: headers.get("webhook-signature")?.clone(),
        path,
        text: String::from_utf8(body).ok()?,
        at: Instant::now(),
        is_taken: false,
    })
}

/// The convention, as a receiver reads it: HMAC-SHA256 over `id.timestamp.body`, in base64 after `v1,`, one for each secret.
fn check(one: &Heard, keys: &[Vec<u8>]) -> Result<(), String> {
    let signed = format!("{}.{}.{}", one.id, one.timestamp, one.text);
    let signatures: Vec<&str> = one.signatures.split(' ').collect();
    for (key, signature) in keys.iter().zip(&signatures) {
        let bytes = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(signed.as_bytes());
        let is_right = bytes.is_some_and(|bytes| mac.verify_slice(&bytes).is_ok());
        if !is_right {
            return Err(format!("{signature} is not the signature of {signed}"));
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let is_fresh = (now - 300..=now + 300).contains(&one.timestamp);
    if signatures.len() == keys.len()
        && is_fresh
        && !one.id.contains('.')
        && one.body()["data"]["id"] == one.id
    {
        Ok(())
    } else {
        Err(format!("{one:?} is not what the convention says"))
    }
}

/// Waits for something that other threads and processes bring about.
#[track_caller]
pub fn wait_until(what: impl Fn() -> bool) {
    let since = Instant::now();
    while !what() {
        assert!(since.elapsed() < Duration::from_secs(60), "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}
