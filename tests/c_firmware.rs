//! The library that `make firmware` makes: what it exports, and a program linked with it that mails. `scripts/check.sh` makes
//! it and names its folder in `HELO_FIRMWARE`.

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use support::cc::{self, Link, Program};
use support::sink::{Keep, Options, Sink};
use support::{exports, listeners, skip};

/// The folder of the library, if there is one.
fn firmware(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HELO_FIRMWARE").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    match folder {
        Some(folder) => {
            assert!(folder.join("libhelo.a").is_file(), "no libhelo.a in {}", folder.display());
            Some(folder)
        }
        None => {
            skip::skip(test, "HELO_FIRMWARE names no library for firmware (make check makes one)");
            None
        }
    }
}

#[test]
fn it_exports_its_face_and_what_any_face_has_of_helo_h() {
    let Some(folder) = firmware("firmware: exports") else { return };
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(folder.join("libhelo.so")).output().expect("nm");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let built: BTreeSet<String> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect();
    let mut expected = exports::faces().remove("netx_client").expect("a list of the face");
    let any = exports::any_face();
    for needed in ["helo_last_error", "helo_last_failure", "helo_watch", "helo_set_key"] {
        assert!(
            any.contains(needed),
            "{needed} comes with any face: docs/netx-client.md and docs/firmware.md send there"
        );
    }
    expected.extend(any);
    assert_eq!(built, expected);
}

#[test]
fn a_program_with_it_mails_and_says_what_fails() {
    let Some(folder) = firmware("firmware: a program") else { return };
    let shared: Vec<String> =
        vec![format!("-L{}", folder.display()), "-lhelo".into(), format!("-Wl,-rpath,{}", folder.display())];
    let fixed = vec![folder.join("libhelo.a").display().to_string(), "-Wl,--gc-sections".into()];
    let source = Program::new(cc::root().join("tests/firmware/client.c")).headers("netx-client").headers("rtos");
    let object = source.headers("helo").link(Link::Nothing).build();
    for (how, library) in [("shared", shared), ("static", fixed)] {
        let binary = object.with_file_name(format!("firmware-client-{how}"));
        let mut link = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        link.arg(&object).args(&library).args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&binary);
        let linked = link.output().expect("a linker");
        assert!(linked.status.success(), "{how}: {}", String::from_utf8_lossy(&linked.stderr));

        let sink = Sink::start(Options { keep: Keep::Bodies, ..Options::default() });
        let nobody = listeners::refusing();
        let mut command = Command::new(&binary);
        command.args([sink.port().to_string(), nobody.port().to_string()]).env("HELO_CONFIG", "/dev/null");
        cc::run(&mut command, Duration::from_secs(60)).expect_success(how);
        let mails = sink.mails();
        assert_eq!(mails.len(), 2, "{how}");
        for mail in mails {
            let body = String::from_utf8_lossy(&mail.body).into_owned();
            assert!(body.contains("Subject: Meter\r\n") && body.ends_with("The meter reads 17.\r\n"), "{how}: {body}");
        }
    }
}
