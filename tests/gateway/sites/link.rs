//! Symbolic links: those within the folder work, and no other leads to a file.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_link_within_the_folder_works() {
    let book = Book::new();
    symlink("chapter/page.html", book.folder().join("first.html")).expect("a link");
    symlink("../digits.bin", book.folder().join("chapter/up.bin")).expect("a link");
    symlink("chapter", book.folder().join("latest")).expect("a link");
    // Kubernetes mounts files this way.
    book.write("..data/mounted.txt", "mounted");
    symlink("..data/mounted.txt", book.folder().join("mounted.txt")).expect("a link");
    let (mut browser, visit) = book.open();
    for (rest, body) in [
        ("/first.html", "<h1>Page</h1>"),
        ("/chapter/up.bin", "0123456789"),
        ("/latest/", "<h1>Chapter</h1>"),
        ("/latest/up.bin", "0123456789"),
        ("/mounted.txt", "mounted"),
    ] {
        assert_eq!(browser.get(&visit.at(rest)).body, body, "{rest}");
    }
    // The name decides the type.
    let reply = browser.get(&visit.at("/first.html"));
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn no_link_leaves_the_folder() {
    let book = Book::new();
    let root = book.root.path();
    write(&root.join("other"), "index.html", SECRET);
    let link = |target: &Path, name: &str| {
        symlink(target, book.folder().join(name)).expect("a link");
    };
    link(Path::new("../secret.txt"), "relative.txt");
    link(&root.join("secret.txt"), "absolute.txt");
    link(&book.folder().join("digits.bin"), "back.bin");
    link(Path::new("../book/digits.bin"), "around.bin");
    link(Path::new("../other"), "other");
    link(Path::new(".."), "parent");
    link(Path::new("/"), "root");
    link(Path::new("parent/secret.txt"), "twice.txt");
    link(Path::new("/proc/self/root"), "process");
    link(Path::new("/dev/zero"), "zero");
    book.write("page.css", "plain");
    link(Path::new("../secret.txt"), "page.css.gz");
    let (mut browser, visit) = book.open();
    for rest in [
        "/relative.txt",
        "/absolute.txt",
        "/back.bin",
        "/around.bin",
        "/other",
        "/other/",
        "/other/index.html",
        "/parent/secret.txt",
        "/parent/book/digits.bin",
        "/root/etc/passwd",
        "/twice.txt",
        "/process/etc/passwd",
        "/zero",
    ] {
        refused(&browser.send("GET", &visit.at(rest), &[JSON], b""), 404, "file-outside");
    }
    let css = browser.send("GET", &visit.at("/page.css"), &[("Accept-Encoding", "gzip")], b"");
    assert_eq!((css.body.as_str(), css.header("content-encoding")), ("plain", None));
    let page = browser.get(&visit.at("/other/"));
    assert!(page.body.contains("<h1>Page not found</h1>"), "{}", page.body);
}

#[test]
fn a_link_without_an_end_is_no_file() {
    let book = Book::new();
    symlink("nowhere", book.folder().join("dangling")).expect("a link");
    symlink("circle", book.folder().join("circle")).expect("a link");
    let (mut browser, visit) = book.open();
    for rest in ["/dangling", "/circle", "/circle/x"] {
        refused(&browser.send("GET", &visit.at(rest), &[JSON], b""), 404, "file-missing");
    }
}

/// A link that changes between the check and the opening must not matter.
#[test]
fn a_link_that_changes_during_requests_leads_nowhere() {
    let book = Book::new();
    write(&book.root.path().join("other"), "page.html", SECRET);
    let (mut browser, visit) = book.open();
    let (folder, done) = (book.folder(), AtomicBool::new(false));
    let (mut served, mut refusals) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for target in ["chapter", "../other"].into_iter().cycle() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                symlink(target, folder.join("next")).expect("a link");
                fs::rename(folder.join("next"), folder.join("swapped")).expect("renamed");
            }
        });
        for _ in 0..400 {
            let reply = browser.get(&visit.at("/swapped/page.html"));
            match reply.status {
                200 => served += usize::from(reply.body == "<h1>Page</h1>"),
                404 => refusals += usize::from(!reply.body.contains(SECRET)),
                _ => {}
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(served + refusals, 400);
}
