//! TLS, on a server with a certificate of an authority that only this test knows; and one that wants to see the client's.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use scrip::store::postgres::rustls::pki_types::pem::PemObject;
use scrip::store::postgres::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use scrip::store::postgres::rustls::{ClientConfig, crypto::ring};
use scrip::store::postgres::tokio_postgres::Config;
use scrip::store::postgres::tokio_postgres::config::SslMode;
use scrip::store::postgres::{Options, PostgresError, PostgresStore, Tls};
use scrip::{Amount, AsyncLedger, Define, Redeem, RewardDefinition};

use crate::cluster::Cluster;
use crate::{issue, now, profile, program, store};

const HOST: &str = "db.example";

/// Encrypted where it is to be, in the clear only where that was asked for, and else an error that says why.
pub(crate) async fn talks_to_whom_it_trusts_and_to_nobody_else(without_tls: &Cluster) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.vouch_for(HOST);
    let files = [("server.crt", certificate.as_str()), ("server.key", key.as_str())];
    let with_tls = Cluster::start_with_files("ssl = on\n", &files).unwrap();
    let config = with_tls.database().await;
    let trusting = Options::new().tls(authority.roots());

    // Whoever says whom to trust wants TLS, also if the configuration does not say so.
    for mode in [SslMode::Require, SslMode::Prefer] {
        let config = to(&config, HOST, mode);
        redeems(&config, &trusting).await;
        assert!(is_encrypted(&config, &trusting).await, "{mode:?}");

        let strangers = Options::new().tls(stranger.roots());
        assert_eq!(refusal(&config, &strangers).await.code(), "not_trusted", "{mode:?}");
        // This machine does not know the authority either.
        assert_eq!(refusal(&config, &Options::new()).await.code(), "not_trusted", "{mode:?}");
        let elsewhere = to(&config, "other.example", mode);
        assert_eq!(refusal(&elsewhere, &trusting).await.code(), "not_trusted", "{mode:?}");

        let nowhere = to(&without_tls.config("postgres"), HOST, mode);
        assert_eq!(refusal(&nowhere, &trusting).await.code(), "no_connection", "{mode:?}");
    }
    let nowhere = to(&without_tls.config("postgres"), HOST, SslMode::Require);
    assert_eq!(refusal(&nowhere, &Options::new()).await.code(), "no_connection");

    let clear = to(&config, HOST, SslMode::Disable);
    assert!(!is_encrypted(&clear, &trusting).await);
    let clear = to(&without_tls.database().await, HOST, SslMode::Prefer);
    PostgresStore::migrate(&clear, &Options::new()).await.unwrap();
    assert!(!is_encrypted(&clear, &Options::new()).await);

    for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA", key.as_str()] {
        assert_eq!(Tls::from_pem(text.as_bytes()).unwrap_err().code(), "not_pem", "{text}");
    }
    let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(Tls::from_pem(hollow.as_bytes()).unwrap_err().code(), "tls");
}

/// A user of the server's who must show a certificate, and those of others and of strangers.
pub(crate) async fn shows_a_certificate_of_its_own(_: &Cluster) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.vouch_for(HOST);
    let files = [
        ("server.crt", certificate.as_str()),
        ("server.key", key.as_str()),
        ("clients.crt", authority.text.as_str()),
        ("pg_hba.conf", "hostssl all till all cert\nhost all postgres all trust\n"),
    ];
    let cluster = Cluster::start_with_files("ssl = on\nssl_ca_file = 'clients.crt'\n", &files).unwrap();
    cluster.client("postgres").await.batch_execute("CREATE ROLE till SUPERUSER LOGIN").await.unwrap();
    let mut config = to(&cluster.database().await, HOST, SslMode::Prefer);
    config.user("till");

    let till = authority.client(&authority.vouch_for_client("till"));
    redeems(&config, &till).await;
    assert!(is_encrypted(&config, &till).await);
    assert_eq!(shown(&config, &till).await.as_deref(), Some("/CN=till"));

    for (options, code) in [
        (Options::new().tls(authority.roots()), "no_connection"),
        (authority.client(&authority.vouch_for_client("mallory")), "no_connection"),
        (authority.client(&stranger.vouch_for_client("till")), "no_connection"),
        // The server is checked as ever.
        (stranger.client(&authority.vouch_for_client("till")), "not_trusted"),
    ] {
        assert_eq!(refusal(&config, &options).await.code(), code);
    }
}

/// The name in the certificate that the server was shown.
async fn shown(config: &Config, options: &Options) -> Option<String> {
    let store = PostgresStore::connect(config, options).await.unwrap();
    let client = store.pool().get().await.unwrap();
    let sql = "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// The same database under the name of a host: the address stays.
fn to(config: &Config, host: &str, mode: SslMode) -> Config {
    let mut named = Config::new();
    named.host(host).hostaddr("127.0.0.1".parse().unwrap()).port(config.get_ports()[0]);
    named.user(config.get_user().unwrap()).dbname(config.get_dbname().unwrap()).ssl_mode(mode);
    named
}

/// The whole way of a redemption, there and back.
async fn redeems(config: &Config, options: &Options) {
    let mut ledger = AsyncLedger::new(program(), store(config, options).await);
    let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    ten.handle = format!("ten-{:?}", config.get_ssl_mode()).to_lowercase().parse().unwrap();
    let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
    let alice = profile(format!("alice-{:?}", config.get_ssl_mode()));
    issue(&mut ledger, alice, ten, 1).await;
    let receipt = ledger.at(now()).commit(Redeem::strict(alice, Amount::from(4))).await.unwrap();
    assert_eq!(receipt.total, Amount::from(4));
    assert_eq!(ledger.at(now()).balances(alice).await.unwrap().reward_balance, Amount::from(6));
}

/// Whether what the server has with this store is encrypted. The server is the one to know.
async fn is_encrypted(config: &Config, options: &Options) -> bool {
    let store = PostgresStore::connect(config, options).await.unwrap();
    let client = store.pool().get().await.unwrap();
    let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await;
    row.unwrap().get(0)
}

/// Why there is no connection, whether to make the schema or to use it.
async fn refusal(config: &Config, options: &Options) -> PostgresError {
    let refused = PostgresStore::migrate(config, options).await.expect_err("no migration");
    let error = PostgresStore::connect(config, options).await.expect_err("no connection");
    assert_eq!(refused.code(), error.code());
    error
}

/// Somebody who vouches for servers, made up on the spot.
struct Authority {
    text: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let key = KeyPair::generate().unwrap();
        let text = parameters.self_signed(&key).unwrap().pem();
        Self { text, issuer: Issuer::new(parameters, key) }
    }

    fn roots(&self) -> Tls {
        Tls::from_pem(self.text.as_bytes()).unwrap()
    }

    /// A server's certificate and its key.
    fn vouch_for(&self, host: &str) -> (String, String) {
        let mut parameters = CertificateParams::new(vec![host.to_owned()]).unwrap();
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        self.sign(&parameters)
    }

    /// A user's certificate and its key.
    fn vouch_for_client(&self, user: &str) -> (String, String) {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, user);
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        self.sign(&parameters)
    }

    fn sign(&self, parameters: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// To connect to the servers of this authority, with a certificate and its key to show.
    fn client(&self, (certificate, key): &(String, String)) -> Options {
        let Tls::Roots(roots) = self.roots() else { unreachable!() };
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        Options::new().tls(Tls::Config(Arc::new(config.with_client_auth_cert(chain, key).unwrap())))
    }
}
