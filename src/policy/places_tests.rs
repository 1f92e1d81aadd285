use super::*;
use crate::policy::tests::Folder;

/// A user's and a system's folder, with or without a file.
fn around(folder: &Folder, user: bool, system: bool) -> Surroundings {
    let of = |name: &str, exists: bool| {
        let place = folder.0.join(name);
        fs::create_dir_all(&place).unwrap();
        if exists {
            fs::write(place.join(NAME), "").unwrap();
        }
        Some(place)
    };
    Surroundings { variable: None, user: of("user", user), system: of("system", system) }
}

fn chosen(around: Surroundings) -> Option<Named> {
    choose(around).map(|found| found.named)
}

#[test]
fn the_variable_comes_before_the_users_file_and_that_before_the_systems() {
    for (user, system, expected) in [
        (true, true, Some(Named::User)),
        (false, true, Some(Named::System)),
        (true, false, Some(Named::User)),
        (false, false, None),
    ] {
        let folder = Folder::new(&format!("places-{user}-{system}"));
        assert_eq!(chosen(around(&folder, user, system)), expected);
        // What is named must be there: a mistake must not send mail by another policy.
        let named = Surroundings { variable: Some("/no/such/file".into()), ..around(&folder, user, system) };
        let found = choose(named).unwrap();
        assert!(found.named == Named::Variable && found.metadata.is_err());
    }
}

#[test]
fn a_file_that_appears_or_goes_is_noticed() {
    let folder = Folder::new("places-appear");
    assert_eq!(chosen(around(&folder, false, false)), None);
    assert_eq!(chosen(around(&folder, false, true)), Some(Named::System));
    fs::remove_file(folder.0.join("system").join(NAME)).unwrap();
    assert_eq!(chosen(around(&folder, false, false)), None);
}

#[test]
fn with_raised_rights_only_the_systems_place_is_looked_at() {
    let around = surroundings(Rights::Raised);
    assert!(around.variable.is_none() && around.user.is_none() && around.system.is_some());
}

#[test]
fn a_folder_where_a_file_should_be_is_found_and_refused_later() {
    let folder = Folder::new("places-folder");
    let around = around(&folder, false, false);
    fs::create_dir_all(folder.0.join("user").join(NAME)).unwrap();
    assert_eq!(chosen(around), Some(Named::User));
}

#[test]
fn a_mistyped_variable_is_recognised_and_others_are_left_alone() {
    for (name, expected) in [
        ("HELO_CONFG", Some("HELO_CONFIG")),
        ("HELO_CONF", Some("HELO_CONFIG")),
        ("HELO_TRAC", Some("HELO_TRACE")),
        ("HELLO_TRACE", Some("HELO_TRACE")),
        ("HELO_LOGDIR", Some("HELO_LOG_DIR")),
        ("helo_config", Some("HELO_CONFIG")),
        ("HELO_CONFIG", None),
        ("HELO_TRACE", None),
        ("HELO_SERVER_NAME", None),
        ("HOME", None),
        ("HEADERS", None),
    ] {
        assert_eq!(meant(name), expected, "{name}");
    }
}
