//! "Did you mean": the known name that a mistyped one is near to, wherever names are read.

/// The nearest of the known names, if it is near enough to be meant. Capitals and small letters are the same, `-` and `_`
/// too.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let name = plain(name.trim_start_matches('-'));
    let (far, near) = known.into_iter().map(|known| (distance(&name, &plain(known)), known)).min()?;
    (far <= 1 + near.len() / 6 && far < near.len()).then_some(near)
}

/// How many letters must change, come, go, or change places with their neighbours; far when the name is too long to be
/// meant (the distance of Damerau, Levenshtein).
fn distance(name: &str, known: &str) -> usize {
    if name.len() > 40 {
        return usize::MAX;
    }
    let (name, known): (Vec<char>, Vec<char>) = (name.chars().collect(), known.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (i, letter) in name.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in known.iter().enumerate() {
            let change = row[j] + usize::from(letter != other);
            let mut least = change.min(next[j] + 1).min(row[j + 1] + 1);
            let swapped = i > 0 && j > 0 && name[i - 1] == *other && known[j - 1] == *letter;
            if let Some(two_before) = before.get(j.wrapping_sub(1)).filter(|_| swapped) {
                least = least.min(two_before + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[known.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard_and_nothing_far() {
        let known = ["port", "proxy", "tls_pin", "reply_timeout", "max-size"];
        for (typed, meant) in [
            ("prot", Some("port")),
            ("Porrt", Some("port")),
            ("tls-pin", Some("tls_pin")),
            ("reply_timeot", Some("reply_timeout")),
            ("--maxsize", Some("max-size")),
            ("max_size", Some("max-size")),
            ("colour", None),
            ("ploxi", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(typed, known), meant, "{typed}");
        }
        assert_eq!(did_you_mean(&"x".repeat(100), known), None);
        assert_eq!(did_you_mean("port", []), None);
    }
}
