//! The gateway's own keyset for each platform: `/.well-known/jwks/<platform>.json`.

use std::collections::BTreeSet;

use lti::jose::Keyset;
use serde_json::Value;

use crate::support::{Reply, Server, Setup};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The keys of the vectors in the contract, made by an independent program.
const MOODLE: &str = "J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I";
const EDX: &str = "uBv_RHW9SUtxvWXCEoKbiJcOFuMcGRtMDfy_jFUrXUw";

const PEM: &str = include_str!("../../crates/lti/tests/keys/rsa_2048.pem");

/// A gateway with these secrets and tables of platforms.
fn start(secrets: &str, platforms: &str, environment: &[(&str, &str)]) -> Server {
    let tools = format!(
        "[gateway]\npublic_url = 'https://tools.example'\nsecret = {secrets}\n{platforms}\n\
         [tools.page]\ntemplate = 'page'\nplatforms = 'moodle'\n\
         [tools.nb]\nhost = 'nb.example'\nupstream = 'http://127.0.0.1:9'\nplatforms = 'moodle'\n"
    );
    Server::start(&Setup { tools: &tools, environment, ..Setup::default() })
}

fn keyset(server: &Server, platform: &str) -> Reply {
    server.get(&format!("/.well-known/jwks/{platform}.json"))
}

fn key_ids(server: &Server, platform: &str) -> Vec<String> {
    let keys = keyset(server, platform).json()["keys"].clone();
    let keys = keys.as_array().expect("a list").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

// Checklist F1.i: §18 case 11.
#[test]
fn each_platform_has_a_keyset_of_its_own_even_while_it_is_being_set_up() {
    let moodle = "[platforms.moodle]\ntype = 'moodle'\nurl = 'https://moodle.example'\n\
                  client_id = '1'\n[platforms.edx]\ntype = 'edx'\n";
    let server = start(&format!("'{SECRET}'"), moodle, &[]);
    let reply = keyset(&server, "moodle");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    let document = reply.json();
    let [key] = document["keys"].as_array().expect("a list").as_slice() else {
        panic!("{document}")
    };
    let members: BTreeSet<&str> = key.as_object().expect("a key").keys().map(|it| &**it).collect();
    assert_eq!(members, BTreeSet::from(["kty", "n", "e", "alg", "use", "kid"]), "no private part");
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&Value::from("RSA"), &Value::from("RS256"), &Value::from("sig"))
    );
    assert_eq!(key["kid"], MOODLE);
    assert!(Keyset::read(reply.body.as_bytes()).expect("a keyset").has(MOODLE));
    assert_eq!(key_ids(&server, "edx"), [EDX], "another key than Moodle's");
    // After a restart, and in every process, the keys are the same.
    let again = start(&format!("'{SECRET}'"), moodle, &[]);
    assert_eq!(keyset(&again, "moodle").json(), document);
    let head =
        server.send("HEAD", "/.well-known/jwks/moodle.json", &[("Host", "tools.example")], b"");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

// §18 case 12.
#[test]
fn a_rotation_publishes_both_keys_and_the_first_signs() {
    let of = |secrets: &str| key_ids(&start(secrets, "[platforms.moodle]", &[]), "moodle");
    let other = "another secret of the gateway, 32";
    let [old_new, new_old] =
        [(SECRET, other), (other, SECRET)].map(|(one, two)| of(&format!("['{one}', '{two}']")));
    assert_eq!((old_new.len(), old_new[0].as_str()), (2, MOODLE));
    assert_eq!(new_old, [old_new[1].clone(), old_new[0].clone()]);
    assert_eq!(of(&format!("'{other}'")), [old_new[1].clone()]);
}

// §18 case 13.
#[test]
fn a_pem_replaces_the_derived_key_and_rotates_by_list() {
    let escaped = PEM.trim().replace('\n', "\\n");
    let environment = [("NEW_PEM", escaped.as_str()), ("OLD_PEM", PEM)];
    let secret = format!("'{SECRET}'");
    let of = |key: &str| {
        let table = format!("[platforms.moodle]\nprivate_key = {key}\n[platforms.edx]\n");
        let server = start(&secret, &table, &environment);
        (key_ids(&server, "moodle"), key_ids(&server, "edx"))
    };
    let (one, edx) = of("{ env = 'NEW_PEM' }");
    assert_eq!(edx, [EDX]);
    assert_eq!(one.len(), 1);
    assert_ne!(one[0], MOODLE);
    let (two, _) = of("[{ env = 'NEW_PEM' }, { env = 'OLD_PEM' }]");
    assert_eq!(two, [one[0].clone(), one[0].clone()], "the same PEM in two spellings");
}

#[test]
fn only_the_public_host_has_keysets_and_only_those_of_the_file() {
    let server = start(&format!("'{SECRET}'"), "[platforms.moodle]", &[]);
    for path in [
        "moodle",
        "Moodle.json",
        "canvas.json",
        ".json",
        "moodle.json.json",
        "x/moodle.json",
        "..%2fjwks.json",
        "",
    ] {
        let reply = server.get(&format!("/.well-known/jwks/{path}"));
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
    }
    let path = "/.well-known/jwks/moodle.json";
    let reply = server.send("GET", path, &[("Host", "nb.example")], b"");
    assert!(reply.status >= 400 && !reply.body.contains("keys"), "{reply:?}");
    assert_eq!(server.send("POST", path, &[("Host", "tools.example")], b"").status, 404);
    assert_eq!(server.get("/.well-known/jwks.json").json()["keys"][0]["kty"], "OKP", "unchanged");
}

#[test]
fn is_up_answers_while_keys_are_searched() {
    let names: Vec<String> = (0..6).map(|number| format!("p{number}")).collect();
    let tables: String = names.iter().map(|name| format!("[platforms.{name}]\n")).collect();
    let server = start(&format!("'{SECRET}'"), &format!("[platforms.moodle]\n{tables}"), &[]);
    let mut searches: Vec<_> = names
        .iter()
        .map(|name| {
            let mut wire = server.connect();
            wire.send(format!(
                "GET /.well-known/jwks/{name}.json HTTP/1.1\r\nHost: tools.example\r\n\
                 Connection: close\r\n\r\n"
            ));
            wire
        })
        .collect();
    assert_eq!(server.get("/is_up").body, "I'm up");
    let ids: BTreeSet<String> = searches
        .iter_mut()
        .map(|wire| {
            let reply = Reply::read(wire, "GET");
            reply.json()["keys"][0]["kid"].as_str().expect("a kid").to_owned()
        })
        .collect();
    assert_eq!(ids.len(), names.len());
}
