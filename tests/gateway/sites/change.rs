//! Files and folders that change while the gateway serves them.

use super::*;

/// More bytes than the gateway and the connection can hold.
const LARGE: u64 = 256 * 1024 * 1024;

/// Begins a download of a large file, and returns the connection after the head.
fn begin(book: &Book, browser: &Browser<'_>, target: &str) -> crate::support::Wire {
    let file = fs::File::create(book.folder().join("large.bin")).expect("a file");
    file.set_len(LARGE).expect("a sparse file");
    let mut wire = browser.ask("GET", target, &[]);
    let head = Reply::head(&mut wire).expect("a head");
    assert_eq!(head.header("content-length"), Some(LARGE.to_string()));
    wire
}

#[test]
fn a_file_that_becomes_shorter_breaks_the_response_off() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let target = visit.at("/large.bin");
    let mut wire = begin(&book, &browser, &target);
    let file = fs::File::options().write(true).open(book.folder().join("large.bin"));
    file.expect("a file").set_len(10).expect("shorter");
    let received = wire.rest().len();
    assert!(u64::try_from(received).expect("a length") < LARGE, "{received}");
    assert!(!log_lines("the file became shorter").is_empty());
    // The gateway goes on.
    assert_eq!(browser.get(&target).bytes.len(), 10);
}

#[test]
fn a_file_that_is_replaced_or_removed_is_sent_to_its_end() {
    for replace in [true, false] {
        let book = Book::new();
        let (mut browser, visit) = book.open();
        let target = visit.at("/large.bin");
        let mut wire = begin(&book, &browser, &target);
        let large = book.folder().join("large.bin");
        if replace {
            book.write("new", "new");
            fs::rename(book.folder().join("new"), &large).expect("renamed");
        } else {
            fs::remove_file(&large).expect("removed");
        }
        let mut left = usize::try_from(LARGE).expect("a length");
        while left > 0 {
            let piece = wire.at_most(left.min(1 << 20));
            assert!(!piece.is_empty() && piece.iter().all(|byte| *byte == 0));
            left -= piece.len();
        }
        let status = if replace { 200 } else { 404 };
        assert_eq!(browser.get(&target).status, status);
    }
}

#[test]
fn a_replaced_folder_counts_from_the_next_request_on() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    assert_eq!(browser.get(&visit.at("/")).body, "<h1>Book</h1>");
    let root = book.root.path();
    // By renaming directories.
    write(&root.join("second"), "index.html", "second");
    fs::rename(book.folder(), root.join("first")).expect("renamed");
    let between = browser.send("GET", &visit.at("/"), &[JSON], b"");
    refused(&between, 500, "file-unreadable");
    fs::rename(root.join("second"), book.folder()).expect("renamed");
    assert_eq!(browser.get(&visit.at("/")).body, "second");
    // By replacing a link.
    write(&root.join("third"), "index.html", "third");
    fs::rename(book.folder(), root.join("second")).expect("renamed");
    std::os::unix::fs::symlink("third", root.join("next")).expect("a link");
    fs::rename(root.join("next"), book.folder()).expect("renamed");
    assert_eq!(browser.get(&visit.at("/")).body, "third");
    // A file in place of the folder.
    fs::remove_file(book.folder()).expect("removed");
    fs::write(book.folder(), SECRET).expect("written");
    refused(&browser.send("GET", &visit.at("/"), &[JSON], b""), 500, "file-unreadable");
}

/// `mv -T` is GNU's.
#[cfg(target_os = "linux")]
#[test]
fn the_command_of_the_docs_deploys_a_new_version() {
    let page = include_str!("../../../docs/sites.md");
    let (_, block) = page.split_once("```sh\n").expect("a block");
    let (command, _) = block.split_once("```").expect("its end");
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let root = book.root.path();
    for (release, content) in [("42", "old"), ("43", "new")] {
        write(&root.join("releases").join(release), "index.html", content);
    }
    fs::rename(book.folder(), root.join("before")).expect("renamed");
    std::os::unix::fs::symlink("releases/42", book.folder()).expect("a link");
    assert_eq!(browser.get(&visit.at("/")).body, "old");
    let status = std::process::Command::new("sh").args(["-ec", command]).current_dir(root).status();
    assert!(status.expect("a shell").success(), "{command}");
    assert_eq!(browser.get(&visit.at("/")).body, "new");
}
