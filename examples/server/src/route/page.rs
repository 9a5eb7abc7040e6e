//! The page at `/`: it holds nothing, and asks for what it shows.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;

/// Nothing is loaded from anywhere, and only this server is asked.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The scripts, one after the other: they share their names.
const SCRIPTS: [&str; 6] = [
    include_str!("../page/tell.js"),
    include_str!("../page/wallet.js"),
    include_str!("../page/journal.js"),
    include_str!("../page/redeem.js"),
    include_str!("../page/act.js"),
    include_str!("../page/main.js"),
];

pub async fn page(call: Call) -> Result<Response, Problem> {
    let settings = call.app.backend.program().settings();
    let page = include_str!("../page/page.html")
        .replace("{{style}}", include_str!("../page/style.css"))
        .replace("{{script}}", &SCRIPTS.concat())
        .replace("{{currency}}", settings.currency.code())
        .replace("{{zone}}", &settings.timezone.to_string())
        .replace("{{clock}}", if call.app.clock.can_be_set() { "true" } else { "false" });
    let mut response = answer::text(StatusCode::OK, "text/html; charset=utf-8", page);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
