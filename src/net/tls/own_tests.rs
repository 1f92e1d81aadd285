use super::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority, one below it and a server's certificate, as PEM, and the server's key.
fn chain() -> ([String; 3], KeyPair) {
    let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
    let params = ["root", "between", "server"].map(|name| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = if name == "server" { IsCa::NoCa } else { IsCa::Ca(BasicConstraints::Unconstrained) };
        params
    });
    let [root_key, between_key, server_key] = keys;
    let [root, between, server] = params;
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let root = Issuer::new(root, root_key);
    let between_pem = between.signed_by(&between_key, &root).unwrap().pem();
    let between = Issuer::new(between, between_key);
    let server_pem = server.signed_by(&server_key, &between).unwrap().pem();
    ([root_pem, between_pem, server_pem], server_key)
}

#[test]
fn a_chain_is_shown_in_its_order_whatever_that_of_the_file_is() {
    let ([root, between, server], key) = chain();
    let (key, stranger) = (key.serialize_pem(), rcgen::generate_simple_self_signed([]).unwrap());
    let stranger_pem = stranger.cert.pem();
    let wanted = Identity::from_pem(format!("{server}{between}{root}").as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(wanted.chain.len(), 3);
    for file in [
        format!("{root}{between}{server}"),
        format!("{between}{root}{server}"),
        format!("{key}{between}words\r\n{server}\r\n\r\n{root}"),
        format!("{server}{server}{root}{between}"),
    ] {
        assert_eq!(Identity::from_pem(file.as_bytes(), key.as_bytes()).unwrap(), wanted);
    }
    // What leads nowhere stands at the end.
    let file = format!("{stranger_pem}{root}{server}{between}");
    let identity = Identity::from_pem(file.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(identity.chain[..3], wanted.chain[..]);
    assert_eq!(identity.chain[3], stranger.cert.der().to_vec());
    // The key that is a certificate's, whichever comes first.
    let keys = format!("{}{key}", KeyPair::generate().unwrap().serialize_pem());
    assert_eq!(Identity::from_pem(server.as_bytes(), keys.as_bytes()).unwrap().key, wanted.key);
}

#[test]
fn whatever_is_changed_in_a_file_nothing_breaks() {
    let ([_, _, server], key) = chain();
    let (server, key) = (server.into_bytes(), key.serialize_pem().into_bytes());
    for at in 0..server.len() {
        let mut changed = server.clone();
        changed[at] ^= 0x15;
        let _ = Identity::from_pem(&changed, &key);
        let _ = Identity::from_pem(&server[..at], &key);
    }
    for at in 0..key.len() {
        let mut changed = key.clone();
        changed[at] ^= 0x15;
        if let Err(why) = Identity::from_pem(&server, &changed) {
            assert!(why.which != Which::Certificate, "{why}");
        }
        assert!(at + 30 > key.len() || Identity::from_pem(&server, &key[..at]).is_err());
    }
}
