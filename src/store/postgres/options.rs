//! How to connect, and how the tables are laid out.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresError;

/// How to connect, and how the tables are laid out.
///
/// ```
/// use scrip::store::postgres::Options;
///
/// let options = Options::new().schema("loyalty").connections(32);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) schema: String,
    pub(super) connections: usize,
    pub(super) wait: Duration,
    pub(super) tls: Tls,
    pub(super) layout: Layout,
    pub(super) partitioned: bool,
    pub(super) remembered: usize,
}

/// Which certificates a server may show. Where TLS is used, the server's certificate and the name of its host are always
/// checked.
///
/// Whether TLS is used is said by `sslmode` in the connection's configuration: `require`, `disable`, or `prefer`, which
/// is the default. `prefer` goes on **in the clear** with a server that offers no TLS. With
/// [`Tls::Roots`] and [`Tls::Config`] it means `require`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Tls {
    /// Certificates that the machine trusts.
    #[default]
    System,
    /// Those that these roots vouch for: the usual choice for a database with a certificate authority of its own. See
    /// [`Tls::from_pem`].
    Roots(RootCertStore),
    /// Anything that rustls can do: say, a certificate that this process shows to the server.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use scrip::store::postgres::rustls::pki_types::pem::PemObject;
    /// use scrip::store::postgres::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    /// use scrip::store::postgres::rustls::{ClientConfig, RootCertStore, crypto::ring};
    /// use scrip::store::postgres::{Options, Tls};
    ///
    /// # fn example() -> Result<Options, Box<dyn std::error::Error>> {
    /// let mut roots = RootCertStore::empty();
    /// roots.add(CertificateDer::from_pem_file("/etc/loyalty/ca.pem")?)?;
    /// let chain = CertificateDer::pem_file_iter("/etc/loyalty/till.pem")?.collect::<Result<_, _>>()?;
    /// let key = PrivateKeyDer::from_pem_file("/etc/loyalty/till.key")?;
    /// let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
    ///     .with_safe_default_protocol_versions()?
    ///     .with_root_certificates(roots)
    ///     .with_client_auth_cert(chain, key)?;
    /// let options = Options::new().tls(Tls::Config(Arc::new(config)));
    /// # Ok(options)
    /// # }
    /// ```
    Config(Arc<ClientConfig>),
}

impl Tls {
    /// [`Tls::Roots`], read from the text of a PEM file: the certificates of one authority, or of several.
    ///
    /// ```no_run
    /// use scrip::store::postgres::{Options, Tls};
    ///
    /// # fn example() -> Result<Options, Box<dyn std::error::Error>> {
    /// let options = Options::new().tls(Tls::from_pem(&std::fs::read("/etc/loyalty/ca.pem")?)?);
    /// # Ok(options)
    /// # }
    /// ```
    ///
    /// # Errors
    /// The PEM text has no certificate, or one that cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Self, PostgresError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(text) {
            roots.add(certificate?)?;
        }
        if roots.is_empty() { Err(pem::Error::NoItemsFound.into()) } else { Ok(Self::Roots(roots)) }
    }
}

/// What kind of database it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// PostgreSQL on one machine, with its replicas: a whole batch goes in one statement.
    #[default]
    OneServer,
    /// A database that distributes its tables by profile number: each statement is about one profile, and each row of a
    /// commit is a statement. See [the guide](crate::guide::postgres).
    Distributed,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// Up to 16 connections, tables in the schema `scrip`, one server, a journal in one piece, 10 000 accounts remembered.
    pub fn new() -> Self {
        Self {
            schema: "scrip".to_owned(),
            connections: 16,
            wait: Duration::from_secs(10),
            tls: Tls::System,
            layout: Layout::OneServer,
            partitioned: false,
            remembered: 10_000,
        }
    }

    /// In which schema the tables are: 1 to 48 small letters, digits and underscores.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = schema.to_owned();
        self
    }

    /// The largest number of connections; at least one.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// How long to wait for a connection, new or free; ten seconds if nothing else is said.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Which certificates a server may show; those that the machine trusts if nothing else is said.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// What kind of database it is.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Whether the journal is partitioned by time. It is decided when the schema is first made.
    #[must_use]
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// The largest number of accounts that a process remembers, the most recently used ones; zero for none. An ordinary
    /// account takes one or two kilobytes.
    ///
    /// A redemption, a hold or a sale on a remembered account takes one round trip instead of two. The head is compared,
    /// so a process that remembers an outdated account only loses the round trip, and decides again. Reads, refusals, and
    /// requests about a definition or an earlier redemption, hold, transaction or lot are always decided on what is loaded.
    #[must_use]
    pub fn remembered(mut self, accounts: usize) -> Self {
        self.remembered = accounts;
        self
    }

    /// The name of the schema, if it is one that needs no quoting.
    pub(super) fn checked_schema(&self) -> Result<&str, PostgresError> {
        let schema = &self.schema;
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_name = schema.starts_with(|first: char| first.is_ascii_lowercase())
            && schema.len() <= 48
            && schema.bytes().all(is_plain);
        if is_name { Ok(schema) } else { Err(PostgresError::SchemaName(schema.clone())) }
    }

    /// A pool that connects when it is first asked.
    pub(super) fn pool(&self, config: &tokio_postgres::Config) -> Result<Pool, PostgresError> {
        // Only closed connections are discarded: asking the server each time would cost a round trip.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let mut config = config.clone();
        if !matches!(self.tls, Tls::System) && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Require);
        }
        let manager = Manager::from_config(config, self.connector()?, recycling);
        let pool = Pool::builder(manager).runtime(Runtime::Tokio1).max_size(self.connections);
        let wait = Some(self.wait);
        Ok(pool.wait_timeout(wait).create_timeout(wait).recycle_timeout(wait).build()?)
    }

    fn connector(&self) -> Result<MakeRustlsConnect, PostgresError> {
        let roots = match &self.tls {
            Tls::Config(config) => return Ok(MakeRustlsConnect::new(ClientConfig::clone(config))),
            Tls::Roots(roots) => roots.clone(),
            Tls::System => {
                let mut roots = RootCertStore::empty();
                // A machine without trusted roots can still connect without TLS; with TLS no
                // certificate passes.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
    }
}
