//! Who answers a component's own HTTP requests.

use std::sync::Arc;

use deterministic_wasmtime::http::Responder;
#[cfg(feature = "http-client")]
use deterministic_wasmtime::http::client::{AllowedHost, Client};

use super::Inputs;

/// Who answers a component's own HTTP requests.
#[derive(Clone)]
pub(crate) struct Answering {
    pub(crate) key: String,
    /// Whether the answers may be others the next time.
    pub(crate) live: bool,
    pub(crate) make: Arc<dyn Fn() -> Box<dyn Responder> + Send + Sync>,
}

impl Inputs {
    /// Who answers a component's own HTTP requests, which are refused otherwise. `make` is called for each run; `key` says in the
    /// fingerprint who that is, such as a digest of all that is answered.
    pub fn responder<R: Responder + 'static>(
        self,
        key: impl Into<String>,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.answered(key.into(), false, make)
    }

    /// The same with somebody whose answers are no part of this value, and may be others the next time: there is no
    /// [fingerprint](Self::fingerprint). [Recorded](Self::record), they are the same in each replay, which asks nobody. `key` says in the trace who
    /// answered.
    pub fn live_responder<R: Responder + 'static>(
        self,
        key: impl Into<String>,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.answered(key.into(), true, make)
    }

    /// Lets a component's own HTTP requests out to these hosts of the network, and denies all others: a [`live_responder`](Self::live_responder) that is a
    /// [`Client`].
    ///
    /// ```
    /// # fn example(guest: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    /// let inputs = deterministic_run::Inputs::new(guest)?.allow_http(["api.example.com".parse()?]);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "http-client")]
    pub fn allow_http(self, hosts: impl IntoIterator<Item = AllowedHost>) -> Self {
        let hosts: Vec<_> = hosts.into_iter().collect();
        let names = hosts.iter().map(AllowedHost::to_string).collect::<Vec<_>>().join(" ");
        self.live_responder(format!("allow-http {names}"), move || Client::new(hosts.clone()))
    }

    fn answered<R: Responder + 'static>(
        mut self,
        key: String,
        live: bool,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(move || Box::new(make()) as Box<dyn Responder>);
        self.responder = Some(Answering { key, live, make });
        self
    }
}
