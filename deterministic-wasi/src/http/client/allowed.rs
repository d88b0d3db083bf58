//! Which hosts may be asked.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ::http::Uri;
use ::http::uri::Scheme;

/// A host that a guest's requests may be let out to, as in `example.org`, `example.org:8080`, `*.example.org`, `127.0.0.1` or `[::1]:8080`.
///
/// - A name is that name alone, in small or capital letters; `*.example.org` is every name below it, and not `example.org` itself. One that
///   has letters beyond ASCII is given, and asked for, as its `xn--` form.
/// - An address is that address, however it is written; no name with a `*` is an address.
/// - Without a port, it is the scheme's own: 80 of `http`, 443 of `https`. `example.org:*` is any.
///
/// A name is not looked at where it leads: who allows one trusts whoever answers for it, and that may be with an address of the host's own network.
/// Only what is named is allowed, so `localhost` and addresses of that network are not, unless they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AllowedHost {
    host: Host,
    port: Port,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    Name(String),
    Below(String),
    Address(IpAddr),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Port {
    OfScheme,
    One(u16),
    Any,
}

/// What is no [`AllowedHost`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowedHostError {
    /// It names no host.
    #[error(
        "`{given}` is no host; give a name such as `example.org`, all names below one as `*.example.org`, or an address such as `127.0.0.1` or \
         `[::1]`, without a scheme and a path"
    )]
    Host {
        /// What was given.
        given: String,
    },
    /// What follows the host is no port.
    #[error(
        "`{port}` of `{given}` is no port; give a number from 1 to 65535, `*` for any, or none for 80 of http and 443 of https"
    )]
    Port {
        /// What was given.
        given: String,
        /// What is no port.
        port: String,
    },
}

impl AllowedHost {
    /// Whether a request for `url` may be let out.
    pub fn allows(&self, url: &Uri) -> bool {
        let (Some(usual), Some(host)) = (usual_port(url), url.host()) else { return false };
        let port = url.port_u16().unwrap_or(usual);
        let fits = match &self.port {
            Port::OfScheme => port == usual,
            Port::One(own) => port == *own,
            Port::Any => true,
        };
        fits && match (&self.host, address(host)) {
            (Host::Address(own), Some(address)) => *own == address,
            (Host::Address(_), None) | (_, Some(_)) => false,
            (Host::Name(name), None) => host.eq_ignore_ascii_case(name),
            (Host::Below(name), None) => host
                .len()
                .checked_sub(name.len() + 1)
                .filter(|&at| at > 0 && host.as_bytes()[at] == b'.')
                .is_some_and(|at| host.as_bytes()[at + 1..].eq_ignore_ascii_case(name.as_bytes())),
        }
    }
}

/// The port of a scheme that is known.
fn usual_port(url: &Uri) -> Option<u16> {
    match url.scheme()? {
        scheme if *scheme == Scheme::HTTP => Some(80),
        scheme if *scheme == Scheme::HTTPS => Some(443),
        _ => None,
    }
}

/// What a URL's host is, if that is an address.
fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        None => host.parse().ok(),
    }
}

/// Whether it is a name as DNS has them; an underscore is in some of those that are in use.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(given: &str) -> Result<Self, AllowedHostError> {
        let no_host = || AllowedHostError::Host { given: given.to_owned() };
        let (host, port) = match given.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']').ok_or_else(no_host)?;
                let address = address.parse::<Ipv6Addr>().map_err(|_| no_host())?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(no_host)?) };
                (Host::Address(address.into()), port)
            }
            None => {
                let (host, port) = given.split_once(':').map_or((given, None), |(host, port)| (host, Some(port)));
                let (name, below) = host.strip_prefix("*.").map_or((host, false), |name| (name, true));
                // `example.org://` and `::1` are told as what they are.
                if !is_name(name) || port.is_some_and(|port| port.contains([':', '/'])) {
                    return Err(no_host());
                }
                let host = match name.parse::<IpAddr>() {
                    Ok(_) if below => return Err(no_host()),
                    Ok(address) => Host::Address(address),
                    Err(_) if below => Host::Below(name.to_ascii_lowercase()),
                    Err(_) => Host::Name(name.to_ascii_lowercase()),
                };
                (host, port)
            }
        };
        let port = match port {
            None => Port::OfScheme,
            Some("*") => Port::Any,
            Some(port) => match port.parse::<u16>() {
                Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => Port::One(number),
                _ => return Err(AllowedHostError::Port { given: given.to_owned(), port: port.to_owned() }),
            },
        };
        Ok(AllowedHost { host, port })
    }
}

/// As it is read.
impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::Below(name) => write!(f, "*.{name}")?,
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
        }
        match self.port {
            Port::OfScheme => Ok(()),
            Port::One(port) => write!(f, ":{port}"),
            Port::Any => f.write_str(":*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowedHost, AllowedHostError};

    fn host(text: &str) -> AllowedHost {
        text.parse().expect(text)
    }

    #[test]
    fn what_is_named_is_allowed_and_nothing_else() {
        for (allowed, urls, others) in [
            (
                "Example.org",
                &[
                    "http://example.org/a",
                    "https://EXAMPLE.org/?b",
                    "http://example.org:80/",
                    "https://example.org:443/",
                ][..],
                &[
                    "http://example.org:443/",
                    "https://example.org:8443/",
                    "http://a.example.org/",
                    "http://example.org./",
                    "http://example.org.evil/",
                    "http://evilexample.org/",
                    "http://example.org@evil/",
                    "ftp://example.org/",
                ][..],
            ),
            (
                "a.b:8080",
                &["http://a.b:8080/", "https://a.b:8080/"],
                &["http://a.b/", "http://a.b:80/", "http://a.b:80801/"],
            ),
            ("a.b:*", &["http://a.b:8080/", "https://a.b/"], &["http://b:1/"]),
            (
                "*.example.org",
                &["http://a.example.org/", "http://a.b.Example.ORG/"],
                &["http://example.org/", "http://.example.org/", "http://aexample.org/", "http://a.example.org:1/"],
            ),
            // An address is one, however it is written; a name is none.
            (
                "[0:0::1]:8080",
                &["http://[::1]:8080/"],
                &["http://[::1]/", "http://[::2]:8080/", "http://localhost:8080/"],
            ),
            (
                "127.0.0.1",
                &["http://127.0.0.1/"],
                &["http://127.1/", "http://2130706433/", "http://[::ffff:127.0.0.1]/"],
            ),
            ("localhost", &["http://localhost/"], &["http://127.0.0.1/", "http://[::1]/"]),
            ("*.0.1", &["http://a.0.1/"], &["http://127.0.0.1/"]),
        ] {
            let allowed = host(allowed);
            for url in urls {
                assert!(allowed.allows(&url.parse().expect(url)), "{allowed} allows {url}");
            }
            for url in others {
                // What is no URL is none that is asked for.
                assert!(!url.parse().is_ok_and(|url| allowed.allows(&url)), "{allowed} allows {url}");
            }
        }
    }

    #[test]
    fn what_is_none_is_told() {
        let long = "a".repeat(64);
        for text in [
            "",
            "*",
            "*.",
            "a..b",
            ".a",
            "a.",
            "http://a",
            "a/b",
            "a:1/b",
            "u@a",
            "::1",
            "[::1",
            "[::1]8080",
            "[1.2.3.4]",
            "a b",
            "ä.b",
            "*.1.2.3.4",
            "a.*.b",
            &long,
        ] {
            let error = text.parse::<AllowedHost>().expect_err(text);
            assert_eq!(error, AllowedHostError::Host { given: text.to_owned() });
            assert!(error.to_string().contains("`*.example.org`"));
        }
        for (text, port) in [("a:", ""), ("a:0", "0"), ("a:65536", "65536"), ("a:+1", "+1"), ("[::1]:x", "x")] {
            let error = text.parse::<AllowedHost>().expect_err(text);
            assert_eq!(error, AllowedHostError::Port { given: text.to_owned(), port: port.to_owned() });
        }
        for text in ["example.org", "*.example.org:*", "[::1]:8080", "127.0.0.1:1"] {
            assert_eq!(host(text).to_string(), text);
        }
    }
}
