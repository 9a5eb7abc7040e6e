//! Who calls a server that asks for no token. Any page that a browser on this machine shows can send requests to it, so a
//! request that a browser made for another site is refused, and so is one that reached this machine under a foreign name.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri, header};

const FETCH_SITE: &str = "sec-fetch-site";

/// Whether a request may come from a program on this machine or from the server's own page.
///
/// # Errors
/// Why it may not.
pub fn check(headers: &HeaderMap, uri: &Uri) -> Result<(), &'static str> {
    let named = text(headers, header::HOST)?.map(str::parse::<Authority>).transpose();
    let named = named.map_err(|_| "the Host is not a name")?;
    let mut names = [uri.authority(), named.as_ref()].into_iter().flatten();
    if names.any(|name| !is_loopback(name.host())) {
        return Err("without a token, the Host must be a name of this machine, such as localhost");
    }
    // Browsers say which page a request comes from; other programs say nothing.
    let is_own = |origin: &str| {
        let host = origin.strip_prefix("http://");
        host.is_some_and(|host| named.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case(host)))
    };
    if text(headers, header::ORIGIN)?.is_some_and(|origin| !is_own(origin)) {
        return Err("without a token, no page of another origin can call");
    }
    match text(headers, HeaderName::from_static(FETCH_SITE))? {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err("without a token, no page of another site can call"),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => only.to_str().map(Some).map_err(|_| "a header is not plain text"),
        _ => Err("a header came twice"),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(fields: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        check(&headers, &Uri::from_static("/api/v3/rewards")).is_ok()
    }

    #[test]
    fn programs_and_the_own_page_can_call() {
        for host in ["127.0.0.1:8080", "127.9.9.9", "localhost", "LOCALHOST:8080", "[::1]:8080"] {
            assert!(call(&[("host", host)]), "{host}");
            let own = format!("http://{host}");
            assert!(call(&[("host", host), ("origin", &own), ("sec-fetch-site", "same-origin")]), "{host}");
        }
        assert!(call(&[]));
        assert!(call(&[("host", "localhost"), ("sec-fetch-site", "none")]));
    }

    #[test]
    fn other_sites_and_other_names_cannot() {
        for host in
            ["rebound.example:8080", "10.0.0.1", "localhost.example", "127.0.0.1.example", "0.0.0.0", "[::]"]
        {
            assert!(!call(&[("host", host)]), "{host}");
        }
        for origin in
            ["null", "http://evil.example", "http://localhost:3000", "https://localhost:8080", "http://"]
        {
            assert!(!call(&[("host", "localhost:8080"), ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "anything"] {
            assert!(!call(&[("host", "localhost:8080"), ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!call(&[("host", "localhost"), ("host", "rebound.example")]));
        let absolute = Uri::from_static("http://rebound.example/");
        let headers = HeaderMap::from_iter([(header::HOST, "localhost".parse().unwrap())]);
        assert!(check(&headers, &absolute).is_err());
    }
}
