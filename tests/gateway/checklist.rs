//! The numbered cases of the LTI checklist. A comment above a test names the cases that it covers.

/// The cases that comments above tests name. `// Checklist F1.b 17 to 19.` names three cases.
pub(crate) fn cases(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    let above = lines.windows(2).filter(|pair| pair[1] == "#[test]").map(|pair| pair[0]);
    let named = above.filter_map(|line| line.strip_prefix("// Checklist F1."));
    named
        .flat_map(|text| {
            let words: Vec<&str> = text.trim_end_matches('.').split(' ').skip(1).collect();
            let number = |word: &str| word.parse::<u32>().expect("a number");
            match words.as_slice() {
                [one] => vec![(*one).to_owned()],
                [one, "and", other] => vec![(*one).to_owned(), (*other).to_owned()],
                [first, "to", last] => {
                    (number(first)..=number(last)).map(|id| id.to_string()).collect()
                }
                _ => panic!("not a list of cases: {text}"),
            }
        })
        .collect()
}

#[test]
fn only_a_comment_above_a_test_names_cases() {
    let source = "// Checklist F1.a 7.\n#[test]\nfn a() {}\n// Checklist F1.b 9 to 11.\n#[test]\n\
                  fn b() {}\n// Checklist F1.b 12.\nfn no_test() {}\n// Checklist F1.c 64b.\n\
                  #[test]\nfn c() {}\n// Checklist F1.h 144 and 145.\n#[test]\n";
    assert_eq!(cases(source), ["7", "9", "10", "11", "64b", "144", "145"]);
}
