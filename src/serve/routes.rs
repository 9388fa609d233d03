//! The routes: one table, from which the router, the cache's keys and the OpenAPI document are made.
//!
//! May use axum, `rows` and the files of `serve`. A route that is not in the table or in
//! [`SYSTEM`] does not exist.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::answer::{Answer, Failure, is_held, not_modified, tag};
use super::edition::{Edition, Scope};
use super::guard::{form_of, guard};
use super::query::{Kind, Parameter, Query};
use super::site::{Shown, Site};
use super::{api, pages, sliders, system};
use crate::error::Result;

/// How long one answer may take to make.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A route and everything that is known of it.
pub(super) struct Route {
    /// Its path, with `{NAME}` for what may change.
    pub(super) path: &'static str,
    /// What it gives, in a sentence.
    pub(super) about: &'static str,
    /// The keys that its query takes.
    pub(super) query: &'static [Parameter],
    /// What it depends on.
    pub(super) scope: Scope,
    /// The columns of its rows; none for a page.
    pub(super) columns: Option<fn() -> Vec<&'static str>>,
    /// Makes the answer.
    pub(super) answer: fn(&Edition, &Query) -> Result<Answer>,
}

impl Route {
    /// What a page is kept under.
    pub(super) fn key(&self, shown: &Shown, query: &Query) -> String {
        let version = shown.edition.version(self.scope, &shown.stamps);
        format!("{version}\n{}?{}", self.path, query.canonical())
    }
}

const AS_OF: Parameter =
    Parameter { name: "as_of", kind: Kind::Date, about: "What was known at the end of this day" };
const FORMAT: Parameter = Parameter {
    name: "format",
    kind: Kind::Choice(&["json", "csv", "parquet"]),
    about: "How the rows are written",
};
const COMPANY: Parameter =
    Parameter { name: "company", kind: Kind::Company, about: "Ticker, such as `msft`" };
const HORIZON: Parameter =
    Parameter { name: "horizon", kind: Kind::Count(1, 4), about: "Furthest period ahead" };

const fn page(
    path: &'static str,
    about: &'static str,
    answer: fn(&Edition, &Query) -> Result<Answer>,
) -> Route {
    Route { path, about, query: &[], scope: Scope::Archive, columns: None, answer }
}

/// Every route that depends on data.
pub(super) static ROUTES: &[Route] = &[
    page("/", "The industry, as a page", pages::report::industry),
    page("/company/{company}", "A company, as a page", pages::report::company),
    page("/series", "Every series, as a page", pages::series::list),
    page("/series/{series}", "A series, as a page", pages::series::one),
    page("/pressure", "Who is being forced to buy, as a page", pages::report::pressure),
    Route {
        query: &[COMPANY],
        ..page("/announcements", "What companies announced, as a page", pages::announcements::page)
    },
    Route {
        scope: Scope::Books,
        ..page("/ledger", "Forecasts beside what came, as a page", pages::report::ledger)
    },
    Route {
        query: &sliders::PARAMETERS,
        ..page("/scaling", "From purchases to capability, as a page", pages::scaling::page)
    },
    Route { scope: Scope::Books, ..page("/runs", "The runs, as a page", pages::runs::list) },
    Route {
        scope: Scope::Books,
        ..page("/runs/{a}/diff/{b}", "Two runs compared, as a page", pages::runs::diff)
    },
    Route {
        path: "/api/v1/series",
        about: "Every series: unit, kind, span, last vintage",
        query: &[AS_OF, FORMAT],
        scope: Scope::Archive,
        columns: Some(api::series_columns),
        answer: api::series,
    },
    Route {
        path: "/api/v1/series/{series}/observations",
        about: "A series as it was known: one row a period",
        query: &[AS_OF, FORMAT],
        scope: Scope::Archive,
        columns: Some(crate::rows::data::observation_columns),
        answer: api::observations,
    },
    Route {
        path: "/api/v1/series/{series}/vintages",
        about: "Every value that a series ever had: one row a vintage",
        query: &[AS_OF, FORMAT],
        scope: Scope::Archive,
        columns: Some(api::vintage_columns),
        answer: api::vintages,
    },
    Route {
        path: "/api/v1/series/{series}/forecast",
        about: "Medians and quantiles in the form of the forecasting hubs, or refusals",
        query: &[AS_OF, HORIZON, FORMAT],
        scope: Scope::Archive,
        columns: Some(api::forecast_columns),
        answer: api::forecast,
    },
    Route {
        path: "/api/v1/series/{series}/skill",
        about: "Skill against the last value, by model and horizon",
        query: &[AS_OF, FORMAT],
        scope: Scope::Archive,
        columns: Some(api::skill_columns),
        answer: api::skill,
    },
    Route {
        path: "/api/v1/announcements",
        about: "What companies announced about periods to come",
        query: &[COMPANY, AS_OF, FORMAT],
        scope: Scope::Archive,
        columns: Some(api::announcement_columns),
        answer: api::announcements,
    },
    Route {
        path: "/api/v1/scaling",
        about: "What held assumptions and other spend change, world by world",
        query: &sliders::PARAMETERS,
        scope: Scope::Archive,
        columns: Some(api::scaling_columns),
        answer: api::scaling,
    },
    Route {
        path: "/api/v1/ledger",
        about: "Every forecast on record, beside what came",
        query: &[FORMAT],
        scope: Scope::Books,
        columns: Some(api::ledger_columns),
        answer: api::ledger,
    },
    Route {
        path: "/api/v1/runs",
        about: "The runs of the folder",
        query: &[FORMAT],
        scope: Scope::Books,
        columns: Some(api::run_columns),
        answer: api::runs,
    },
    Route {
        path: "/api/v1/runs/{a}/diff/{b}",
        about: "How what run A said became what run B said",
        query: &[FORMAT],
        scope: Scope::Books,
        columns: Some(api::span_columns),
        answer: api::diff,
    },
];

/// Routes that do not depend on data, each with what it gives.
pub(super) const SYSTEM: [(&str, &str); 6] = [
    ("/healthz", "Whether the server answers, and from what"),
    ("/metrics", "Counts and times in the form of Prometheus"),
    ("/api/v1/openapi.json", "This document"),
    ("/static/style.css", "The look of a report"),
    ("/static/site.css", "The look of what stands around it"),
    ("/static/site.js", "The sliders"),
];

/// The path of every route.
pub fn paths() -> Vec<&'static str> {
    let system = SYSTEM.iter().map(|(path, _)| *path);
    ROUTES.iter().map(|route| route.path).chain(system).collect()
}

/// The router with everything that a request passes.
pub(super) fn router(site: &Arc<Site>) -> Router {
    type Fixed = fn(&Uri, &HeaderMap) -> Response<Body>;
    type Fresh = fn(&Site, &Uri) -> Response<Body>;
    let mut router = Router::new();
    for (path, answer) in [("/healthz", system::health as Fresh), ("/metrics", system::metrics)] {
        let answer = move |site: State<Arc<Site>>, uri: Uri| ready(answer(&site, &uri));
        router = router.route(path, get(answer));
    }
    for (path, answer) in [
        ("/api/v1/openapi.json", system::openapi as Fixed),
        ("/static/style.css", system::style),
        ("/static/site.css", system::site_style),
        ("/static/site.js", system::script),
    ] {
        let answer = move |uri: Uri, headers: HeaderMap| ready(answer(&uri, &headers));
        router = router.route(path, get(answer));
    }
    for route in ROUTES {
        let answer =
            move |site: State<Arc<Site>>, path: RawPathParams, uri: Uri, headers: HeaderMap| {
                answered(site, route, path, uri, headers)
            };
        router = router.route(route.path, get(answer));
    }
    router
        .fallback(|uri: Uri| ready(nothing_here(&uri)))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(site), guard))
        .with_state(Arc::clone(site))
}

async fn answered(
    State(site): State<Arc<Site>>,
    route: &'static Route,
    path: RawPathParams,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let form = form_of(route.path);
    let query = match Query::read(&path, uri.query(), route.query) {
        Ok(query) => query,
        Err(error) => return Failure::from(error).response(form),
    };
    let shown = site.shown();
    let key = route.key(&shown, &query);
    let tag = tag(&key);
    if is_held(&headers, &tag) {
        return not_modified(&tag);
    }
    match site.page(&key, route, shown.edition, query).await {
        Ok(page) => page.response(&tag),
        Err(failure) => failure.response(form),
    }
}

fn nothing_here(uri: &Uri) -> Response<Body> {
    Failure::new(StatusCode::NOT_FOUND, "there is nothing at this address")
        .response(form_of(uri.path()))
}
