//! Sessions are resumed across the connections of a process, and only where nothing is taken for verified that was not.

use crate::support::tls::{Behaviour, TlsServer};
use crate::*;
use helo::net::tls::{Identity, Pin};

#[test]
fn sessions_are_resumed_between_connections_of_the_same_settings_only() {
    // Names of their own: sessions are kept by name, and other tests of this process have theirs.
    let (new, old) = ("tls13.example.com", "tls12.example.com");
    for (name, config) in
        [(new, AUTHORITY.certificate(&[new]).server()), (old, AUTHORITY.certificate(&[old]).server_tls12())]
    {
        let server = TlsServer::start(Behaviour::good(config), 3);
        for verify in [Some(false), Some(false), Some(true)] {
            let wanted = Tls { verify, name: TlsName::Given(name.into()), ..tls(TlsMode::Always) };
            let session = open(&server, settings(wanted, None)).unwrap();
            session.quit(&mut ());
        }
        let resumed: Vec<bool> = server.finish().iter().map(|heard| heard.resumed).collect();
        assert_eq!(resumed, [false, true, false], "{name}: what was not verified is not taken for verified");
    }
}

#[test]
fn sessions_are_not_shared_between_identities_authorities_and_pins() {
    let name = "apart.example.com";
    let certificate = AUTHORITY.certificate(&[name]);
    let base = Tls { name: TlsName::Given(name.into()), ..tls(TlsMode::Always) };
    let own = AUTHORITY.certificate(&["client.example"]);
    let identity = Identity::from_pem(own.pem.as_bytes(), own.key.serialize_pem().as_bytes()).ok();
    let two = format!("{}{}", AUTHORITY.pem, Authority::new("Another").pem);
    let roots = Roots::from_pem(two.as_bytes()).ok();
    let wrong = Pin::parse(&format!("sha256:{}", "00".repeat(32))).unwrap();
    let text = |pins| {
        let (outcome, _) = meet(Behaviour::good(certificate.server()), settings(Tls { pins, ..base.clone() }, None));
        outcome.unwrap_err().to_string()
    };
    let pin = Pin::parse(text(vec![wrong]).split("it has ").nth(1).unwrap().split(';').next().unwrap()).unwrap();
    let wanted = [
        base.clone(),
        Tls { identity, ..base.clone() },
        Tls { roots, ..base.clone() },
        Tls { pins: vec![pin], ..base.clone() },
        Tls { verify: Some(false), ..base.clone() },
        base.clone(),
    ];
    let server = TlsServer::start(Behaviour::good(certificate.server()), wanted.len());
    for wanted in wanted {
        open(&server, settings(wanted, None)).unwrap().quit(&mut ());
    }
    let resumed: Vec<bool> = server.finish().iter().map(|heard| heard.resumed).collect();
    assert_eq!(resumed, [false, false, false, false, false, true]);
}
