//! Hosts, URLs and proxies from any text: nothing that comes out can end a line or a C string.
#![no_main]

use helo::policy::url;
use helo::sasl::Secret;
use libfuzzer_sys::fuzz_target;

fn clean(host: &str, user: &Option<String>, password: &Option<Secret>) {
    let password = password.as_ref().map_or("", Secret::expose);
    for part in [host, user.as_deref().unwrap_or(""), password] {
        assert!(!part.contains(['\0', '\r', '\n']));
    }
    assert!(!host.is_empty() && host.len() <= 255 + 65 && !host.contains(char::is_whitespace));
}

fuzz_target!(|text: &str| {
    if let Ok(url) = url::parse(text) {
        clean(&url.host, &url.user, &url.password);
        assert_ne!(url.port, Some(0));
    }
    if let Ok(proxy) = url::parse_proxy(text) {
        clean(&proxy.host, &proxy.user, &proxy.password);
        assert_ne!(proxy.port, 0);
    }
});
