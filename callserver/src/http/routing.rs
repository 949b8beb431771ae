//! Routes, and what describes them: served from the start, described only when somebody asks for the OpenAPI document.
//!
//! The description of all routes takes megabytes while it is made, and few servers are ever asked for it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::MethodRouter;
use utoipa::openapi::{HttpMethod, OpenApi};
use utoipa_axum::PathItemExt;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::Interface;

/// Routes with their descriptions.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Interface>,
    changing: Vec<(Method, String)>,
    descriptions: Vec<Describe>,
}

/// What [`routes!`] makes of some handlers.
pub(super) struct Group {
    pub(super) served: Vec<Served>,
    pub(super) describe: Describe,
}

/// A handler at its path.
pub(super) struct Served {
    path: String,
    methods: Vec<HttpMethod>,
    router: MethodRouter<Interface>,
}

type Describe = fn() -> UtoipaMethodRouter<Interface>;

/// Handlers that `#[utoipa::path]` describes, for [`Routes::routes`].
macro_rules! routes {
    ($($handler:ident),+ $(,)?) => {
        pastey::paste! {
            $crate::http::routing::Group {
                served: vec![$($crate::http::routing::Served::new::<[<__path_ $handler>], _, _>($handler)),+],
                describe: || utoipa_axum::routes!($($handler),+),
            }
        }
    };
}
pub(super) use routes;

impl Served {
    /// A handler where its description `P` has it.
    pub(super) fn new<P: utoipa::Path, H, T>(handler: H) -> Self
    where
        H: Handler<T, Interface>,
        T: 'static,
    {
        let methods = P::methods();
        let router = methods.iter().fold(MethodRouter::new(), |router, method| {
            router.on(method.to_method_filter(), handler.clone())
        });
        Self {
            path: P::path(),
            methods,
            router,
        }
    }
}

impl Routes {
    /// None yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// These too.
    pub(super) fn routes(mut self, group: Group) -> Self {
        for served in group.served {
            let changing = served.methods.iter().filter_map(changing);
            self.changing
                .extend(changing.map(|method| (method, served.path.clone())));
            self.router = self.router.route(&served.path, served.router);
        }
        self.descriptions.push(group.describe);
        self
    }

    /// Those of another module too.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.changing.extend(other.changing);
        self.descriptions.extend(other.descriptions);
        self
    }

    /// How long a body those that are there may take.
    pub(super) fn layer(mut self, limit: DefaultBodyLimit) -> Self {
        self.router = self.router.layer(limit);
        self
    }

    /// The operations that change something.
    pub(super) fn changing(&self) -> impl Iterator<Item = (Method, String)> {
        self.changing.iter().cloned()
    }

    /// What serves them.
    pub(super) fn into_router(self) -> Router<Interface> {
        self.router
    }

    /// Adds their descriptions to a document.
    pub(super) fn describe(self, document: OpenApi) -> OpenApi {
        let described = OpenApiRouter::with_openapi(document);
        let groups = self.descriptions.into_iter();
        groups
            .fold(described, |described, describe| {
                described.routes(describe())
            })
            .into_openapi()
    }
}

fn changing(method: &HttpMethod) -> Option<Method> {
    match method {
        HttpMethod::Post => Some(Method::POST),
        HttpMethod::Put => Some(Method::PUT),
        HttpMethod::Patch => Some(Method::PATCH),
        HttpMethod::Delete => Some(Method::DELETE),
        HttpMethod::Get | HttpMethod::Head | HttpMethod::Options | HttpMethod::Trace => None,
    }
}
