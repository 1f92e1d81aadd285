//! The pages in docs/ stay true: each policy that they show is one that the library takes.

mod support;

use std::fs;
use std::path::Path;

/// The blocks marked as `ini`, each with the line that it begins on.
#[cfg(feature = "tls")]
fn policies(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if line.trim() == "```ini" {
            let block: Vec<&str> = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```").collect();
            found.push((number, block.join("\n")));
        }
    }
    found
}

fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let markdown = docs.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let all = markdown.chain([root.join("README.md"), root.join("python/README.md")]);
    all.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

#[cfg(feature = "tls")]
#[test]
fn every_policy_shown_is_one_that_is_taken() {
    use helo::policy::Policy;
    use support::temp::{TempDir, write_private};
    // Certificates that a policy names are read with it: the pages' folder becomes one that has them.
    let folder = TempDir::new();
    let authority = support::tls::Authority::new("Company");
    let client = authority.certificate(&["client.example"]);
    for (name, pem) in [
        ("company-ca.pem", authority.pem.clone()),
        // The key may stand with its certificate.
        ("client.pem", client.pem.clone() + &client.key.serialize_pem()),
        ("client.key", client.key.serialize_pem()),
    ] {
        write_private(&folder.join(name), &pem);
    }
    let mut checked = 0;
    for (page, text) in pages() {
        for (line, block) in policies(&text) {
            let block = block.replace("/etc/helo", &folder.path().display().to_string());
            if let Err(why) = Policy::parse(&block, "the example") {
                panic!("{page}, line {line}: {why}\n{block}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "the pages' policies are found: {checked}");
}

#[test]
fn links_between_pages_lead_somewhere() {
    for (page, text) in pages() {
        let folder = Path::new(&page).parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{page}: {link}");
            }
        }
    }
}
