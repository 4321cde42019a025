//! Where a request comes from: the peer's address, or the one that a trusted proxy tells of.
//!
//! Anybody may send `X-Forwarded-For`. So it is believed only when the peer is a proxy that the settings name, and only
//! from the right, up to the first address that is no such proxy: what stands further left, somebody else has written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use sha2::Sha256;

use crate::{keys::IdentityKey, words};

words! {
    /// The header in which proxies tell for whom they ask.
    pub enum ProxyHeader {
        XForwardedFor = "x-forwarded-for",
        /// RFC 7239
        Forwarded = "forwarded",
    }
}

/// The proxies that are believed, and how they tell.
#[derive(Clone, Debug)]
pub struct Proxies {
    pub trusted: Vec<IpNet>,
    pub header: ProxyHeader,
}

impl Proxies {
    /// Where a request comes from that this peer sent.
    pub fn origin(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Origin {
        let Some(mut address) = peer.map(|peer| peer.to_canonical()) else { return Origin(None) };
        let mut told = match self.header {
            ProxyHeader::XForwardedFor => forwarded_for(headers),
            ProxyHeader::Forwarded => forwarded(headers),
        };
        while self.trusted.iter().any(|network| network.contains(&address)) {
            match told.pop().and_then(|word| parse(&word)) {
                Some(before) => address = before,
                None => break,
            }
        }
        Origin(Some(address))
    }
}

/// `a, b, c`, in the order of the proxies.
fn forwarded_for(headers: &HeaderMap) -> Vec<String> {
    parts(headers, &HeaderName::from_static("x-forwarded-for"), ',').collect()
}

/// `for=a;proto=https, for="[b]:1"`, in the order of the proxies; `unknown` for one that does not tell.
fn forwarded(headers: &HeaderMap) -> Vec<String> {
    let word = |element: String| {
        element
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
            .map_or_else(|| "unknown".to_owned(), |(_, word)| word.trim().trim_matches('"').to_owned())
    };
    parts(headers, &header::FORWARDED, ',').map(word).collect()
}

fn parts<'a>(headers: &'a HeaderMap, name: &'a HeaderName, at: char) -> impl Iterator<Item = String> + 'a {
    headers
        .get_all(name)
        .flat_map(move |value| value.to_str().unwrap_or("unknown").split(at))
        .map(|part| part.trim().to_owned())
}

/// An address, with or without a port, as proxies write it.
fn parse(word: &str) -> Option<IpAddr> {
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word);
    let address = bare.parse().ok().or_else(|| Some(word.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// Where a request comes from; nowhere that is known for one that came over no network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin(Option<IpAddr>);

impl Origin {
    /// What stands for whoever asks from there, under a key of the installation: an IPv4 address, or the 64 bits of an
    /// IPv6 address that name a household. Nobody can tell the address from it.
    pub fn hashed(self, key: &IdentityKey) -> String {
        let mut hash = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("any length is a key");
        hash.update(b"origin\n");
        hash.update(self.shortened(32, 64).as_bytes());
        hex::encode(&hash.finalize().into_bytes()[..16])
    }

    /// The network that it lies in, as coarse as still tells one provider from another: enough to see that a sign-in was
    /// made from an unusual place, too little to follow a person.
    pub fn network(self) -> Option<String> {
        self.0.map(|_| self.shortened(24, 48))
    }

    fn shortened(self, bits_v4: u32, bits_v6: u32) -> String {
        match self.0 {
            None => "nowhere".to_owned(),
            Some(IpAddr::V4(address)) => {
                let kept = u32::from(address) & (u32::MAX << (32 - bits_v4));
                format!("{}/{bits_v4}", Ipv4Addr::from(kept))
            }
            Some(IpAddr::V6(address)) => {
                let kept = u128::from(address) & (u128::MAX << (128 - bits_v6));
                format!("{}/{bits_v6}", Ipv6Addr::from(kept))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::keys::Keys;

    fn origin(header: ProxyHeader, peer: &str, values: &[&'static str]) -> Origin {
        let name = HeaderName::from_static(header.as_str());
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let trusted = vec!["10.0.0.0/8".parse().unwrap(), "fd00::1/128".parse().unwrap()];
        Proxies { trusted, header }.origin(Some(peer.parse().unwrap()), &headers)
    }

    fn is(address: &str) -> Origin {
        Origin(Some(address.parse().unwrap()))
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_whom_it_saw() {
        use ProxyHeader::XForwardedFor;
        assert_eq!(origin(XForwardedFor, "203.0.113.9", &["198.51.100.7"]), is("203.0.113.9"));
        assert_eq!(origin(XForwardedFor, "10.0.0.1", &["198.51.100.7"]), is("198.51.100.7"));
        assert_eq!(origin(XForwardedFor, "10.0.0.1", &["192.0.2.1, 198.51.100.7"]), is("198.51.100.7"));
        assert_eq!(
            origin(XForwardedFor, "10.0.0.1", &["192.0.2.1", "198.51.100.7, 10.0.0.2"]),
            is("198.51.100.7")
        );
        assert_eq!(origin(XForwardedFor, "10.0.0.1", &["198.51.100.7:4711"]), is("198.51.100.7"));
        assert_eq!(origin(XForwardedFor, "::ffff:10.0.0.1", &["::ffff:198.51.100.7"]), is("198.51.100.7"));
        assert_eq!(origin(XForwardedFor, "10.0.0.1", &["what is this"]), is("10.0.0.1"));
        assert_eq!(origin(XForwardedFor, "10.0.0.1", &[]), is("10.0.0.1"));
    }

    #[test]
    fn the_header_of_rfc_7239_is_read_as_well() {
        use ProxyHeader::Forwarded;
        let told = "for=192.0.2.1, For=\"[2001:db8::7]:4711\";proto=https";
        assert_eq!(origin(Forwarded, "fd00::1", &[told]), is("2001:db8::7"));
        assert_eq!(origin(Forwarded, "fd00::1", &["proto=https"]), is("fd00::1"));
    }

    #[test]
    fn a_household_is_one_origin_and_the_audit_log_sees_a_network_only() {
        let key = Keys::random().identity;
        assert_eq!(is("2001:db8:1:2::3").hashed(&key), is("2001:db8:1:2:ffff::1").hashed(&key));
        assert_ne!(is("2001:db8:1:2::3").hashed(&key), is("2001:db8:1:3::3").hashed(&key));
        assert_ne!(is("198.51.100.7").hashed(&key), is("198.51.100.8").hashed(&key));
        assert_eq!(is("198.51.100.7").network().as_deref(), Some("198.51.100.0/24"));
        assert_eq!(is("2001:db8:1:2::3").network().as_deref(), Some("2001:db8:1::/48"));
    }
}
