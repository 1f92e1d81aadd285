//! The server's own certificate and key, as OpenSSL takes them; and words for what cannot be served.

use crate::any::assert_plain;
use crate::support::peer::{self, certificate, openssl, version_one};
use crate::support::program::{Program, run};
use crate::support::temp::TempDir;
use crate::*;
use helo::net::tls::Pin;
use std::fs;

const P256: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=a";
const RSA: &str = "-newkey rsa:2048 -subj /CN=a";

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

fn join(folder: &TempDir, names: &[&str]) {
    let all: String = names.iter().map(|name| read(folder, name)).collect();
    fs::write(folder.join("both.pem"), all).unwrap();
}

/// Each leaves a certificate and its key in `both.pem`, and the certificate in `cert.pem`.
const FORMS: &[(&str, fn(&TempDir))] = &[
    ("version 1", |folder| drop(version_one(folder, "-newkey rsa:2048"))),
    ("a critical extension", |folder| {
        certificate(folder, "-newkey ed25519 -subj /CN=a -addext 1.2.3.4=critical,DER:0500");
    }),
    ("an empty subject, signed with SHA-1", |folder| {
        certificate(folder, "-newkey rsa:2048 -sha1 -subj / -addext subjectAltName=DNS:x");
    }),
    ("PKCS 1", |folder| {
        certificate(folder, RSA);
        openssl(folder, "rsa -in key.pem -traditional -out old.pem");
        assert!(read(folder, "old.pem").contains("BEGIN RSA PRIVATE KEY"));
        join(folder, &["old.pem", "cert.pem"]);
    }),
    ("lines of DOS and a byte order mark", |folder| {
        certificate(folder, RSA);
        let text = format!("\u{feff}{}", read(folder, "both.pem").replace('\n', "\r\n"));
        fs::write(folder.join("both.pem"), text).unwrap();
    }),
    ("SEC 1, parameters before it", |folder| {
        openssl(folder, "ecparam -name secp384r1 -genkey -out key.pem");
        openssl(folder, "req -x509 -days 30 -key key.pem -subj /CN=a -out cert.pem");
        assert!(read(folder, "key.pem").contains("BEGIN EC PARAMETERS"));
        join(folder, &["key.pem", "cert.pem"]);
    }),
    ("SEC 1 without the public key", |folder| {
        certificate(folder, P256);
        openssl(folder, "ec -in key.pem -no_public -out short.pem");
        assert!(read(folder, "short.pem").contains("BEGIN EC PRIVATE KEY"));
        join(folder, &["cert.pem", "short.pem"]);
    }),
    ("PKCS 8 without the public key", |folder| {
        certificate(folder, P256);
        openssl(folder, "ec -in key.pem -no_public -out short.pem");
        openssl(folder, "pkcs8 -topk8 -nocrypt -in short.pem -out key8.pem");
        join(folder, &["cert.pem", "key8.pem"]);
    }),
    ("a trusted certificate of OpenSSL's", |folder| {
        certificate(folder, P256);
        openssl(folder, "x509 -in cert.pem -trustout -addtrust serverAuth -out trusted.pem");
        assert!(read(folder, "trusted.pem").contains("BEGIN TRUSTED CERTIFICATE"));
        join(folder, &["trusted.pem", "key.pem"]);
    }),
    ("words around and blanks at the ends of lines", |folder| {
        certificate(folder, P256);
        openssl(folder, "x509 -in cert.pem -text -out cert.pem");
        let text = format!("Bag Attributes\n  x: y\n{}", read(folder, "both.pem").replace('\n', " \t\n\n"));
        fs::write(folder.join("both.pem"), text).unwrap();
    }),
    ("others' certificates and keys before it", |folder| {
        certificate(folder, RSA);
        let others = read(folder, "both.pem");
        certificate(folder, P256);
        let text = format!("{others}{}", read(folder, "both.pem"));
        // Both are good: the first key is the one, with the certificate that is its own.
        fs::write(folder.join("both.pem"), text.replacen("PRIVATE KEY", "OTHER KEY", 2)).unwrap();
    }),
];

#[test]
fn what_openssl_serves_is_served() {
    if !peer::have("what_openssl_serves_is_served") {
        return;
    }
    for (name, make) in FORMS {
        let folder = TempDir::new();
        make(&folder);
        let both = folder.join("both.pem");
        fs::set_permissions(&both, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let server = Program::start(&["--port", "0", "--discard", "--tls-certificate", both.to_str().unwrap()]);
        let pins = vec![Pin::parse(&peer::pin(&folder)).unwrap()];
        let target = Target::Host { host: "127.0.0.1".into(), port: server.address("smtp").port() };
        let wanted = Tls { verify: Some(false), pins, ..tls(TlsMode::Always) };
        let opened = Session::open(target, settings(wanted, None), Cancel::new(), &mut ());
        opened.unwrap_or_else(|error| panic!("{name}: {error}")).quit(&mut ());
        // And as OpenSSL's client sees it.
        let at = server.address("smtp").to_string();
        let level = "DEFAULT@SECLEVEL=0";
        openssl(&folder, &format!("s_client -starttls smtp -cipher {level} -connect {at} -no_ign_eof -brief"));
    }
}

/// The files that a server is given as certificate and key, and words about each of which it must say all.
type Bad = (fn(&TempDir) -> (&'static str, &'static str), &'static [&'static str]);

fn made(folder: &TempDir, words: &str) -> (&'static str, &'static str) {
    certificate(folder, words);
    ("cert.pem", "key.pem")
}

fn with(folder: &TempDir, words: &str) {
    certificate(folder, P256);
    openssl(folder, words);
}

const BAD: &[Bad] = &[
    (
        |folder| made(folder, "-newkey rsa:1024 -subj /CN=a"),
        &["tls-key ", "key.pem: ", "RSA key of 1024 bits", "P-256"],
    ),
    (
        |folder| made(folder, "-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3 -subj /CN=a"),
        &["key.pem", "exponent below 65537"],
    ),
    (|folder| made(folder, "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj /CN=a"), &["key.pem", "curve P-521"]),
    (|folder| made(folder, "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -subj /CN=a"), &["secp256k1"]),
    (|folder| made(folder, "-newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -subj /CN=a"), &["Brainpool"]),
    (|folder| made(folder, "-newkey ed448 -subj /CN=a"), &["key.pem", "Ed448"]),
    (
        |folder| made(folder, "-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -subj /CN=a"),
        &["key.pem", "an RSA key for PSS only"],
    ),
    (
        |folder| {
            with(folder, "genpkey -algorithm ed25519 -out other.pem");
            ("cert.pem", "other.pem")
        },
        &["cert.pem, tls-key ", "other.pem: the private key is not the certificate's"],
    ),
    (
        |folder| {
            certificate(folder, P256);
            fs::copy(folder.join("key.pem"), folder.join("other.pem")).unwrap();
            certificate(folder, P256);
            ("cert.pem", "other.pem")
        },
        &["other.pem", "the private key is not the certificate's"],
    ),
    (
        |folder| {
            with(folder, "pkcs8 -topk8 -in key.pem -passout pass:x -out hidden.pem");
            ("cert.pem", "hidden.pem")
        },
        &["hidden.pem: its private key is under a passphrase", "openssl pkey"],
    ),
    (
        |folder| {
            with(folder, "ec -in key.pem -aes128 -passout pass:x -out hidden.pem");
            assert!(read(folder, "hidden.pem").contains("Proc-Type: 4,ENCRYPTED"));
            ("cert.pem", "hidden.pem")
        },
        &["hidden.pem: its private key is under a passphrase"],
    ),
    (
        |folder| {
            with(folder, "x509 -in cert.pem -outform DER -out cert.der");
            ("cert.der", "key.pem")
        },
        &["tls-certificate ", "cert.der: it is DER, not PEM", "openssl x509 -inform DER"],
    ),
    (
        |folder| {
            with(folder, "pkey -in key.pem -outform DER -out key.der");
            ("cert.pem", "key.der")
        },
        &["tls-key ", "key.der: it is a private key in DER", "openssl pkey -inform DER"],
    ),
    (
        |folder| {
            with(folder, "pkcs12 -export -in cert.pem -inkey key.pem -passout pass:x -out all.p12");
            ("all.p12", "key.pem")
        },
        &["all.p12: it is PKCS 12", "openssl pkcs12"],
    ),
    (
        |folder| {
            with(folder, "crl2pkcs7 -nocrl -certfile cert.pem -out cert.p7");
            ("cert.p7", "key.pem")
        },
        &["cert.p7: no certificate is in it, but PKCS 7", "openssl pkcs7"],
    ),
    (
        |folder| {
            with(folder, "req -new -key key.pem -subj /CN=a -out request.pem");
            ("request.pem", "key.pem")
        },
        &["request.pem: no certificate is in it, only a request"],
    ),
    (|folder| (made(folder, P256).1, "key.pem"), &["key.pem: no certificate is in it, only a private key"]),
    (|folder| (made(folder, P256).0, "cert.pem"), &["cert.pem: no private key is in it, only a certificate"]),
    (
        |folder| {
            certificate(folder, P256);
            let garbled = read(folder, "cert.pem").replacen("\nMII", "\n*II", 1);
            fs::write(folder.join("cert.pem"), garbled).unwrap();
            ("cert.pem", "key.pem")
        },
        &["cert.pem: a section of it is not base64 (CERTIFICATE)"],
    ),
    (
        |folder| {
            certificate(folder, P256);
            let text = read(folder, "cert.pem");
            fs::write(folder.join("cert.pem"), &text[..text.len() / 2]).unwrap();
            ("cert.pem", "key.pem")
        },
        &["cert.pem: a section of it does not end"],
    ),
    (
        |folder| {
            certificate(folder, P256);
            let wide: Vec<u8> = read(folder, "cert.pem").encode_utf16().flat_map(u16::to_le_bytes).collect();
            fs::write(folder.join("cert.pem"), [b"\xff\xfe", &wide[..]].concat()).unwrap();
            ("cert.pem", "key.pem")
        },
        &["cert.pem: it is text in UTF-16"],
    ),
    (
        |folder| {
            certificate(folder, P256);
            fs::write(folder.join("cert.pem"), "").unwrap();
            ("cert.pem", "key.pem")
        },
        &["cert.pem: no certificate is in it"],
    ),
    (|_| ("none.pem", "none.pem"), &["tls-certificate ", "none.pem: "]),
];

#[test]
fn what_cannot_be_served_is_said_with_the_file_and_the_reason() {
    if !peer::have("what_cannot_be_served_is_said_with_the_file_and_the_reason") {
        return;
    }
    for (make, parts) in BAD {
        let folder = TempDir::new();
        let (certificate, key) = make(&folder);
        let (certificate, key) = (folder.join(certificate), folder.join(key));
        if key.exists() {
            fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
        let output = run(&["--port", "0", "--discard", "--tls-certificate", certificate, "--tls-key", key]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{parts:?}");
        assert_says(&text, parts);
        assert_plain(&text.replace("PSS", ""));
        assert!(!text.contains("BEGIN EC") && text.len() < 600, "{text}");
    }
}
