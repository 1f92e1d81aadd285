//! Policy files from any text: taken or refused, and a refusal names a line of the file.
#![no_main]

use helo::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Policy::parse(text, "fuzz") {
        Ok(policy) => {
            let site = policy.settings_for("mailhost");
            assert!(!site.place("mailhost", 25).0.is_empty());
        }
        Err(error) => assert!(error.line <= text.split('\n').count(), "{error}"),
    }
});
